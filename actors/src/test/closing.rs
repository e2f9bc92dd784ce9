//! The directory's word reaches the owner, and a cancelled event is wound up, whoever owns it.

use std::time::Duration;

use domain::event::{BookingStatus, Command, Refusal};
use domain::ids::HoldNumber;
use domain::ports::Journal;

use super::world::{EVENT, World, book, booked, held, hold, scene, settle_down, settled};
use crate::Answer;

async fn buy(world: &World, seat: u32) {
    let held = held(world.ask(1, hold(&[seat])).await);
    booked(settled(world.ask(1, book(held.hold, "tok_visa")).await).await);
}

fn cancelled(world: &World) -> (usize, i64) {
    world.journal.committed(EVENT, |sale| {
        let all = || sale.bookings().map(|(_, booking)| booking);
        let cancelled = all().filter(|booking| booking.status == BookingStatus::Cancelled).count();
        (cancelled, all().map(|booking| booking.payment.refunded_minor).sum())
    })
}

#[test]
fn another_price_is_taken_before_the_next_hold() {
    scene(16, |world| async move {
        assert_eq!(held(world.ask(1, hold(&[3])).await).total_minor(), 2_500);
        world.list(|listing| listing.terms.prices_minor = vec![9_000]);
        world.owners.listed(EVENT).await;
        assert_eq!(held(world.ask(1, hold(&[4])).await).total_minor(), 9_000);
        world.list(|listing| listing.terms.prices_minor = vec![9_500]);
        // Nobody tells it; but the next owner reads it.
        world.kill_actor().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(held(world.ask(1, hold(&[5])).await).total_minor(), 9_500);
        assert!(!world.owners.are_behind());
    });
}

#[test]
fn a_cancelled_event_gives_everything_back() {
    scene(16, |world| async move {
        for seat in 0..5 {
            buy(&world, seat).await;
        }
        let pending = held(world.ask(1, hold(&[9])).await);
        world.list(|listing| listing.cancelled = true);
        world.owners.all_listed().await;
        let refused = world.ask(1, book(pending.hold, "tok_visa")).await;
        assert!(matches!(refused, Ok(Answer::Refused(Refusal::EventCancelled))), "{refused:?}");
        settle_down().await;
        assert_eq!(cancelled(&world), (5, 12_500));
        assert!(world.journal.busy().is_empty(), "work is left open");
    });
}

#[test]
fn the_next_owner_goes_on_giving_back() {
    scene(16, |world| async move {
        for seat in 0..3 {
            buy(&world, seat).await;
        }
        world.journal.hold_back();
        world.list(|listing| listing.cancelled = true);
        world.owners.all_listed().await;
        world.journal.lose_leadership();
        world.journal.let_go();
        assert_eq!(cancelled(&world), (0, 0));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let looked = world.ask(1, Command::ShowHold { hold: HoldNumber::new(0) }).await;
        assert!(matches!(looked, Ok(Answer::Refused(Refusal::HoldEnded))), "{looked:?}");
        settle_down().await;
        assert_eq!(cancelled(&world), (3, 7_500));
    });
}
