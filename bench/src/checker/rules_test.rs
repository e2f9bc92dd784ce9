//! Every rule on the smallest history that breaks it, beside the nearest one that does not.
//! Instants are seconds; an operation at `t` is sent at `t` and answered a tenth of a second later.

use super::{Kind, Limits, check, settled_at_us};
use crate::history::{
    Account, Audit, Booking, BookingRead, BookingStatus, Call, History, Key, ListRead, MapRead, Operation,
    Outcome, Owner, SeatRead, SeatStatus, Ticket, Want,
};

const ANN: Account = Account(0);
const BOB: Account = Account(1);
const A: Ticket = Ticket(0);
const B: Ticket = Ticket(1);
const TTL_US: u64 = 30_000_000;

fn us(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

#[derive(Default)]
struct Story {
    history: History,
}

impl Story {
    fn new() -> Self {
        let history = History {
            tickets: vec!["A/1/1".into(), "A/1/2".into()],
            accounts: vec!["usr_ann".into(), "usr_bob".into()],
            ..History::default()
        };
        Self { history }
    }

    fn op(mut self, account: Account, at: f64, call: Call, outcome: Outcome) -> Self {
        self.history.operations.push(Operation {
            account,
            key: Key(self.history.operations.len() as u64),
            attempts: 1,
            intended_us: us(at),
            invoked_us: us(at),
            ended_us: us(at + 0.1),
            call,
            outcome,
        });
        self
    }

    /// The last operation took several attempts.
    fn retried(mut self) -> Self {
        self.last().attempts = 3;
        self
    }

    /// The last operation carried the key of the one before.
    fn same_key(mut self) -> Self {
        let key = self.history.operations[self.history.operations.len() - 2].key;
        self.last().key = key;
        self
    }

    fn last(&mut self) -> &mut Operation {
        self.history.operations.last_mut().unwrap()
    }

    fn hold(self, account: Account, at: f64, id: &str, tickets: &[Ticket]) -> Self {
        let call = Call::Hold { want: Want::Exact(tickets.to_vec()), ttl_us: TTL_US };
        self.op(account, at, call, Outcome::Held { hold: id.into(), tickets: tickets.to_vec() })
    }

    fn book(self, account: Account, at: f64, hold: &str, id: &str, tickets: &[Ticket]) -> Self {
        self.op(account, at, Call::Book { hold: hold.into() }, Outcome::Booked(booking(account, id, tickets)))
    }

    fn book_gives(self, account: Account, at: f64, hold: &str, outcome: Outcome) -> Self {
        self.op(account, at, Call::Book { hold: hold.into() }, outcome)
    }

    fn release(self, account: Account, at: f64, hold: &str, outcome: Outcome) -> Self {
        self.op(account, at, Call::Release { hold: hold.into() }, outcome)
    }

    fn show(self, account: Account, at: f64, hold: &str, tickets: &[Ticket]) -> Self {
        let shown = Outcome::Held { hold: hold.into(), tickets: tickets.to_vec() };
        self.op(account, at, Call::Show { hold: hold.into() }, shown)
    }

    fn change(self, account: Account, at: f64, (add, remove): (Ticket, Ticket), outcome: Outcome) -> Self {
        let call = Call::Change { hold: "h1".into(), add: vec![add], remove: vec![remove] };
        self.op(account, at, call, outcome)
    }

    fn cancel(self, account: Account, at: f64, booking: &str, outcome: Outcome) -> Self {
        self.op(account, at, Call::Cancel { booking: booking.into() }, outcome)
    }

    fn audit(mut self) -> Self {
        self.history.audits.push(Audit::default());
        self
    }

    fn map(mut self, at: f64, seats: &[(Ticket, SeatStatus, Owner)]) -> Self {
        let read = |(ticket, status, owner): &(Ticket, SeatStatus, Owner)| SeatRead {
            ticket: *ticket,
            status: *status,
            owner: owner.clone(),
        };
        let seats = seats.iter().map(read).collect();
        let map = MapRead { invoked_us: us(at), ended_us: us(at + 0.1), seats };
        self.history.audits.last_mut().unwrap().maps.push(map);
        self
    }

    fn list(mut self, account: Account, bookings: Vec<Booking>) -> Self {
        let list = ListRead { account, ended_us: us(900.0), bookings };
        self.history.audits.last_mut().unwrap().lists.push(list);
        self
    }

    fn read(mut self, account: Account, id: &str, booking: Option<Booking>) -> Self {
        let read = BookingRead { account, id: id.into(), ended_us: us(900.0), booking };
        self.history.audits.last_mut().unwrap().bookings.push(read);
        self
    }

    /// The kinds of violation that were found, each with its number.
    fn found(&self) -> Vec<(Kind, u64)> {
        let verdict = check(&self.history, &Limits::default());
        verdict.counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    fn is_clean(&self) {
        assert_eq!(self.found(), []);
    }

    fn breaks(&self, kind: Kind) {
        assert_eq!(self.found(), [(kind, 1)]);
    }
}

fn booking(owner: Account, id: &str, tickets: &[Ticket]) -> Booking {
    let code = |ticket: &Ticket| (*ticket, format!("code-{id}-{}", ticket.0));
    let tickets = tickets.iter().map(code).collect();
    Booking { id: id.into(), owner: Owner::Buyer(owner), status: BookingStatus::Booked, tickets }
}

fn with_status(mut booking: Booking, status: BookingStatus) -> Booking {
    booking.status = status;
    booking
}

fn refused(code: &str) -> Outcome {
    Outcome::Refused { status: 409, code: code.into() }
}

fn unknown() -> Outcome {
    Outcome::Unknown { why: "connection reset".into() }
}

fn by(account: Account) -> Owner {
    Owner::Buyer(account)
}

#[test]
fn a_seat_held_twice_at_once_is_a_double_sale() {
    let held = Story::new().hold(ANN, 0.0, "h1", &[A, B]);
    held.hold(BOB, 10.0, "h2", &[B]).breaks(Kind::DoubleSale);
    let lapsed = Story::new().hold(ANN, 0.0, "h1", &[A, B]);
    lapsed.hold(BOB, 30.05, "h2", &[B]).is_clean();
}

#[test]
fn a_booked_seat_that_is_booked_again_is_a_double_sale_however_much_later() {
    let story = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 5.0, "h1", "b1", &[A]);
    story.hold(BOB, 500.0, "h2", &[A]).book(BOB, 501.0, "h2", "b2", &[A]).breaks(Kind::DoubleSale);
}

#[test]
fn between_a_hold_and_its_booking_the_seat_is_never_free() {
    // The booking takes from 29 s until 45 s; what the hold alone would allow ends at 30 s.
    let mut story = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 29.0, "h1", "b1", &[A]);
    story.last().ended_us = us(45.0);
    story.hold(BOB, 40.0, "h2", &[A]).breaks(Kind::DoubleSale);
}

