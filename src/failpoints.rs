//! Ends the process at a chosen step of a payment, so that tests can see what is left of it. Only debug builds have this.
//!
//! `ONSALE_FAILPOINT` names a file. While that holds the name of a point, whoever reaches the point first takes the file
//! away and dies. The points are `before-` and `after-` of the calls `authorize`, `settled`, `late`, `capture`, `void` and
//! `refund` of a provider, and of the commit of the facts named in [`step`].

use std::path::PathBuf;
use std::sync::Arc;

use domain::event::Fact;
use domain::ids::EventId;
use domain::ports::{
    Authorization, BoxFuture, Capture, Charge, Done, Journal, JournalFault, Opened, PaymentGateway, Place,
    Term,
};

const VARIABLE: &str = "ONSALE_FAILPOINT";

/// Where to die: what this file says.
struct Point(PathBuf);

impl Point {
    /// Dies here, if this is the point and nobody else has died of it.
    fn reach(&self, side: &str, step: &str) {
        let chosen = std::fs::read_to_string(&self.0).unwrap_or_default();
        let here = chosen.strip_prefix(side).and_then(|rest| rest.strip_prefix('-')) == Some(step);
        if here && std::fs::remove_file(&self.0).is_ok() {
            std::process::abort();
        }
    }
}

/// The same journal and gateway, with the point that the environment chooses.
pub(crate) fn armed(
    journal: Arc<dyn Journal>,
    gateway: Arc<dyn PaymentGateway>,
) -> (Arc<dyn Journal>, Arc<dyn PaymentGateway>) {
    let Some(file) = std::env::var_os(VARIABLE) else { return (journal, gateway) };
    tracing::warn!("this node may be told to die by a test");
    let point = Arc::new(Point(file.into()));
    (Arc::new(FailingJournal(journal, point.clone())), Arc::new(FailingGateway(gateway, point)))
}

struct FailingJournal(Arc<dyn Journal>, Arc<Point>);

impl Journal for FailingJournal {
    fn reserve(&self, event: EventId) -> Result<Place, JournalFault> {
        let (place, point) = (self.0.reserve(event)?, self.1.clone());
        Ok(Box::new(move |proposal, done: Done| {
            let steps: Vec<_> = proposal.facts.iter().filter_map(|stamped| step(&stamped.fact)).collect();
            steps.iter().for_each(|step| point.reach("before", step));
            place(
                proposal,
                Box::new(move |result| {
                    steps.iter().filter(|_| result.is_ok()).for_each(|step| point.reach("after", step));
                    done(result);
                }),
            );
        }))
    }

    fn open(&self, event: EventId) -> BoxFuture<Result<Opened, JournalFault>> {
        self.0.open(event)
    }

    fn term(&self, event: EventId) -> Option<Term> {
        self.0.term(event)
    }

    fn busy(&self) -> Vec<EventId> {
        self.0.busy()
    }
}

fn step(fact: &Fact) -> Option<&'static str> {
    Some(match fact {
        Fact::BookingMade { .. } => "booking-made",
        Fact::PaymentStarted { .. } => "payment-started",
        Fact::PaymentAttempted { .. } => "payment-attempted",
        Fact::Booked { .. } => "booked",
        Fact::PaymentCaptured { .. } => "payment-captured",
        Fact::PaymentDeclined { .. } => "payment-declined",
        Fact::PaymentActionRequired { .. } => "action-required",
        Fact::PaymentTimedOut { .. } => "payment-timed-out",
        Fact::PaymentVoided { .. } => "payment-voided",
        Fact::TicketsCancelled { .. } => "tickets-cancelled",
        Fact::RefundPaid { .. } => "refund-paid",
        _ => return None,
    })
}

struct FailingGateway(Arc<dyn PaymentGateway>, Arc<Point>);

impl FailingGateway {
    fn around<T: Send + 'static>(&self, step: &'static str, call: BoxFuture<T>) -> BoxFuture<T> {
        let point = self.1.clone();
        Box::pin(async move {
            point.reach("before", step);
            let done = call.await;
            point.reach("after", step);
            done
        })
    }
}

impl PaymentGateway for FailingGateway {
    fn authorize(&self, charge: Charge) -> BoxFuture<Authorization> {
        self.around("authorize", self.0.authorize(charge))
    }

    fn settled(&self, charge: Charge) -> BoxFuture<Authorization> {
        self.around("settled", self.0.settled(charge))
    }

    fn set_aside_late(&self, charge: Charge) -> BoxFuture<Option<Authorization>> {
        self.around("late", self.0.set_aside_late(charge))
    }

    fn capture(&self, charge: Charge) -> BoxFuture<Capture> {
        self.around("capture", self.0.capture(charge))
    }

    fn void(&self, charge: Charge) -> BoxFuture<()> {
        self.around("void", self.0.void(charge))
    }

    fn refund(&self, charge: Charge, amount_minor: i64, attempt: u32) -> BoxFuture<()> {
        self.around("refund", self.0.refund(charge, amount_minor, attempt))
    }

    fn repeats_itself(&self, charge: &Charge) -> bool {
        self.0.repeats_itself(charge)
    }
}
