//! ⑧ The owner's part in telling people: notes what is due with the facts that ask for it, has the courier do it once
//! they are on disk, and writes down what came of it.
//!
//! Hazard: one delivery is under way once at a time here, but an owner before or after may send it again; what is sent
//! carries its id.

use std::time::Duration;

use actix::{AsyncContext, Context, Handler, Message, MessageResult};
use domain::event::{self, Channel, Ended, Fact, Stamped};
use domain::ids::{DeliveryId, DeliveryNumber};
use domain::ports::{Delivered, Errand, SendFault};

use super::EventActor;
use super::turn::Turn;
use crate::answer::{Fault, Release};
use crate::outbox::{self, Next};

/// What the owner hears of its deliveries.
#[derive(Debug)]
pub(crate) enum Report {
    /// These are on disk, and may be sent.
    OnDisk(Vec<(Channel, DeliveryNumber)>),
    /// The courier has tried.
    Outcome { delivery: DeliveryNumber, by: Channel, outcome: Result<Delivered, SendFault> },
}

impl Message for Report {
    type Result = Result<(), Fault>;
}

impl EventActor {
    /// The fact that somebody is to be told of `fact`, if anybody is.
    pub(super) fn due(&self, fact: &Fact) -> Option<Fact> {
        let event = self.sale.event();
        event::due(&self.sale, fact, |notice| self.shell.courier.ways(event, notice))
    }

    /// Has what `facts` say is due sent when they are on disk.
    pub(super) fn tell_later(&self, facts: &[Stamped], release: &mut Release, ctx: &Context<Self>) {
        let mut due = Vec::new();
        for stamped in facts {
            if let Fact::DeliveriesDue { first, by, .. } = &stamped.fact {
                let numbers = (first.number()..).map(DeliveryNumber::new);
                due.extend(by.iter().copied().zip(numbers));
            }
        }
        if due.is_empty() {
            return;
        }
        let (mut on_disk, owner) = (release.on_disk(), ctx.address());
        tokio::task::spawn_local(async move {
            if on_disk.wait_for(|done| *done).await.is_ok() {
                outbox::report(&owner, || Report::OnDisk(due.clone())).await;
            }
        });
    }

    /// Begins with everything that is open: an owner before this one may have sent some of it.
    pub(super) fn tell_all(&mut self, ctx: &mut Context<Self>) {
        let open: Vec<_> =
            self.sale.outbox().open().map(|(number, delivery)| (delivery.by, number)).collect();
        self.put(&open, ctx);
    }

    fn put(&mut self, due: &[(Channel, DeliveryNumber)], ctx: &mut Context<Self>) {
        let now_ms = self.shell.clock.read().monotonic_ms;
        due.iter().for_each(|(by, number)| self.agenda.put(*by, now_ms, *number));
        self.send_due(ctx);
    }

    /// Sends what is due and has a place, and wakes up for the next.
    fn send_due(&mut self, ctx: &mut Context<Self>) {
        let now_ms = self.shell.clock.read().monotonic_ms;
        while let Some((by, number)) = self.agenda.begin(now_ms) {
            let Some(delivery) = self.sale.outbox().get(number).cloned() else {
                self.agenda.forget(by, number);
                continue;
            };
            let booking = delivery.notice.booking().and_then(|number| self.sale.booking(number));
            let errand = Errand {
                id: DeliveryId::new(self.sale.event(), number),
                booking: booking.cloned().map(Box::new),
                delivery,
            };
            tokio::task::spawn_local(outbox::run(self.shell.courier.clone(), errand, ctx.address()));
        }
        self.arm_telling(now_ms, ctx);
    }

    /// Keeps one timer for what is to be tried again.
    fn arm_telling(&mut self, now_ms: u64, ctx: &mut Context<Self>) {
        let Some(next_ms) = self.agenda.next_ms() else { return };
        match self.telling_timer {
            Some((armed_for, _)) if armed_for <= next_ms => return,
            Some((_, handle)) => drop(ctx.cancel_future(handle)),
            None => {}
        }
        let wait = Duration::from_millis(next_ms.saturating_sub(now_ms).max(1));
        let handle = ctx.run_later(wait, |actor, ctx| {
            actor.telling_timer = None;
            actor.send_due(ctx);
        });
        self.telling_timer = Some((next_ms, handle));
    }

    /// Takes what came of a delivery: writes down that it is over, or puts it on the agenda again.
    fn take_outcome(
        &mut self,
        number: DeliveryNumber,
        by: Channel,
        outcome: Result<Delivered, SendFault>,
        turn: &mut Turn,
        ctx: &mut Context<Self>,
    ) -> Result<(), Fault> {
        let Some(delivery) = self.sale.outbox().get(number) else {
            self.agenda.forget(by, number);
            return Ok(());
        };
        let age_ms = turn.now.since_ms(delivery.since);
        let shell = self.shell.clone();
        let agenda = &mut self.agenda;
        let persistence = shell.courier.persistence();
        match outbox::next(outcome, age_ms, || agenda.fail(number), persistence, &*shell.random) {
            Next::End(how) => {
                self.make_room(turn, ctx)?;
                self.log_end(number, by, &how);
                shell.observer.delivered(by.kind(), how.name());
                if let Some(ended) = event::ended(&self.sale, number, how) {
                    self.happen(ended, turn);
                }
                self.agenda.forget(by, number);
            }
            Next::Again(pause_ms) => {
                shell.observer.delivered(by.kind(), "again");
                self.agenda.back(by, number);
                self.agenda.put(by, shell.clock.read().monotonic_ms.saturating_add(pause_ms), number);
            }
        }
        self.send_due(ctx);
        Ok(())
    }

    fn log_end(&self, number: DeliveryNumber, by: Channel, how: &Ended) {
        if let Ended::GivenUp(why) = how {
            let id = DeliveryId::new(self.sale.event(), number);
            tracing::warn!(%id, by = by.kind(), why, "a delivery is given up");
        }
    }
}

impl Handler<Report> for EventActor {
    type Result = MessageResult<Report>;

    fn handle(&mut self, report: Report, ctx: &mut Self::Context) -> Self::Result {
        match report {
            Report::OnDisk(due) => {
                self.put(&due, ctx);
                MessageResult(Ok(()))
            }
            Report::Outcome { delivery, by, outcome } => {
                let now = self.now();
                let mut turn = self.begin_turn(now);
                let taken = self
                    .expire_due(&mut turn, ctx)
                    .and_then(|()| self.take_outcome(delivery, by, outcome, &mut turn, ctx));
                self.end_turn(turn, ctx);
                self.arm(ctx);
                MessageResult(taken)
            }
        }
    }
}