#[test]
fn what_may_have_been_given_up_is_not_certain_any_more() {
    for outcome in [Outcome::Done, unknown()] {
        Story::new()
            .hold(ANN, 0.0, "h1", &[A])
            .release(ANN, 5.0, "h1", outcome)
            .hold(BOB, 5.0, "h2", &[A])
            .is_clean();
    }
    let unknown_booking = Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 5.0, "h1", unknown());
    unknown_booking.hold(BOB, 6.0, "h2", &[A]).is_clean();
    let declined =
        Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 5.0, "h1", refused("payment-declined"));
    declined.hold(BOB, 6.0, "h2", &[A]).breaks(Kind::DoubleSale);
}

#[test]
fn a_cancelled_seat_can_be_sold_again() {
    for outcome in [Outcome::Done, unknown()] {
        let story = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 5.0, "h1", "b1", &[A]);
        let story = story.cancel(ANN, 50.0, "b1", outcome).hold(BOB, 50.05, "h2", &[A]);
        story.book(BOB, 51.0, "h2", "b2", &[A]).is_clean();
    }
    let kept = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 5.0, "h1", "b1", &[A]);
    kept.cancel(ANN, 50.0, "b1", refused("not-cancellable"))
        .hold(BOB, 60.0, "h2", &[A])
        .breaks(Kind::DoubleSale);
}

