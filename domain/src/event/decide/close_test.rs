use std::sync::Arc;

use super::*;
use crate::event::test::scene::*;
use crate::event::{
    Charges, Command, Fee, FeeAmount, Outcome, PaymentOutcome, PaymentStatus, Per, SaleTerms, SeatStatus,
};
use crate::seat_map::{Plan, SeatMap};

fn listing(scene: &Scene, revision: u64, cancelled: bool, change: impl FnOnce(&mut SaleTerms)) -> Listing {
    let mut terms = scene.sale().terms().clone();
    change(&mut terms);
    let map = SeatMap::build(Plan { sections: vec![standing("Any", "any", 1)] }).expect("a plan");
    Listing { terms, map: Arc::new(map), revision, cancelled }
}

fn happen_all(scene: &mut Scene, decision: Decision) -> usize {
    let count = decision.facts.len();
    decision.facts.into_iter().for_each(|fact| scene.happen(fact));
    count
}

fn amended(scene: &mut Scene, listing: &Listing) -> usize {
    let decision = amend(scene.sale(), Some(listing));
    happen_all(scene, decision)
}

const CLOSE: Command = Command::Close { unsold: false };
const WITHDRAW: Command = Command::Close { unsold: true };

#[test]
fn another_price_is_for_other_holds() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]);
    let sold = scene.buy(BEN, &[1]);
    let dearer = listing(&scene, 2, false, |terms| terms.prices_minor[0] = 9_000);
    assert_eq!(amended(&mut scene, &dearer), 1);
    assert_eq!(amended(&mut scene, &dearer), 0, "once");
    assert_eq!((scene.sale().revision(), scene.hold(ANNA, &[2]).total_minor()), (2, 9_000));
    let booking = settling(scene.tell(ANNA, &book(hold.hold)));
    let total = |number| scene.sale().booking(number).map(Booking::total_minor);
    assert_eq!((total(booking), total(sold)), (Some(5_000), Some(5_000)));
    scene.assert_replays();
}

#[test]
fn fees_of_a_hold_are_those_of_its_time() {
    let fee = |amount| Fee { name: "Fee".into(), amount: FeeAmount::Fixed(amount), per: Per::Booking };
    let charged =
        |amount| Some(Arc::new(Charges { types: Vec::new(), fees: vec![fee(amount)], taxes: Vec::new() }));
    let mut scene = Scene::with(|terms| terms.charges = charged(100));
    let hold = scene.hold(ANNA, &[0, 1]);
    let other = listing(&scene, 2, false, |terms| terms.charges = charged(700));
    amended(&mut scene, &other);
    assert_eq!(hold.total_minor(), 10_100);
    let booking = settling(scene.tell(ANNA, &book(hold.hold)));
    assert_eq!(scene.sale().booking(booking).map(Booking::total_minor), Some(10_100));
    assert_eq!(scene.hold(ANNA, &[2]).total_minor(), 5_700);
    scene.settle(booking, PaymentOutcome::Authorized);
    scene.settle(booking, PaymentOutcome::Captured);
    scene.tell(ANNA, &cancel(booking, Some(&[0]))).expect("it is theirs");
    scene.settle(booking, PaymentOutcome::Refunded { amount_minor: 4_500, attempt: 0 });
    scene.tell(ANNA, &cancel(booking, None)).expect("the other one");
    // The fee of the booking goes with its last ticket.
    scene.settle(booking, PaymentOutcome::Refunded { amount_minor: 4_590, attempt: 1 });
    assert_eq!(scene.sale().booking(booking).map(|booking| booking.payment.refunded_minor), Some(9_090));
    scene.assert_replays();
}

#[test]
fn a_show_that_is_put_off_sells_nothing_until_it_has_a_date() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]);
    let put_off = listing(&scene, 2, false, |terms| terms.paused = true);
    amended(&mut scene, &put_off);
    assert_eq!(scene.refused(ANNA, &hold_exact(&[1])), Refusal::NotOnSale { opens_at: None });
    settling(scene.tell(ANNA, &book(hold.hold)));
    let on_again = listing(&scene, 3, false, |terms| terms.paused = false);
    amended(&mut scene, &on_again);
    scene.hold(ANNA, &[1]);
}

