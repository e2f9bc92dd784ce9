//! A client's call: one command under one key, tried again on any node until there is an answer or no patience is left,
//! over a network that loses and delays. Owns what the history says of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bench::history::{Account, Booking, BookingStatus, Call, History, Key, Operation, Outcome, Want};
use domain::event::{self, BestWish, Caller, Command, HoldView, PaymentMethod, PaymentTerms, Refusal, Reply};
use domain::ids::{BookingId, EventId, HoldId};
use onsale::dispatch::NoReply;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::clock;
use crate::dice::Dice;
use crate::door::Request;
use crate::machine::Machine;
use crate::stage::Stage;

/// How long the seats of a booking wait for the provider.
pub(crate) const PAYMENT_MS: u64 = 4_000;
/// A request that the network delays most arrives so much later.
pub(crate) const MOST_DELAY_MS: u64 = 2_000;
/// So often a call is sent at most.
const ATTEMPTS: u32 = 6;

/// The clients' side of the network.
pub(crate) struct Net {
    /// How likely a message is lost.
    pub(crate) loss: Cell<f64>,
}

/// What all clients share.
pub(crate) struct Client {
    pub(crate) stage: Rc<Stage>,
    pub(crate) machines: Vec<Rc<Machine>>,
    pub(crate) net: Rc<Net>,
    pub(crate) dice: Dice,
    pub(crate) history: Rc<RefCell<History>>,
    pub(crate) keys: Cell<u64>,
    /// From then on nobody calls or waits for an answer any more.
    pub(crate) gone_from: Cell<Duration>,
}

/// A call as it is sent.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) account: Account,
    pub(crate) key: Key,
    pub(crate) event: EventId,
    pub(crate) call: Call,
    /// How a booking is paid.
    pub(crate) token: &'static str,
    /// The machine that is asked; else any.
    pub(crate) at: Option<usize>,
}

impl Client {
    /// A key that nobody has used.
    pub(crate) fn new_key(&self) -> Key {
        self.keys.set(self.keys.get() + 1);
        Key(self.keys.get())
    }

    /// Sends `order` until something comes of it, and puts that down.
    pub(crate) async fn call(&self, order: &Order) -> Outcome {
        let invoked_us = clock::now_us();
        let mut attempts = 0;
        let mut outcome = Outcome::Unsent;
        for _ in 0..ATTEMPTS {
            if self.left().is_zero() {
                break;
            }
            match self.attempt(order, &mut attempts).await {
                Ok(answered) => {
                    outcome = answered;
                    break;
                }
                Err(why) if attempts > 0 => outcome = Outcome::Unknown { why },
                Err(_) => {}
            }
            sleep(self.dice.ms(20..500)).await;
        }
        let ended_us = clock::now_us();
        let (account, key, call) = (order.account, order.key, order.call.clone());
        let outcome_too = outcome.clone();
        self.history.borrow_mut().operations.push(Operation {
            account,
            key,
            attempts,
            intended_us: invoked_us,
            invoked_us,
            ended_us,
            call,
            outcome: outcome_too,
        });
        outcome
    }

    /// For how long there is still anybody who would wait for an answer.
    fn left(&self) -> Duration {
        self.gone_from.get().saturating_sub(clock::elapsed())
    }

    /// One attempt, at any node.
    async fn attempt(&self, order: &Order, attempts: &mut u32) -> Result<Outcome, String> {
        let machine = match order.at {
            Some(place) => self.machines[place].clone(),
            None => self.dice.pick(&self.machines).clone(),
        };
        let Some(command) = self.command(order) else { return Err("it makes no sense".into()) };
        let caller = self.stage.caller(order.account);
        let hash = u128::from(order.key.0).to_le_bytes();
        // A look changes nothing and needs none.
        let looks = matches!(order.call, Call::Show { .. });
        let key = (!looks).then_some(event::Key { caller: caller.user, hash, fingerprint: hash });
        if machine.door().is_none() {
            return Err("nobody listens".into());
        }
        *attempts += 1;
        let answer = self.send(machine, order.event, command, caller, key);
        let patience = self.dice.ms(300..3_500).min(self.left());
        let answered = match timeout(patience, answer).await {
            Ok(Ok(answered)) if !self.dice.chance(self.net.loss.get()) => answered,
            Ok(Ok(_)) => return Err("the answer was lost".into()),
            Ok(Err(_)) => return Err("the connection broke".into()),
            Err(_) => return Err("no answer in time".into()),
        };
        // Also so that the answer is not seen before the instant at which the node gave it.
        sleep(self.dice.ms(1..4)).await;
        match answered {
            Ok(reply) => Ok(self.outcome(order, reply)),
            Err(NoReply::Refused(refusal)) => Ok(refused(&refusal)),
            Err(NoReply::Invalid(_)) => Ok(Outcome::Refused { status: 422, code: "invalid-request".into() }),
            Err(NoReply::InFlight) => Err("in flight".into()),
            Err(NoReply::Fault(fault)) => Err(fault.to_string()),
        }
    }

