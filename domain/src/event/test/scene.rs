//! A sale with its surroundings, played as an owner plays it: what is due expires first, then the command is decided,
//! then its facts are stamped and applied. Checks the state after every fact. That a refusal
//! leaves no trace needs no check: it carries no facts, and nothing else changes a sale.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::account::Role;
use crate::event::{
    BookingView, Caller, Cancellation, Command, Context, Decision, Fact, HoldView, Key, Outcome,
    PaymentMethod, PaymentOutcome, PaymentTerms, Refusal, Reply, Sale, SaleTerms, SeatStatus, Stamped, apply,
    decide, expire,
};
use crate::ids::{BookingNumber, EventId, HoldNumber, SeatIndex, UserId};
use crate::ports::Random;
use crate::seat_map::{NamedSeat, Plan, PlanLayout, PlanRow, PlanSeats, PlanSection, SeatMap};
use crate::time::UnixMillis;

pub(in crate::event) const ANNA: Caller = Caller { user: UserId::new(1), role: Role::Customer };
pub(in crate::event) const BEN: Caller = Caller { user: UserId::new(2), role: Role::Customer };
pub(in crate::event) const ORGANIZER: Caller = Caller { user: UserId::new(90), role: Role::Organizer };
pub(in crate::event) const OPERATOR: Caller = Caller { user: UserId::new(91), role: Role::Operator };

pub(in crate::event) const START: UnixMillis = UnixMillis::new(1_000_000);
pub(in crate::event) const MINUTE_MS: u64 = 60 * 1000;
pub(in crate::event) const HOUR_MS: u64 = 60 * MINUTE_MS;
pub(in crate::event) const HOLD_MS: u64 = 10 * MINUTE_MS;
pub(in crate::event) const TIMEOUT_MS: u64 = 30 * 1000;

/// Not random at all: each draw differs from those before.
#[derive(Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let draw = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
        bytes.iter_mut().zip(draw.into_iter().cycle()).for_each(|(byte, drawn)| *byte = drawn);
    }
}

pub(in crate::event) struct Scene {
    pub(in crate::event) map: SeatMap,
    pub(in crate::event) now: UnixMillis,
    pub(in crate::event) facts: Vec<Stamped>,
    sale: Option<Sale>,
    random: Counting,
}

const EVENT: EventId = EventId::new(7);

impl Scene {
    /// Floor: 2 rows of 30 at 5,000. Pit: 20 standing at 1,999. Guests: 1 row of 4 for nothing.
    pub(in crate::event) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same with other rules.
    pub(in crate::event) fn with(change: impl FnOnce(&mut SaleTerms)) -> Self {
        let mut terms = terms(vec![5_000, 1_999, 0]);
        change(&mut terms);
        let sections = vec![
            rows("Floor", "floor", &[30, 30]),
            standing("Pit", "pit", 20),
            rows("Guests", "guests", &[4]),
        ];
        Self::of(sections, terms)
    }

    pub(in crate::event) fn of(sections: Vec<PlanSection>, terms: SaleTerms) -> Self {
        let map = SeatMap::build(Plan { sections }).expect("the plan is right");
        let opened = Fact::SaleOpened { terms, seats: map.len(), revision: 1 };
        let mut scene = Self { map, now: START, facts: Vec::new(), sale: None, random: Counting::default() };
        scene.happen(opened);
        scene
    }

    pub(in crate::event) fn sale(&self) -> &Sale {
        self.sale.as_ref().expect("opened by the first fact")
    }

    pub(in crate::event) fn wait(&mut self, millis: u64) {
        self.now = self.now.plus_ms(millis);
    }

    /// Stamps, applies and keeps a fact, and checks the state.
    pub(in crate::event) fn happen(&mut self, fact: Fact) {
        let stamped = Stamped { at: self.now, fact };
        apply(&mut self.sale, EVENT, &stamped);
        if let Err(broken) = self.sale().validate() {
            panic!("{broken}, after {stamped:?}");
        }
        self.facts.push(stamped);
    }

    /// Ends what is due, as the owner does before each answer.
    pub(in crate::event) fn expire(&mut self) {
        loop {
            let due = expire(self.sale(), self.now);
            assert_eq!(due.outcome, Outcome::Nothing);
            if due.facts.is_empty() {
                return;
            }
            due.facts.into_iter().for_each(|fact| self.happen(fact));
        }
    }

    pub(in crate::event) fn play(
        &mut self,
        caller: Caller,
        key: Option<Key>,
        command: &Command,
    ) -> Result<Decision, Refusal> {
        self.expire();
        let context = Context { now: self.now, caller, key, map: &self.map, random: &self.random };
        let decided = decide(self.sale(), command, &context);
        for fact in decided.iter().flat_map(|decision| decision.facts.clone()) {
            self.happen(fact);
        }
        decided
    }

    /// Plays without a key, for the outcome alone.
    pub(in crate::event) fn tell(&mut self, caller: Caller, command: &Command) -> Result<Outcome, Refusal> {
        self.play(caller, None, command).map(|decision| decision.outcome)
    }

    /// Plays what must be refused.
    pub(in crate::event) fn refused(&mut self, caller: Caller, command: &Command) -> Refusal {
        self.tell(caller, command).expect_err("this is refused")
    }

    /// Holds seats of one's own choice for the default time.
    pub(in crate::event) fn hold(&mut self, caller: Caller, seats: &[u32]) -> HoldView {
        hold_of(self.tell(caller, &hold_exact(seats)))
    }