#[test]
fn a_hold_denied_to_its_owner_before_its_deadline_is_lost() {
    for code in ["hold-expired", "not-found", "forbidden", "seat-unavailable"] {
        let story = Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 20.0, "h1", refused(code));
        story.breaks(Kind::LostHold);
    }
    let release = Story::new().hold(ANN, 0.0, "h1", &[A]).release(ANN, 20.0, "h1", refused("hold-expired"));
    release.breaks(Kind::LostHold);
    let late = Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 29.95, "h1", refused("hold-expired"));
    late.is_clean();
    let given_back = Story::new().hold(ANN, 0.0, "h1", &[A]).release(ANN, 10.0, "h1", unknown());
    given_back.book_gives(ANN, 20.0, "h1", refused("hold-expired")).is_clean();
    let business =
        Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 20.0, "h1", refused("event-cancelled"));
    business.is_clean();
}

#[test]
fn an_extension_moves_the_deadline() {
    let held = |tickets: &[Ticket]| Outcome::Held { hold: "h1".into(), tickets: tickets.to_vec() };
    let extend = || Call::Extend { hold: "h1".into(), ttl_us: TTL_US };
    let extended = || Story::new().hold(ANN, 0.0, "h1", &[A]).op(ANN, 20.0, extend(), held(&[A]));
    extended().hold(BOB, 40.0, "h2", &[A]).breaks(Kind::DoubleSale);
    extended().book(ANN, 49.0, "h1", "b1", &[A]).is_clean();
    extended().book_gives(ANN, 49.0, "h1", refused("hold-expired")).breaks(Kind::LostHold);
    extended().book(ANN, 51.0, "h1", "b1", &[A]).breaks(Kind::HoldPastDeadline);
    // Nobody knows whether it was extended: neither deadline can be held against the node.
    let perhaps = || Story::new().hold(ANN, 0.0, "h1", &[A]).op(ANN, 20.0, extend(), unknown());
    perhaps().hold(BOB, 40.0, "h2", &[A]).is_clean();
    perhaps().book(ANN, 49.0, "h1", "b1", &[A]).is_clean();
}

#[test]
fn a_changed_hold_has_its_new_tickets_and_not_its_old_ones() {
    let change = || Call::Change { hold: "h1".into(), add: vec![B], remove: vec![A] };
    let changed = || {
        let answer = Outcome::Held { hold: "h1".into(), tickets: vec![B] };
        Story::new().hold(ANN, 0.0, "h1", &[A]).op(ANN, 5.0, change(), answer)
    };
    changed().hold(BOB, 6.0, "h2", &[A]).is_clean();
    changed().hold(BOB, 6.0, "h2", &[B]).breaks(Kind::DoubleSale);
    changed().book(ANN, 7.0, "h1", "b1", &[B]).is_clean();
    let late = Story::new().hold(ANN, 0.0, "h1", &[A]);
    let late = late.op(ANN, 31.0, change(), Outcome::Held { hold: "h1".into(), tickets: vec![B] });
    late.breaks(Kind::HoldPastDeadline);
}

#[test]
fn a_booking_of_a_lapsed_hold_is_a_hold_past_its_deadline() {
    Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 30.5, "h1", "b1", &[A]).breaks(Kind::HoldPastDeadline);
    Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 30.1, "h1", "b1", &[A]).is_clean();
}

#[test]
fn a_pending_payment_extends_its_hold_once() {
    let first = || Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 20.0, "h1", unknown());
    first().book(ANN, 55.0, "h1", "b1", &[A]).is_clean();
    first().book(ANN, 65.0, "h1", "b1", &[A]).breaks(Kind::HoldPastDeadline);
}

#[test]
fn one_id_for_two_holds_two_bookings_or_two_tickets_is_found() {
    Story::new().hold(ANN, 0.0, "h1", &[A]).hold(BOB, 100.0, "h1", &[B]).breaks(Kind::ReusedHoldId);
    let booked = |second: Booking| {
        let story = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 1.0, "h1", "b1", &[A]);
        story.hold(BOB, 2.0, "h2", &[B]).book_gives(BOB, 3.0, "h2", Outcome::Booked(second))
    };
    booked(booking(BOB, "b2", &[B])).is_clean();
    let same_id = Booking { id: "b1".into(), ..booking(BOB, "b2", &[B]) };
    booked(same_id).breaks(Kind::ReusedBookingId);
    let same_code = Booking { tickets: vec![(B, "code-b1-0".into())], ..booking(BOB, "b2", &[B]) };
    booked(same_code).breaks(Kind::ReusedTicketCode);
}