    /// Puts the request on its way, which it goes whether or not anybody still waits for the answer.
    fn send(
        &self,
        machine: Rc<Machine>,
        event: EventId,
        command: Command,
        caller: Caller,
        key: Option<event::Key>,
    ) -> oneshot::Receiver<Result<Reply, NoReply>> {
        let (answer, answered) = oneshot::channel();
        let lost = self.dice.chance(self.net.loss.get());
        let delay = if self.dice.chance(0.03) { self.dice.ms(1..MOST_DELAY_MS) } else { self.dice.ms(1..8) };
        tokio::task::spawn_local(async move {
            sleep(delay).await;
            if lost {
                // As over TCP: nobody says so.
                return sleep(Duration::from_secs(10)).await;
            }
            if let Some(door) = machine.door() {
                // A full or closed door drops the request, and with it the connection.
                let _ = door.try_send(Request { event, command, caller, key, answer });
            }
        });
        answered
    }

    fn command(&self, order: &Order) -> Option<Command> {
        let seats = |tickets: &[_]| tickets.iter().map(|ticket| self.stage.seat(*ticket)).collect::<Vec<_>>();
        let hold = |id: &str| id.parse::<HoldId>().ok().map(|id| id.part);
        Some(match &order.call {
            Call::Hold { want: Want::Exact(tickets), ttl_us } => {
                Command::HoldExact { seats: seats(tickets), ttl_ms: Some(ttl_us / 1_000) }
            }
            Call::Hold { want: Want::Best(quantity), ttl_us } => {
                let wish = BestWish { quantity: *quantity, ..BestWish::default() };
                Command::HoldBest { wish, ttl_ms: Some(ttl_us / 1_000) }
            }
            Call::Extend { hold: id, ttl_us } => {
                Command::ExtendHold { hold: hold(id)?, ttl_ms: Some(ttl_us / 1_000) }
            }
            Call::Change { hold: id, add, remove } => {
                Command::ChangeHold { hold: hold(id)?, add: seats(add), remove: seats(remove) }
            }
            Call::Release { hold: id } => Command::ReleaseHold { hold: hold(id)? },
            Call::Show { hold: id } => Command::ShowHold { hold: hold(id)? },
            Call::Book { hold: id } => Command::Book { hold: hold(id)?, payment: payment(order.token) },
            Call::Cancel { booking } => {
                Command::Cancel { booking: booking.parse::<BookingId>().ok()?.part, seats: None }
            }
        })
    }

    fn outcome(&self, order: &Order, reply: Reply) -> Outcome {
        let event = order.event;
        match (reply, &order.call) {
            (Reply::Hold(view), _) => self.held(event, &view),
            (Reply::Released, _) | (Reply::Booking(_) | Reply::Pending(_), Call::Cancel { .. }) => {
                Outcome::Done
            }
            (Reply::Declined, _) => refusal("payment-declined"),
            (Reply::Booking(view) | Reply::Pending(view), _) => {
                let booking = booking(&self.stage, BookingId::new(event, view.number), &view.booking);
                // As over HTTP: what was cancelled before it was booked is told as what it is.
                match booking.status {
                    BookingStatus::Cancelled if view.booking.booked_at.is_none() => {
                        refusal("payment-timeout")
                    }
                    _ => Outcome::Booked(booking),
                }
            }
            (Reply::SeatsChanged | Reply::Heard | Reply::Closed, _) => {
                Outcome::Malformed { why: "nobody asked for this".into() }
            }
        }
    }

    fn held(&self, event: EventId, view: &HoldView) -> Outcome {
        let place = self.stage.place_of(event);
        let tickets = view.tickets.iter().map(|ticket| self.stage.ticket(place, ticket.seat)).collect();
        Outcome::Held { hold: HoldId::new(event, view.hold).to_string(), tickets }
    }
}

fn payment(token: &str) -> PaymentTerms {
    let method = PaymentMethod { provider: "simulated".into(), token: token.into() };
    PaymentTerms { method, timeout_ms: PAYMENT_MS }
}

fn refused(why: &Refusal) -> Outcome {
    refusal(why.code())
}

fn refusal(code: &str) -> Outcome {
    Outcome::Refused { status: 409, code: code.into() }
}

/// A booking as the history knows it.
pub(crate) fn booking(stage: &Stage, id: BookingId, booking: &event::Booking) -> Booking {
    let place = stage.place_of(id.event);
    let status = match booking.status {
        event::BookingStatus::Pending => BookingStatus::Pending,
        event::BookingStatus::Booked => BookingStatus::Booked,
        event::BookingStatus::Cancelled => BookingStatus::Cancelled,
    };
    let code = |ticket: &event::SoldTicket| match ticket.code {
        Some(code) if !ticket.cancelled => format!("{:02x?}", code.0),
        _ => String::new(),
    };
    let tickets =
        booking.tickets.iter().map(|ticket| (stage.ticket(place, ticket.seat), code(ticket))).collect();
    Booking { id: id.to_string(), owner: stage.owner(booking.buyer), status, tickets }
}