    /// Holds and begins to pay.
    pub(in crate::event) fn pay(&mut self, caller: Caller, seats: &[u32]) -> BookingNumber {
        let hold = self.hold(caller, seats).hold;
        settling(self.tell(caller, &book(hold)))
    }

    /// Tells what the provider did.
    pub(in crate::event) fn settle(&mut self, booking: BookingNumber, outcome: PaymentOutcome) -> Decision {
        let told = self.play(PAYMENT_WORKER, None, &Command::SettlePayment { booking, outcome });
        told.expect("the booking exists")
    }

    /// Holds and pays to the end.
    pub(in crate::event) fn buy(&mut self, caller: Caller, seats: &[u32]) -> BookingNumber {
        let booking = self.pay(caller, seats);
        self.settle(booking, PaymentOutcome::Authorized);
        self.settle(booking, PaymentOutcome::Captured);
        booking
    }

    /// Holds and books what costs nothing.
    pub(in crate::event) fn buy_free(&mut self, caller: Caller, seats: &[u32]) -> BookingNumber {
        let hold = self.hold(caller, seats).hold;
        booking_of(self.tell(caller, &book(hold))).number
    }

    pub(in crate::event) fn status(&self, seat: u32) -> SeatStatus {
        self.sale().status(SeatIndex::new(seat)).expect("within the map")
    }

    /// Folds the kept facts from nothing: every replica must come to the same state.
    pub(in crate::event) fn assert_replays(&self) {
        let mut replica = None;
        self.facts.iter().for_each(|stamped| apply(&mut replica, EVENT, stamped));
        assert_eq!(replica.as_ref(), Some(self.sale()));
    }
}

/// Whoever it is: the decision does not look at it.
pub(in crate::event) const PAYMENT_WORKER: Caller = Caller { user: UserId::new(99), role: Role::Customer };

pub(in crate::event) fn terms(prices_minor: Vec<i64>) -> SaleTerms {
    SaleTerms {
        organizer: ORGANIZER.user,
        currency: "EUR".parse().expect("three capital letters"),
        prices_minor,
        opens_at: None,
        starts_at: START.plus_ms(1_000 * HOUR_MS),
        hold_ms: HOLD_MS,
        per_customer: None,
        cancellation: Cancellation { until: START.plus_ms(900 * HOUR_MS), fee_percent: 10 },
        charges: None,
        paused: false,
    }
}

pub(in crate::event) fn rows(name: &str, category: &str, lengths: &[u32]) -> PlanSection {
    let rows = lengths.iter().enumerate();
    let rows = rows.map(|(at, length)| PlanRow { name: at.to_string(), seats: PlanSeats::Count(*length) });
    PlanSection { name: name.into(), category: category.into(), layout: PlanLayout::Rows(rows.collect()) }
}

pub(in crate::event) fn standing(name: &str, category: &str, capacity: u32) -> PlanSection {
    PlanSection { name: name.into(), category: category.into(), layout: PlanLayout::Standing(capacity) }
}

/// A row drawn as text: `o` a seat, `a` one fit for a wheelchair, `|` an aisle after the seat before.
pub(in crate::event) fn drawn(name: &str, row: &str) -> PlanRow {
    let mut seats: Vec<NamedSeat> = Vec::new();
    for drawn in row.chars() {
        match seats.last_mut() {
            Some(last) if drawn == '|' => last.aisle = true,
            _ => seats.push(NamedSeat {
                name: seats.len().to_string(),
                position: None,
                accessible: drawn == 'a',
                aisle: false,
            }),
        }
    }
    PlanRow { name: name.into(), seats: PlanSeats::Named(seats) }
}

pub(in crate::event) fn seats(numbers: &[u32]) -> Vec<SeatIndex> {
    numbers.iter().copied().map(SeatIndex::new).collect()
}

pub(in crate::event) fn numbers(view: &HoldView) -> Vec<u32> {
    view.tickets.iter().map(|ticket| ticket.seat.number()).collect()
}

pub(in crate::event) fn hold_exact(numbers: &[u32]) -> Command {
    Command::HoldExact { seats: seats(numbers), ttl_ms: None }
}

pub(in crate::event) fn payment() -> PaymentTerms {
    let method = PaymentMethod { provider: "test".into(), token: "tok_visa".into() };
    PaymentTerms { method, timeout_ms: TIMEOUT_MS }
}

pub(in crate::event) fn book(hold: HoldNumber) -> Command {
    Command::Book { hold, payment: payment() }
}

pub(in crate::event) fn cancel(booking: BookingNumber, numbers: Option<&[u32]>) -> Command {
    Command::Cancel { booking, seats: numbers.map(seats) }
}

/// Anna's key; the fingerprint stands for the request that it comes with.
pub(in crate::event) fn key(hash: u8, fingerprint: u8) -> Key {
    Key { caller: ANNA.user, hash: [hash; 16], fingerprint: [fingerprint; 16] }
}

pub(in crate::event) fn hold_of(told: Result<Outcome, Refusal>) -> HoldView {
    match told {
        Ok(Outcome::Reply(Reply::Hold(view))) => view,
        other => panic!("no hold: {other:?}"),
    }
}

pub(in crate::event) fn booking_of(told: Result<Outcome, Refusal>) -> BookingView {
    match told {
        Ok(Outcome::Reply(Reply::Booking(view))) => view,
        other => panic!("no booking: {other:?}"),
    }
}

pub(in crate::event) fn settling(told: Result<Outcome, Refusal>) -> BookingNumber {
    match told {
        Ok(Outcome::Settling { booking, joined: false }) => booking,
        other => panic!("no new work: {other:?}"),
    }
}