#[test]
fn a_repeated_key_gives_the_same_success() {
    let once = || Story::new().hold(ANN, 0.0, "h1", &[A]);
    once().hold(ANN, 1.0, "h1", &[A]).same_key().is_clean();
    once().hold(ANN, 1.0, "h2", &[A]).same_key().breaks(Kind::KeyExecutedTwice);
    // A refusal is not remembered: the key stayed free.
    let refused_first = Story::new().book_gives(ANN, 0.0, "h0", refused("overloaded"));
    refused_first.hold(ANN, 1.0, "h1", &[A]).same_key().is_clean();
}

#[test]
fn an_answer_says_what_was_asked_for() {
    let best = |quantity, tickets: &[Ticket]| {
        let call = Call::Hold { want: Want::Best(quantity), ttl_us: TTL_US };
        Story::new().op(ANN, 0.0, call, Outcome::Held { hold: "h1".into(), tickets: tickets.to_vec() })
    };
    best(2, &[A, B]).is_clean();
    best(2, &[A]).breaks(Kind::WrongAnswer);
    best(2, &[A, A]).breaks(Kind::WrongAnswer);
    let exact = Call::Hold { want: Want::Exact(vec![A]), ttl_us: TTL_US };
    let other = Outcome::Held { hold: "h1".into(), tickets: vec![B] };
    Story::new().op(ANN, 0.0, exact, other).breaks(Kind::WrongAnswer);
    Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 1.0, "h1", "b1", &[B]).breaks(Kind::WrongAnswer);
    let malformed = Outcome::Malformed { why: "no id".into() };
    Story::new().book_gives(ANN, 1.0, "h1", malformed).breaks(Kind::WrongAnswer);
    let others = Outcome::Booked(booking(BOB, "b1", &[A]));
    Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 1.0, "h1", others).breaks(Kind::WrongOwner);
}

#[test]
fn a_map_shows_what_is_certain() {
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]).audit();
    held().map(5.0, &[(A, SeatStatus::Held, by(ANN)), (B, SeatStatus::Available, Owner::Untold)]).is_clean();
    held().map(5.0, &[(A, SeatStatus::Held, Owner::Untold)]).is_clean();
    held().map(5.0, &[(A, SeatStatus::Available, Owner::Untold)]).breaks(Kind::LostHold);
    held().map(5.0, &[(A, SeatStatus::Held, by(BOB))]).breaks(Kind::WrongOwner);
    held().map(5.0, &[(A, SeatStatus::Booked, Owner::Stranger("usr_x".into()))]).breaks(Kind::WrongOwner);
    let booked = || held().book(ANN, 1.0, "h1", "b1", &[A]);
    booked().map(900.0, &[(A, SeatStatus::Booked, by(ANN))]).is_clean();
    booked().map(900.0, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::LostBooking);
    booked().map(900.0, &[(A, SeatStatus::Booked, by(BOB))]).breaks(Kind::WrongOwner);
}

#[test]
fn a_map_shows_nothing_that_is_over_or_that_nobody_did() {
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]).audit();
    held().map(30.15, &[(A, SeatStatus::Held, by(ANN))]).is_clean();
    held().map(30.5, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::HoldPastDeadline);
    let released = held().release(ANN, 1.0, "h1", Outcome::Done);
    released.map(1.2, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::HoldPastDeadline);
    held()
        .map(5.0, &[(A, SeatStatus::Held, by(ANN)), (B, SeatStatus::Held, by(BOB))])
        .breaks(Kind::Unexplained);
    held().map(50.0, &[(A, SeatStatus::Booked, by(ANN))]).breaks(Kind::Unexplained);
    let cancelled = held().book(ANN, 1.0, "h1", "b1", &[A]).cancel(ANN, 2.0, "b1", Outcome::Done);
    cancelled.map(50.0, &[(A, SeatStatus::Booked, by(ANN))]).breaks(Kind::CancelledYetBooked);
    let mut taken_before = Story::new().audit();
    taken_before.history.taken_before = vec![A];
    taken_before.map(5.0, &[(A, SeatStatus::Booked, by(BOB))]).is_clean();
}