#[test]
fn a_closed_sale_sells_nothing_and_ends_what_is_held() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    let paying = scene.pay(BEN, &[1]);
    assert_eq!(scene.refused(ANNA, &CLOSE), Refusal::Forbidden);
    assert_eq!(scene.tell(ORGANIZER, &CLOSE), Ok(Outcome::Reply(Reply::Closed)));
    assert_eq!((scene.status(0), scene.status(1)), (SeatStatus::Available, SeatStatus::Available));
    for command in [hold_exact(&[2]), book(hold), Command::ExtendHold { hold, ttl_ms: None }] {
        assert_eq!(scene.refused(ANNA, &command), Refusal::EventCancelled);
    }
    assert_eq!(scene.refused(ANNA, &Command::ShowHold { hold }), Refusal::HoldEnded);
    let late = scene.sale().booking(paying).expect("it is kept");
    assert_eq!(
        (late.status, late.payment.status, late.payment.void_due),
        (BookingStatus::Cancelled, PaymentStatus::Voided, true)
    );
    scene.settle(paying, PaymentOutcome::Authorized);
    assert_eq!(scene.status(1), SeatStatus::Available, "too late");
    scene.settle(paying, PaymentOutcome::Voided);
    let again = scene.play(ORGANIZER, None, &CLOSE).expect("it stays closed");
    assert!(again.facts.is_empty());
    scene.assert_replays();
}

#[test]
fn every_booking_is_refunded_in_full_a_few_at_a_time() {
    let mut scene = Scene::new();
    let bookings = [scene.buy(ANNA, &[0, 1]), scene.buy(BEN, &[2]), scene.buy_free(BEN, &[80])];
    scene.tell(ANNA, &cancel(bookings[0], Some(&[0]))).expect("it is theirs");
    scene.settle(bookings[0], PaymentOutcome::Refunded { amount_minor: 4_500, attempt: 0 });
    scene.wait(950 * HOUR_MS);
    scene.tell(ORGANIZER, &CLOSE).expect("it is theirs");
    assert!(scene.sale().is_busy());
    let mut steps = 0;
    loop {
        let decision = wind_up(scene.sale(), 2);
        if happen_all(&mut scene, decision) == 0 {
            break;
        }
        steps += 1;
    }
    assert_eq!(steps, 2);
    let progress = |scene: &Scene| {
        let progress = scene.sale().progress();
        (progress.bookings, progress.cancelled, progress.refunded, progress.refunded_minor)
    };
    assert_eq!(progress(&scene), (3, 3, 1, 4_500), "what was free needs no refund");
    scene.settle(bookings[0], PaymentOutcome::Refunded { amount_minor: 5_000, attempt: 1 });
    scene.settle(bookings[1], PaymentOutcome::Refunded { amount_minor: 5_000, attempt: 0 });
    assert_eq!(progress(&scene), (3, 3, 3, 14_500));
    assert!(!scene.sale().is_busy());
    scene.assert_replays();
}

#[test]
fn a_buyer_who_is_quicker_gets_everything_back_too() {
    let mut scene = Scene::new();
    let booking = scene.buy(ANNA, &[0]);
    scene.wait(950 * HOUR_MS);
    scene.tell(ORGANIZER, &CLOSE).expect("it is theirs");
    settling(scene.tell(ANNA, &cancel(booking, None)));
    scene.settle(booking, PaymentOutcome::Refunded { amount_minor: 5_000, attempt: 0 });
    assert!(wind_up(scene.sale(), 9).facts.is_empty());
}

#[test]
fn only_what_was_never_sold_is_withdrawn() {
    let mut scene = Scene::new();
    let pending = scene.pay(ANNA, &[0]);
    assert_eq!(scene.refused(ORGANIZER, &WITHDRAW), Refusal::InUse);
    scene.settle(pending, PaymentOutcome::Declined);
    assert_eq!(scene.tell(ORGANIZER, &WITHDRAW), Ok(Outcome::Reply(Reply::Closed)));
    assert_eq!((scene.sale().closing(), scene.sale().is_busy()), (Some(Closing::Withdrawn), true));
    let gone = amend(scene.sale(), None);
    assert_eq!(happen_all(&mut scene, gone), 1);
    assert_eq!((scene.sale().closing(), scene.sale().is_busy()), (Some(Closing::Purged), false));

    let mut scene = Scene::new();
    let booking = scene.buy_free(ANNA, &[80]);
    scene.tell(ANNA, &cancel(booking, None)).expect("it is theirs");
    assert_eq!(scene.refused(OPERATOR, &WITHDRAW), Refusal::InUse, "its records are kept");
}

#[test]
fn the_directorys_word_is_enough_to_close() {
    let mut scene = Scene::new();
    scene.hold(ANNA, &[0]);
    let cancelled = listing(&scene, 2, true, |_| {});
    assert_eq!(amended(&mut scene, &cancelled), 2);
    assert_eq!(amended(&mut scene, &cancelled), 0);
    assert_eq!(scene.sale().closing(), Some(Closing::Cancelled));
}
