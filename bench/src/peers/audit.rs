//! Whether a seller sold what it said: the comparison counts nothing that was sold twice or not at all.

use super::drive::Played;
use super::seller::Taken;
use std::collections::BTreeSet;

/// Holds every won party against what the seller shows as taken afterwards.
///
/// # Errors
/// Says what is wrong, with an example.
pub(super) fn check(played: &Played, confirmed: bool, mut taken: Vec<Taken>) -> Result<(), String> {
    let mut won = BTreeSet::new();
    for seat in played.won.iter().flat_map(|party| party.seats()) {
        if !won.insert(seat) {
            return Err(format!("seat {seat} was given to two buyers at once"));
        }
    }
    taken.sort_unstable();
    if let Some(pair) = taken.windows(2).find(|pair| pair[0].seat == pair[1].seat) {
        return Err(format!("seat {} is taken twice", pair[0].seat));
    }
    if let Some(wrong) = taken.iter().find(|taken| taken.sold != confirmed) {
        let (is, should) = if wrong.sold { ("sold", "held") } else { ("held", "sold") };
        return Err(format!("seat {} is {is}, and should be {should}", wrong.seat));
    }
    let taken: BTreeSet<u32> = taken.into_iter().map(|taken| taken.seat).collect();
    if let Some(lost) = won.difference(&taken).next() {
        return Err(format!("seat {lost} was given to a buyer, and is free: {}", sums(&won, &taken)));
    }
    if let Some(extra) = taken.difference(&won).next() {
        return Err(format!("seat {extra} is taken, and nobody has it: {}", sums(&won, &taken)));
    }
    Ok(())
}

fn sums(won: &BTreeSet<u32>, taken: &BTreeSet<u32>) -> String {
    format!("{} seats were given away, {} are taken", won.len(), taken.len())
}

#[cfg(test)]
mod test {
    use super::super::plan::Party;
    use super::{Played, Taken, check};

    fn told(won: &[(u32, u32)], taken: &[u32], sold: bool, confirmed: bool) -> Result<(), String> {
        let won = won.iter().map(|&(first, size)| Party { first, size }).collect();
        let taken = taken.iter().map(|&seat| Taken { seat, sold }).collect();
        check(&Played { won, ..Played::default() }, confirmed, taken)
    }

    #[test]
    fn what_was_given_away_is_taken_and_nothing_else() {
        assert_eq!(told(&[(3, 2), (0, 1)], &[4, 0, 3], false, false), Ok(()));
        assert_eq!(told(&[(3, 2)], &[3, 4], true, true), Ok(()));
        assert_eq!(told(&[], &[], true, true), Ok(()));
    }

    #[test]
    fn every_wrong_is_named() {
        for (won, taken, sold, confirmed, what) in [
            (&[(3, 2), (4, 1)][..], &[3, 4][..], false, false, "seat 4 was given to two buyers"),
            (&[(3, 2)], &[3, 4, 4], false, false, "seat 4 is taken twice"),
            (&[(3, 2)], &[3], false, false, "seat 4 was given to a buyer, and is free"),
            (&[(3, 1)], &[3, 4], false, false, "seat 4 is taken, and nobody has it"),
            (&[(3, 1)], &[3], false, true, "seat 3 is held, and should be sold"),
            (&[(3, 1)], &[3], true, false, "seat 3 is sold, and should be held"),
        ] {
            let said = told(won, taken, sold, confirmed).unwrap_err();
            assert!(said.starts_with(what), "{said}");
        }
    }
}
