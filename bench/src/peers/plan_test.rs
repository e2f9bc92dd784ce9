use super::{Mix, Party, ROW, house, parties};

const SEATS: u32 = 5_000;

/// Sells in order, all or nothing, as a seller without any concurrency would; who won, by attempt.
fn sell(parties: &[Party]) -> Vec<bool> {
    let mut taken = vec![false; SEATS as usize];
    let mut sell = |party: &Party| {
        let free = party.seats().all(|seat| !taken[seat as usize]);
        if free {
            party.seats().for_each(|seat| taken[seat as usize] = true);
        }
        free
    };
    parties.iter().map(&mut sell).collect()
}

fn share(won: &[bool]) -> f64 {
    won.iter().filter(|won| **won).count() as f64 / won.len() as f64
}

#[test]
fn a_seed_makes_one_plan_and_another_seed_another_one() {
    for mix in Mix::ALL {
        assert_eq!(parties(mix, SEATS, 7), parties(mix, SEATS, 7));
        assert_ne!(parties(mix, SEATS, 7), parties(mix, SEATS, 8));
    }
    assert_eq!(
        parties(Mix::Big, SEATS, 7),
        parties(Mix::Confirm, SEATS, 7),
        "confirming is all that differs"
    );
}

#[test]
fn a_party_sits_in_one_row_of_the_house() {
    for party in Mix::ALL.into_iter().flat_map(|mix| parties(mix, SEATS, 1)) {
        assert!((1..=4).contains(&party.size), "{party:?}");
        assert!(party.seats().end <= SEATS, "{party:?}");
        assert_eq!(party.first / ROW, (party.seats().end - 1) / ROW, "{party:?}");
    }
}

#[test]
fn most_lose_a_flash_sale_from_its_beginning_to_its_end() {
    let won = sell(&parties(Mix::Flash, SEATS, 1));
    assert!(share(&won) < 0.1, "{}", share(&won));
    for part in won[won.len() / 10..].chunks(won.len() / 5) {
        assert!((0.04..0.1).contains(&share(part)), "{}", share(part));
    }
}

#[test]
fn most_win_a_big_sale_and_fill_the_house() {
    let parties = parties(Mix::Big, SEATS, 1);
    let won = sell(&parties);
    assert!(share(&won) > 0.9, "{}", share(&won));
    let sold: u32 = parties.iter().zip(won).filter(|(_, won)| *won).map(|(party, _)| party.size).sum();
    assert_eq!(sold, SEATS, "everybody sits somewhere else, so all seats go");
}

#[test]
fn the_house_has_as_many_seats_as_the_plan_counts() {
    let plan = house(SEATS).unwrap();
    let map: crate::plan::SeatMap = serde_json::from_value(plan.seat_map).unwrap();
    assert_eq!(map.capacity(), u64::from(SEATS));
}

#[test]
fn a_house_of_a_single_row_is_sold_as_well() {
    assert!(!parties(Mix::Flash, ROW, 1).is_empty());
    assert!(!parties(Mix::Big, ROW, 1).is_empty());
}