#[test]
fn what_may_have_happened_explains_a_taken_seat() {
    let best = Call::Hold { want: Want::Best(1), ttl_us: TTL_US };
    let lost_answer = || Story::new().op(ANN, 0.0, best.clone(), unknown()).audit();
    lost_answer().map(5.0, &[(A, SeatStatus::Held, by(ANN))]).is_clean();
    lost_answer().map(5.0, &[(A, SeatStatus::Held, by(BOB))]).breaks(Kind::Unexplained);
    lost_answer().map(36.0, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::Unexplained);
    let lost_booking =
        || Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 1.0, "h1", unknown()).audit();
    lost_booking().map(900.0, &[(A, SeatStatus::Booked, by(ANN))]).is_clean();
    lost_booking().map(900.0, &[(A, SeatStatus::Available, Owner::Untold)]).is_clean();
    // A first attempt may have happened although a later one was refused.
    let exact = Call::Hold { want: Want::Exact(vec![A]), ttl_us: TTL_US };
    let refused_later = Story::new().op(ANN, 0.0, exact, refused("sold-out")).retried().audit();
    refused_later.map(5.0, &[(A, SeatStatus::Held, by(ANN))]).is_clean();
}

#[test]
fn an_acknowledged_booking_is_there_for_its_buyer() {
    let booked = || Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 1.0, "h1", "b1", &[A]).audit();
    let good = || booking(ANN, "b1", &[A]);
    booked().list(ANN, vec![good()]).read(ANN, "b1", Some(good())).is_clean();
    booked().list(ANN, vec![]).breaks(Kind::LostBooking);
    booked().read(ANN, "b1", None).breaks(Kind::LostBooking);
    booked().list(ANN, vec![]).list(BOB, vec![booking(BOB, "b1", &[A])]).breaks(Kind::WrongOwner);
    let other_seat = Booking { tickets: vec![(B, String::new())], ..good() };
    booked().list(ANN, vec![other_seat]).breaks(Kind::LostBooking);
    let other_code = Booking { tickets: vec![(A, "another".into())], ..good() };
    booked().list(ANN, vec![other_code]).breaks(Kind::LostBooking);
    booked().list(ANN, vec![with_status(good(), BookingStatus::Cancelled)]).breaks(Kind::LostBooking);
    booked().list(ANN, vec![with_status(good(), BookingStatus::Pending)]).breaks(Kind::LostBooking);
}

#[test]
fn a_cancelled_booking_is_void() {
    let cancelled = |outcome| {
        let booked = Story::new().hold(ANN, 0.0, "h1", &[A]).book(ANN, 1.0, "h1", "b1", &[A]);
        booked.cancel(ANN, 2.0, "b1", outcome).audit()
    };
    let good = || booking(ANN, "b1", &[A]);
    let void = || with_status(good(), BookingStatus::Cancelled);
    cancelled(Outcome::Done).list(ANN, vec![void()]).is_clean();
    cancelled(Outcome::Done).list(ANN, vec![good()]).breaks(Kind::CancelledYetBooked);
    cancelled(unknown()).list(ANN, vec![good()]).is_clean();
    cancelled(unknown()).list(ANN, vec![void()]).is_clean();
    cancelled(refused("not-cancellable")).list(ANN, vec![void()]).breaks(Kind::LostBooking);
    cancelled(refused("already-cancelled")).breaks(Kind::LostBooking);
    cancelled(refused("not-found")).breaks(Kind::LostBooking);
}

#[test]
fn a_booking_that_nobody_made_is_found() {
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]);
    let stray = || booking(ANN, "b9", &[A]);
    held().audit().list(ANN, vec![stray()]).breaks(Kind::Unexplained);
    let perhaps = || held().book_gives(ANN, 1.0, "h1", unknown()).audit();
    perhaps().list(ANN, vec![stray()]).is_clean();
    // One call makes one booking.
    perhaps().list(ANN, vec![stray(), booking(ANN, "b8", &[A])]).breaks(Kind::Unexplained);
    // A retry that was acknowledged as one booking had already made another.
    let twice = held().book(ANN, 1.0, "h1", "b1", &[A]).retried().audit();
    twice.list(ANN, vec![booking(ANN, "b1", &[A]), stray()]).breaks(Kind::Unexplained);
}

