//! What surrounds the actor: one event of 50,000 places, and a journal that has every fact at once.

use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actors::{Observer, Shell};
use domain::event::{Cancellation, SaleTerms};
use domain::ids::{EventId, UserId};
use domain::ports::{
    Authorization, BoxFuture, Capture, Charge, Clock, Journal, JournalFault, Listing, Listings, NoCourier,
    Opened, PaymentGateway, Place, Random, Term,
};
use domain::seat_map::{Plan, PlanLayout, PlanSection, SeatMap};
use domain::time::{Reading, ShardTime, SharedTime, UnixMillis};

pub(super) const EVENT: EventId = EventId::new(7);

/// Everything an actor needs.
pub(super) fn shell() -> Shell {
    let clock = Arc::new(Clocks(now()));
    let reading = clock.read();
    let time = ShardTime::resume(reading.wall, reading);
    Shell {
        journal: Arc::new(AtOnce(Arc::new(Mutex::new(time)))),
        listings: Arc::new(OneEvent(Arc::new(hall()))),
        courier: Arc::new(NoCourier),
        gateway: Arc::new(Unpaid),
        clock,
        random: Arc::new(Undrawn),
        observer: Arc::new(Nobody),
        mailbox_capacity: 8192,
    }
}

/// Commits whatever it is given, on the actor's own thread, and keeps nothing.
struct AtOnce(SharedTime);

impl Journal for AtOnce {
    fn reserve(&self, _event: EventId) -> Result<Place, JournalFault> {
        Ok(Box::new(|_proposal, done| done(Ok(()))))
    }

    fn open(&self, _event: EventId) -> BoxFuture<Result<Opened, JournalFault>> {
        Box::pin(std::future::ready(Ok(Opened { term: Term(1), sale: None, time: self.0.clone() })))
    }

    fn term(&self, _event: EventId) -> Option<Term> {
        Some(Term(1))
    }

    fn busy(&self) -> Vec<EventId> {
        Vec::new()
    }
}

struct OneEvent(Arc<SeatMap>);

impl Listings for OneEvent {
    fn listing(&self, _event: EventId) -> BoxFuture<Result<Option<Listing>, JournalFault>> {
        let far = UnixMillis::new(u64::MAX);
        let terms = SaleTerms {
            organizer: UserId::new(1),
            currency: "EUR".parse().expect("three capital letters"),
            prices_minor: vec![2_500],
            opens_at: None,
            starts_at: far,
            hold_ms: 600_000,
            per_customer: Some(64),
            cancellation: Cancellation { until: far, fee_percent: 0 },
            charges: None,
            paused: false,
        };
        Box::pin(std::future::ready(Ok(Some(Listing {
            terms,
            map: self.0.clone(),
            revision: 1,
            cancelled: false,
        }))))
    }

    fn revision(&self, _event: EventId) -> Option<u64> {
        Some(1)
    }
}

fn hall() -> SeatMap {
    let layout = PlanLayout::Standing(50_000);
    let section = PlanSection { name: "Pit".into(), category: "standing".into(), layout };
    SeatMap::build(Plan { sections: vec![section] }).expect("the plan is right")
}

struct Unpaid;

impl PaymentGateway for Unpaid {
    fn authorize(&self, _charge: Charge) -> BoxFuture<Authorization> {
        Box::pin(std::future::ready(Authorization::Declined))
    }

    fn capture(&self, _charge: Charge) -> BoxFuture<Capture> {
        Box::pin(std::future::ready(Capture::Taken))
    }

    fn void(&self, _charge: Charge) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }

    fn refund(&self, _charge: Charge, _amount_minor: i64, _attempt: u32) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the clock of this bench: reading it is part of what an actor does"
)]
fn now() -> Instant {
    Instant::now()
}

struct Clocks(Instant);

impl Clock for Clocks {
    #[allow(clippy::disallowed_methods, reason = "the clock of this bench")]
    fn read(&self) -> Reading {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64;
        let monotonic_ms = now().duration_since(self.0).as_millis() as u64;
        Reading { wall: UnixMillis::new(wall), monotonic_ms }
    }
}

struct Undrawn;

impl Random for Undrawn {
    fn fill(&self, _bytes: &mut [u8]) {}
}

struct Nobody;

impl Observer for Nobody {
    fn decided(&self, _kind: &'static str, _outcome: &'static str) {}

    fn entered_mailbox(&self, _commands: usize) {}

    fn left_mailbox(&self, _commands: usize) {}
}
