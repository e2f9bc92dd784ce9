//! The checker against a seller that is right, over hundreds of seeds, and against one that is wrong in each of the
//! ways that matter. A failing seed is printed; `ONSALE_SEED=n cargo test -p onsale-bench` plays that one alone.

#[cfg(test)]
mod model {
    pub(crate) mod run;
    pub(crate) mod seller;
}

use bench::checker::Kind::{
    CancelledYetBooked, DoubleSale, HoldPastDeadline, KeyExecutedTwice, LostBooking, LostHold,
    ReusedBookingId, ReusedHoldId, ReusedTicketCode, Unexplained, WrongOwner,
};
use bench::checker::{Kind, Limits, Verdict, check};
use model::run::play;
use model::seller::Fault;
use std::ops::Range;

fn seeds(all: Range<u64>) -> Range<u64> {
    match std::env::var("ONSALE_SEED").ok().map(|seed| seed.parse().expect("ONSALE_SEED is a whole number")) {
        Some(seed) => seed..seed + 1,
        None => all,
    }
}

fn verdict(fault: Fault, seed: u64) -> Verdict {
    check(&play(fault, seed), &Limits::default())
}

#[test]
fn a_correct_seller_is_never_accused() {
    let (mut bookings, mut unknown) = (0, 0);
    for seed in seeds(0..400) {
        let verdict = verdict(Fault::None, seed);
        assert!(verdict.is_clean(), "seed {seed}: {:#?}", verdict.violations);
        bookings += verdict.bookings;
        unknown += verdict.unknown;
    }
    assert!(bookings > 0 && unknown > 0, "the runs were too tame: {bookings} bookings, {unknown} unknown");
}

/// The fault must be found in every seed, and over all seeds as each of these kinds.
fn is_caught(fault: Fault, kinds: &[Kind]) {
    let mut found: Vec<Kind> = Vec::new();
    for seed in seeds(0..25) {
        let verdict = verdict(fault, seed);
        assert!(!verdict.is_clean(), "seed {seed}: {fault:?} was not found");
        found.extend(verdict.violations.iter().map(|violation| violation.kind));
    }
    for kind in kinds {
        assert!(found.contains(kind), "{fault:?} was never found as {kind:?}");
    }
}

#[test]
fn an_acknowledgement_before_commit_is_caught() {
    is_caught(Fault::AcknowledgesBeforeCommit, &[LostHold, LostBooking]);
}

#[test]
fn a_skipped_expiry_is_caught() {
    is_caught(Fault::SkipsExpiry, &[HoldPastDeadline]);
}

#[test]
fn an_expiry_too_early_is_caught() {
    is_caught(Fault::ExpiresEarly, &[LostHold, DoubleSale]);
}

#[test]
fn a_reused_hold_id_is_caught() {
    is_caught(Fault::ReusesHoldIds, &[ReusedHoldId]);
}

#[test]
fn a_tail_lost_in_a_restart_is_caught() {
    is_caught(Fault::LosesTail, &[LostHold, LostBooking, DoubleSale, ReusedBookingId]);
}

#[test]
fn bookings_given_to_another_buyer_in_a_restart_are_caught() {
    is_caught(Fault::GivesBookingsAway, &[WrongOwner]);
}

#[test]
fn a_double_sale_is_caught() {
    is_caught(Fault::SellsTwice, &[DoubleSale]);
}

#[test]
fn a_booking_in_another_name_is_caught() {
    is_caught(Fault::BooksForAnother, &[WrongOwner]);
}

#[test]
fn a_key_executed_twice_is_caught() {
    is_caught(Fault::ForgetsKeys, &[KeyExecutedTwice, Unexplained]);
}

#[test]
fn a_cancellation_that_does_nothing_is_caught() {
    is_caught(Fault::IgnoresCancellations, &[CancelledYetBooked]);
}

#[test]
fn a_code_issued_twice_is_caught() {
    is_caught(Fault::RepeatsCodes, &[ReusedTicketCode]);
}
