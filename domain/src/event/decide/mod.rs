//! ④ Deciding: what a command would change, as facts, or why it may not.
//!
//! Pure over the state, the clock reading and the randomness it is given. One file per command. Idempotency stands in
//! front of all of them: a key that has its answer gives it again, and nothing is decided twice.

mod blocking;
mod book;
mod cancel;
mod close;
mod expire;
mod hear;
mod hold;
mod house;
mod late;
mod manage_hold;
mod note;
mod reserve;
mod settle;

pub use close::{amend, wind_up};
pub use expire::expire;

use super::command::{Caller, Command, Key};
use super::fact::Fact;
use super::refusal::Refusal;
use super::reply::Reply;
use super::sale::{Answer, Sale};
use crate::ids::{BookingNumber, HoldNumber};
use crate::ports::Random;
use crate::seat_map::SeatMap;
use crate::time::UnixMillis;

/// What a decision may look at besides the state.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The shard's time; the facts are stamped with it.
    pub now: UnixMillis,
    /// Who asks.
    pub caller: Caller,
    /// The request's Idempotency-Key.
    pub key: Option<Key>,
    /// The event's seats.
    pub map: &'a SeatMap,
    /// Where ticket codes come from.
    pub random: &'a dyn Random,
}

/// What a command changes and how it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// In order; may be none.
    pub facts: Vec<Fact>,
    /// For the caller.
    pub outcome: Outcome,
    /// Bookings whose outside work is done by this, with the answer for those who wait for it.
    pub settled: Vec<(BookingNumber, Reply)>,
}

/// How a command is answered once its facts have committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With this.
    Reply(Reply),
    /// When the outside work for the booking is done.
    Settling {
        /// Which.
        booking: BookingNumber,
        /// The work was begun by an earlier request with the same key.
        joined: bool,
    },
    /// Nobody waits for an answer.
    Nothing,
}

impl Decision {
    fn reply(facts: Vec<Fact>, reply: Reply) -> Self {
        Self { facts, outcome: Outcome::Reply(reply), settled: Vec::new() }
    }

    fn silent(facts: Vec<Fact>) -> Self {
        Self { facts, outcome: Outcome::Nothing, settled: Vec::new() }
    }

    /// Lets the key remember the reply. One with a hold is the hold as the facts leave it, so its number is enough.
    fn remembered(mut self, key: Option<Key>) -> Self {
        if let (Some(key), Outcome::Reply(reply)) = (key, &self.outcome) {
            self.facts.push(match reply {
                Reply::Hold(view) => Fact::HoldAnswered { key, hold: view.hold },
                reply => Fact::Answered { key, reply: reply.clone() },
            });
        }
        self
    }
}

/// Decides a command. The caller has expired what was due at `context.now` before.
///
/// # Errors
/// The refusal; nothing changes then, and the key stays free.
pub fn decide(sale: &Sale, command: &Command, context: &Context<'_>) -> Result<Decision, Refusal> {
    if let Some(answered) = answered_before(sale, context)? {
        return match (command, answered.outcome) {
            // The waiting request itself asks to be told of the pending booking.
            (Command::AnswerPending { booking }, Outcome::Settling { .. }) => {
                settle::answer_pending(sale, *booking, context)
            }
            (_, outcome) => Ok(Decision { outcome, ..answered }),
        };
    }
    if sale.closing.is_some() && command.needs_open_sale() {
        return Err(Refusal::EventCancelled);
    }
    match command {
        Command::HoldExact { seats, ttl_ms } => hold::exact(sale, seats, *ttl_ms, context),
        Command::HoldBest { wish, ttl_ms } => hold::best(sale, wish, *ttl_ms, context),
        Command::ShowHold { hold } => manage_hold::show(sale, *hold, context),
        Command::ChangeHold { hold, add, remove } => manage_hold::change(sale, *hold, add, remove, context),
        Command::ExtendHold { hold, ttl_ms } => manage_hold::extend(sale, *hold, *ttl_ms, context),
        Command::ReleaseHold { hold } => manage_hold::release(sale, *hold, context),
        Command::Book { hold, payment } => book::hold(sale, *hold, payment, context),
        Command::BookHeldSeat { seat, payment } => book::held_seat(sale, *seat, payment, context),
        Command::HoldAndBook { seats, payment } => book::one_call(sale, seats, payment, context),
        Command::AnswerPending { booking } => settle::answer_pending(sale, *booking, context),
        Command::Cancel { booking, seats } => cancel::tickets(sale, *booking, seats.as_deref(), context),
        Command::Block { seats } => blocking::block(sale, seats, context),
        Command::Unblock { seats } => blocking::unblock(sale, seats, context),
        Command::SettlePayment { booking, outcome } => settle::payment(sale, *booking, outcome, context),
        Command::Reserve { holds } => reserve::reserve(sale, holds, context),
        Command::BookTogether { holds, payment } => reserve::together(sale, holds, payment, context),
        Command::Pay { booking, payment } => reserve::pay(sale, *booking, payment, context),
        Command::NameContact { booking, contact } => note::contact(sale, *booking, contact, context),
        Command::KeepMetadata { booking, metadata } => note::metadata(sale, *booking, metadata, context),
        Command::HearProvider { booking, attempt, reference, news } => {
            hear::provider(sale, *booking, (*attempt, reference), news, context)
        }
        Command::HoldTickets { tickets, ttl_ms } => hold::tickets(sale, tickets, *ttl_ms, context),
        Command::Kill { seats } => blocking::kill(sale, seats, context),
        Command::Restore { seats } => blocking::restore(sale, seats, context),
        Command::Comp { seats, to } => house::comp(sale, seats, *to, context),
        Command::MoveTicket { booking, from, to } => house::move_ticket(sale, *booking, *from, *to, context),
        Command::Close { unsold } => close::close(sale, *unsold, context),
    }
}

fn answered_before(sale: &Sale, context: &Context<'_>) -> Result<Option<Decision>, Refusal> {
    let Some(key) = context.key else { return Ok(None) };
    let Some(remembered) = sale.answers.get(&(key.caller, key.hash), context.now) else { return Ok(None) };
    if remembered.fingerprint != key.fingerprint {
        return Err(Refusal::KeyReused);
    }
    let outcome = match &remembered.answer {
        Answer::Given(reply) => Outcome::Reply(reply.clone()),
        Answer::Settling(booking) => Outcome::Settling { booking: *booking, joined: true },
    };
    Ok(Some(Decision { facts: Vec::new(), outcome, settled: Vec::new() }))
}

/// The number for the next hold, while there is one.
fn next_hold(sale: &Sale) -> Result<HoldNumber, Refusal> {
    let left = sale.next_hold <= super::seats::LAST_NUMBER;
    left.then_some(HoldNumber(sale.next_hold)).ok_or(Refusal::Exhausted)
}

/// The number for the next booking, while there is one.
fn next_booking(sale: &Sale) -> Result<BookingNumber, Refusal> {
    let left = sale.next_booking <= super::seats::LAST_NUMBER;
    left.then_some(BookingNumber(sale.next_booking)).ok_or(Refusal::Exhausted)
}

#[cfg(test)]
#[path = "mod_test.rs"]
mod test;
