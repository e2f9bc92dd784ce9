use crate::event::seats::LAST_NUMBER;
use crate::event::test::scene::*;
use crate::event::{BestWish, Command, Fact, MAX_HOLD_TICKETS, PricedSeat, Refusal, SeatStatus};
use crate::ids::{HoldNumber, SeatIndex};

fn with_ttl(ttl_ms: u64) -> [Command; 2] {
    let wish = BestWish { quantity: 1, ..BestWish::default() };
    [
        Command::HoldExact { seats: seats(&[0]), ttl_ms: Some(ttl_ms) },
        Command::HoldBest { wish, ttl_ms: Some(ttl_ms) },
    ]
}

fn best(quantity: u32, category: Option<u16>) -> Command {
    Command::HoldBest { wish: BestWish { quantity, category, ..BestWish::default() }, ttl_ms: None }
}

fn pointer(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Invalid { pointer, .. } => pointer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hold_takes_all_its_seats_at_their_prices() {
    let mut scene = Scene::new();
    let view = scene.hold(ANNA, &[61, 0, 80]);
    let prices: Vec<_> = view.tickets.iter().map(|ticket| ticket.price_minor).collect();
    assert_eq!((numbers(&view), prices), (vec![61, 0, 80], vec![1_999, 5_000, 0]));
    assert_eq!(view.total_minor(), 6_999);
    assert_eq!((view.created_at, view.expires_at, view.as_of), (START, START.plus_ms(HOLD_MS), START));
    assert_eq!(scene.sale().counts().held, 3);
    assert_eq!(scene.sale().next_deadline(), Some(view.expires_at));
}

#[test]
fn the_time_to_live_is_between_one_and_the_sales_default() {
    for ttl_ms in [1, HOLD_MS] {
        for command in with_ttl(ttl_ms) {
            let view = hold_of(Scene::new().tell(ANNA, &command));
            assert_eq!(view.expires_at, START.plus_ms(ttl_ms));
        }
    }
    for ttl_ms in [0, HOLD_MS + 1, u64::MAX] {
        for command in with_ttl(ttl_ms) {
            assert_eq!(pointer(&Scene::new().refused(ANNA, &command)), "/ttlSeconds");
        }
    }
}

#[test]
fn one_to_fifty_different_seats_make_a_hold() {
    let most: Vec<u32> = (0..MAX_HOLD_TICKETS as u32).collect();
    assert_eq!(Scene::new().hold(ANNA, &most).tickets.len(), 50);
    let too_many: Vec<u32> = (0..=MAX_HOLD_TICKETS as u32).collect();
    for wrong in [&[] as &[u32], &too_many, &[3, 4, 3]] {
        assert_eq!(pointer(&Scene::new().refused(ANNA, &hold_exact(wrong))), "/ticketIds");
    }
}

#[test]
fn a_seat_beyond_the_map_is_not_found() {
    let mut scene = Scene::new();
    let last = scene.sale().seats() - 1;
    assert_eq!(scene.refused(ANNA, &hold_exact(&[0, last + 1])), Refusal::NotFound);
    assert_eq!(scene.refused(ANNA, &hold_exact(&[u32::MAX])), Refusal::NotFound);
    assert_eq!(numbers(&scene.hold(ANNA, &[last])), [last]);
}

#[test]
fn all_or_nothing_and_the_refusal_names_what_is_taken() {
    let mut scene = Scene::new();
    scene.hold(ANNA, &[1]);
    scene.buy(BEN, &[3]);
    scene.tell(ORGANIZER, &Command::Block { seats: seats(&[5]) }).expect("they are free");
    let taken = [(1, SeatStatus::Held), (3, SeatStatus::Booked), (5, SeatStatus::Blocked)];
    let taken = taken.map(|(seat, status)| (SeatIndex::new(seat), status)).to_vec();
    let refusal = scene.refused(BEN, &hold_exact(&[0, 1, 2, 3, 4, 5]));
    assert_eq!(refusal, Refusal::SeatUnavailable(taken));
    assert!([0, 2, 4].iter().all(|seat| scene.status(*seat) == SeatStatus::Available));
    assert!(refusal.may_be_spurious());
}

#[test]
fn a_customers_limit_counts_held_and_booked_tickets() {
    let mut scene = Scene::with(|terms| terms.per_customer = Some(4));
    let limit = Refusal::LimitExceeded { limit: 4 };
    let hold = scene.hold(ANNA, &[0]).hold;
    let booking = scene.buy(ANNA, &[1, 2]);
    for too_much in [hold_exact(&[3, 4]), best(2, None)] {
        assert_eq!(scene.refused(ANNA, &too_much), limit);
    }
    assert_eq!(scene.hold(BEN, &[10, 11, 12, 13]).tickets.len(), 4);

    scene.tell(ANNA, &Command::ReleaseHold { hold }).expect("the hold lives");
    scene.tell(ANNA, &cancel(booking, Some(&[1]))).expect("the ticket lives");
    assert_eq!(scene.sale().tickets_of(ANNA.user), 1);
    assert_eq!(scene.hold(ANNA, &[3, 4, 5]).tickets.len(), 3);
    assert_eq!(scene.refused(ANNA, &best(1, None)), limit);
}

#[test]
fn nothing_is_sold_before_the_opening_or_from_the_start_of_the_show() {
    let (opens, starts) = (START.plus_ms(10), START.plus_ms(20));
    let mut scene = Scene::with(|terms| (terms.opens_at, terms.starts_at) = (Some(opens), starts));
    let one_call = Command::HoldAndBook { seats: seats(&[0]), payment: payment() };
    let commands = [hold_exact(&[0]), best(1, None), one_call];
    scene.wait(9);
    for command in &commands {
        assert_eq!(scene.refused(ANNA, command), Refusal::NotOnSale { opens_at: Some(opens) });
    }
    scene.wait(1);
    scene.hold(ANNA, &[0]);
    scene.wait(9);
    scene.hold(ANNA, &[1]);
    scene.wait(1);
    for command in &commands {
        assert_eq!(scene.refused(ANNA, command), Refusal::NotOnSale { opens_at: None });
    }
}

#[test]
fn one_to_twelve_best_seats_make_a_hold() {
    for quantity in [0, 13, u32::MAX] {
        let refusal = Scene::new().refused(ANNA, &best(quantity, None));
        assert_eq!(pointer(&refusal), "/bestAvailable/quantity");
    }
    let mut scene = Scene::new();
    let view = hold_of(scene.tell(ANNA, &best(12, None)));
    assert_eq!(numbers(&view), (9..21).collect::<Vec<_>>());
    assert!(view.tickets.iter().all(|ticket| ticket.price_minor == 5_000));
    scene.assert_replays();
}

#[test]
fn best_available_is_sold_out_when_fewer_seats_fit_than_are_wished() {
    let mut scene = Scene::new();
    assert_eq!(scene.refused(ANNA, &best(5, Some(2))), Refusal::SoldOut);
    assert_eq!(hold_of(scene.tell(ANNA, &best(4, Some(2)))).tickets.len(), 4);
    let refusal = scene.refused(BEN, &best(1, Some(2)));
    assert_eq!(refusal, Refusal::SoldOut);
    assert!(refusal.may_be_spurious());
}

#[test]
fn a_hold_number_is_never_given_twice() {
    let mut scene = Scene::new();
    let first = scene.hold(ANNA, &[0]).hold;
    scene.tell(ANNA, &Command::ReleaseHold { hold: first }).expect("the hold lives");
    assert_ne!(scene.hold(ANNA, &[0]).hold, first);
}

#[test]
fn a_sale_that_has_used_up_its_hold_numbers_says_so() {
    let mut scene = Scene::new();
    scene.happen(Fact::Held {
        hold: HoldNumber::new(LAST_NUMBER),
        buyer: BEN.user,
        tickets: [PricedSeat { seat: SeatIndex::new(0), price_minor: 1, price_type: 0 }].into(),
        expires_at: START.plus_ms(1),
    });
    let one_call = Command::HoldAndBook { seats: seats(&[1]), payment: payment() };
    for command in [hold_exact(&[1]), best(1, None), one_call] {
        assert_eq!(scene.refused(ANNA, &command), Refusal::Exhausted);
    }
}