#[test]
fn a_payment_that_was_pending_settles_one_way_or_the_other() {
    let pending = || {
        let answer = Outcome::Booked(with_status(booking(ANN, "b1", &[A]), BookingStatus::Pending));
        Story::new().hold(ANN, 0.0, "h1", &[A]).book_gives(ANN, 20.0, "h1", answer).audit()
    };
    pending().list(ANN, vec![booking(ANN, "b1", &[A])]).is_clean();
    pending().list(ANN, vec![with_status(booking(ANN, "b1", &[A]), BookingStatus::Cancelled)]).is_clean();
    let still = with_status(booking(ANN, "b1", &[A]), BookingStatus::Pending);
    pending().list(ANN, vec![still]).breaks(Kind::HoldPastDeadline);
    pending().map(55.0, &[(A, SeatStatus::Held, by(ANN))]).is_clean();
    pending().map(61.0, &[(A, SeatStatus::Held, by(ANN))]).breaks(Kind::HoldPastDeadline);
}

#[test]
fn a_look_at_a_hold_shows_it_for_as_long_as_it_lives_and_no_longer() {
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]);
    let denied = |at| held().op(ANN, at, Call::Show { hold: "h1".into() }, refused("hold-expired"));
    held().show(ANN, 1.0, "h1", &[A]).is_clean();
    denied(31.0).is_clean();
    denied(1.0).breaks(Kind::LostHold);
    held().show(ANN, 31.0, "h1", &[A]).breaks(Kind::HoldPastDeadline);
    held().release(ANN, 1.0, "h1", Outcome::Done).show(ANN, 2.0, "h1", &[A]).breaks(Kind::HoldPastDeadline);
    held().release(ANN, 1.0, "h1", unknown()).show(ANN, 2.0, "h1", &[A]).is_clean();
    held().book(ANN, 1.0, "h1", "b1", &[A]).show(ANN, 2.0, "h1", &[A]).breaks(Kind::HoldPastDeadline);
}

#[test]
fn a_look_at_a_hold_shows_every_change_before_it() {
    let changed = |outcome| Story::new().hold(ANN, 0.0, "h1", &[A]).change(ANN, 1.0, (B, A), outcome);
    let done = || changed(Outcome::Held { hold: "h1".into(), tickets: vec![B] });
    done().show(ANN, 2.0, "h1", &[B]).is_clean();
    done().show(ANN, 2.0, "h1", &[A]).breaks(Kind::WrongAnswer);
    // Asked for while it was being changed.
    done().show(ANN, 1.05, "h1", &[A]).is_clean();
    changed(unknown()).show(ANN, 2.0, "h1", &[A]).is_clean();
    changed(unknown()).show(ANN, 2.0, "h1", &[B]).is_clean();
    changed(refused("seat-unavailable")).show(ANN, 2.0, "h1", &[B]).breaks(Kind::WrongAnswer);
}

#[test]
fn a_final_audit_waits_for_the_last_hold_and_no_longer() {
    let limits = Limits::default();
    let settled = |story: &Story| settled_at_us(&story.history, &limits);
    let held = || Story::new().hold(ANN, 0.0, "h1", &[A]);
    assert_eq!(settled(&held()), us(30.1) + 30_000 + limits.slack_us);
    assert_eq!(settled(&held().book(ANN, 1.0, "h1", "b1", &[A])), us(1.1));
    assert_eq!(settled(&held().release(ANN, 1.0, "h1", Outcome::Done)), us(1.1));
    assert!(settled(&held().book_gives(ANN, 1.0, "h1", unknown())) > us(60.0));
    assert!(settled(&held().release(ANN, 1.0, "h1", unknown())) < us(31.0));
}

#[test]
fn two_targets_may_show_what_was_true_a_second_ago() {
    let story = Story::new().hold(ANN, 0.0, "h1", &[A]).audit();
    let story = story.map(0.6, &[(A, SeatStatus::Available, Owner::Untold)]);
    story.breaks(Kind::LostHold);
    let limits = Limits { staleness_us: 1_000_000, ..Limits::default() };
    assert!(check(&story.history, &limits).is_clean());
}
