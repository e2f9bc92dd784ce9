//! ⑧ The owner's part in payments: has the open work of bookings done at their providers once the facts that ask for it
//! are on disk, and makes facts of what comes of it.
//!
//! Hazard: a piece of work is under way once at a time here, but an owner before or after may do it again; the provider
//! knows it by its key.

use std::future::Future;
use std::time::Duration;

use actix::{AsyncContext, Context, Handler, Message, MessageResult};
use domain::account::Role;
use domain::event::{Caller, Command, PaymentOutcome, Work};
use domain::ids::BookingNumber;
use domain::ports::Charge;

use super::turn::Turn;
use super::{EventActor, outcome_name};
use crate::answer::Fault;
use crate::payment_worker::{self, Piece};

/// A provider's answer is waited for a little longer than it counts, since the worker's clock is not the shard's.
const LAPSE_MARGIN: Duration = Duration::from_secs(5);

/// What providers have said, from a payment worker: all of it is taken in one turn.
pub(crate) struct Settle(pub(crate) Vec<(BookingNumber, PaymentOutcome)>);

/// What became of it.
pub(crate) struct Heard {
    /// None of it was too late or known already.
    pub(crate) counts: bool,
    /// What there was no room for: to be said again.
    pub(crate) again: Vec<(BookingNumber, PaymentOutcome)>,
}

impl Message for Settle {
    type Result = Heard;
}

impl EventActor {
    /// The open work of `bookings` that is not being done already.
    pub(super) fn take_up(&mut self, bookings: impl IntoIterator<Item = BookingNumber>) -> Vec<Piece> {
        bookings.into_iter().filter_map(|booking| self.piece(booking)).collect()
    }

    fn piece(&mut self, number: BookingNumber) -> Option<Piece> {
        let booking = self.sale.booking(number);
        let Some((booking, work)) = booking.and_then(|booking| Some((booking, booking.open_work()?))) else {
            self.at_work.remove(&number);
            return None;
        };
        // A refund that grew while it is under way is the same attempt: the rest becomes the next one.
        if self.at_work.get(&number).is_some_and(|at_work| same_step(*at_work, work)) {
            return None;
        }
        let method = booking.payment.method.clone()?;
        self.at_work.insert(number, work);
        let charge = Charge {
            event: self.sale.event(),
            booking: number,
            attempt: booking.payment.attempt,
            reference: booking.payment.reference.clone(),
            amount_minor: booking.total_minor(),
            currency: self.sale.terms().currency,
            method,
        };
        let left_ms = booking.payment.settle_by.since_ms(self.sale.last_stamp());
        Some(Piece { charge, work, lapsed: Duration::from_millis(left_ms) + LAPSE_MARGIN })
    }

    /// Has `work` done as soon as `begin` allows it.
    pub(super) fn have_done(
        &self,
        work: Vec<Piece>,
        begin: impl Future<Output = bool> + 'static,
        ctx: &Context<Self>,
    ) {
        let (gateway, owner) = (self.shell.gateway.clone(), ctx.address());
        tokio::task::spawn_local(payment_worker::run(work, gateway, owner, begin));
    }

    /// Takes a provider's outcome; one that no longer counts is taken as well. Gives whether it has changed anything.
    fn settle(
        &mut self,
        (booking, outcome): &(BookingNumber, PaymentOutcome),
        turn: &mut Turn,
        ctx: &mut Context<Self>,
    ) -> Result<bool, Fault> {
        let command = Command::SettlePayment { booking: *booking, outcome: outcome.clone() };
        // The caller of a settlement is the house itself; `decide` looks at the booking alone.
        let house = Caller { user: self.sale.terms().organizer, role: Role::Operator };
        let decided = self.decide(&command, house, None, turn.now);
        self.shell.observer.decided(command.kind(), outcome_name(&decided));
        let Ok(decision) = decided else { return Ok(false) };
        self.make_room(turn, ctx)?;
        let changes = !decision.facts.is_empty();
        self.carry_out(decision, None, turn);
        Ok(changes)
    }
}

impl Handler<Settle> for EventActor {
    type Result = MessageResult<Settle>;

    fn handle(&mut self, Settle(outcomes): Settle, ctx: &mut Self::Context) -> Self::Result {
        let now = self.now();
        let mut turn = self.begin_turn(now);
        let mut heard = Heard { counts: true, again: Vec::new() };
        let expired = self.expire_due(&mut turn, ctx);
        for outcome in outcomes {
            match expired.and_then(|()| self.settle(&outcome, &mut turn, ctx)) {
                Ok(changes) => heard.counts &= changes,
                Err(Fault::Overloaded) => heard.again.push(outcome),
                // The next owner begins anew, so nothing more may be done for this one.
                Err(Fault::OwnerUnavailable) => {}
            }
        }
        self.end_turn(turn, ctx);
        self.arm(ctx);
        self.wind_up(ctx);
        MessageResult(heard)
    }
}

fn same_step(at_work: Work, open: Work) -> bool {
    match (at_work, open) {
        (Work::Refund { attempt: running, .. }, Work::Refund { attempt, .. }) => running == attempt,
        (at_work, open) => at_work == open,
    }
}
