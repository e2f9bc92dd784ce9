//! One buyer's visit: hold, think, and then pay, leave, cancel or give back.
//!
//! Owns: the order of a visit's calls and what each answer becomes in the history.

use super::caller::Called;
use super::http::Ask;
use super::stage::{Event, Stage};
use super::wire::{BookingAnswer, HoldAnswer, Problem, parse};
use crate::history::{Account, BookingStatus, Call, Key, Operation, Outcome, Ticket, Want};
use crate::trace::{Ending, Preference, Session};
use hyper::Method;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::time::sleep_until;

/// A call that has not succeeded this long after it was meant to be made is given up.
const PATIENCE_US: u64 = 30_000_000;
/// A refused buyer looks around for so long before asking again.
const LOOK_AROUND_US: f64 = 1_000_000.0;
/// The timer rings on whole milliseconds; that much of a delay is the client's own and no latency.
const TIMER_GRAIN_US: u64 = 1_000;
/// Every so many buyers, one sends each call a second time with the same key, as an impatient person does.
const IMPATIENT_EVERY: usize = 50;

struct Visit {
    stage: Arc<Stage>,
    number: usize,
    account: Account,
}

/// Plays one session, which was due at `due_us`.
pub(super) async fn visit(stage: Arc<Stage>, number: usize, session: Session, due_us: u64) {
    let account = stage.account_of(number);
    let visit = Visit { stage, number, account };
    visit.play(&session, due_us).await;
    visit.stage.tally.leave();
}

impl Visit {
    async fn play(&self, session: &Session, due_us: u64) {
        let Some((hold, held_us)) = self.get_hold(session, due_us).await else { return };
        if session.outcome == Ending::Abandon {
            return;
        }
        let think_us = (session.think_ms as f64 * 1_000.0 / self.stage.speed) as u64;
        let thought_us = self.wait_until(held_us + think_us).await;
        if session.outcome == Ending::Release {
            self.call(Call::Release { hold }, thought_us).await;
            return;
        }
        let Outcome::Booked(booking) = self.call(Call::Book { hold }, thought_us).await.0 else { return };
        if session.outcome == Ending::Cancel {
            let now_us = self.stage.clock().now_us();
            let thought_us = self.wait_until(now_us + think_us).await;
            self.call(Call::Cancel { booking: booking.id }, thought_us).await;
        }
    }

    /// Asks for seats, as often as the run allows; the hold and when it was there.
    async fn get_hold(&self, session: &Session, due_us: u64) -> Option<(String, u64)> {
        let event = self.stage.events.get(&session.event)?;
        let mut due_us = self.stage.clock().now_us().min(due_us + TIMER_GRAIN_US);
        for attempt in 1..=self.stage.attempts {
            match self.hold(event, session, due_us).await {
                (Outcome::Held { hold, .. }, held_us) => return Some((hold, held_us)),
                (Outcome::Refused { status: 409, .. }, refused_us) if attempt < self.stage.attempts => {
                    due_us = self.wait_until(refused_us + (LOOK_AROUND_US / self.stage.speed) as u64).await;
                }
                _ => return None,
            }
        }
        None
    }

    async fn hold(&self, event: &Event, session: &Session, due_us: u64) -> (Outcome, u64) {
        let mut body = json!({ "ttlSeconds": self.stage.ttl_seconds });
        let want = match &session.preference {
            Preference::Seats(seats) => {
                let tickets: Vec<Ticket> =
                    seats.iter().filter_map(|seat| event.seats.get(seat).copied()).collect();
                let ids: Vec<&str> =
                    tickets.iter().map(|ticket| self.stage.ticket_ids[ticket.0 as usize].as_str()).collect();
                body["ticketIds"] = json!(ids);
                Want::Exact(tickets)
            }
            Preference::Section(section) => {
                body["bestAvailable"] = json!({ "quantity": session.quantity, "section": section });
                Want::Best(session.quantity)
            }
            Preference::Best => {
                body["bestAvailable"] = json!({ "quantity": session.quantity });
                Want::Best(session.quantity)
            }
        };
        let ask = Ask::new(Method::POST, format!("/events/{}/holds", event.id)).json(&body);
        let call = Call::Hold { want, ttl_us: u64::from(self.stage.ttl_seconds) * 1_000_000 };
        self.send(call, ask, due_us).await
    }

    async fn call(&self, call: Call, due_us: u64) -> (Outcome, u64) {
        let ask = match &call {
            Call::Release { hold } => Ask::new(Method::DELETE, format!("/holds/{hold}")),
            Call::Show { hold } => Ask::new(Method::GET, format!("/holds/{hold}")),
            Call::Cancel { booking } => Ask::new(Method::DELETE, format!("/bookings/{booking}")),
            other => {
                let payment = json!({ "provider": "test", "token": "tok_visa" });
                let body = json!({ "holdId": other.subject(), "payment": payment });
                Ask::new(Method::POST, "/bookings").json(&body)
            }
        };
        self.send(call, ask, due_us).await
    }

    /// Makes a call and records it; the outcome, and when it was there.
    async fn send(&self, call: Call, ask: Ask, due_us: u64) -> (Outcome, u64) {
        let key = Key(self.stage.keys.fetch_add(1, Ordering::Relaxed));
        let token = &self.stage.login(self.account).token;
        let ask = ask.bearer(token).key(format!("{}-{}", self.stage.prefix, key.0));
        let first = self.send_once(&call, &ask, key, due_us).await;
        if self.number.is_multiple_of(IMPATIENT_EVERY) && first.0.is_acknowledged() {
            self.send_once(&call, &ask, key, self.stage.clock().now_us()).await;
        }
        first
    }

    async fn send_once(&self, call: &Call, ask: &Ask, key: Key, due_us: u64) -> (Outcome, u64) {
        let called = self.stage.caller.call(ask, due_us + PATIENCE_US).await;
        let outcome = self.outcome(call, &called);
        self.stage.record(Operation {
            account: self.account,
            key,
            attempts: called.attempts,
            intended_us: due_us,
            invoked_us: called.invoked_us,
            ended_us: called.ended_us,
            call: call.clone(),
            outcome: outcome.clone(),
        });
        (outcome, called.ended_us)
    }

    fn outcome(&self, call: &Call, called: &Called) -> Outcome {
        let answer = match &called.result {
            Ok(answer) => answer,
            Err(_) if called.attempts == 0 => return Outcome::Unsent,
            Err(why) => return Outcome::Unknown { why: why.clone() },
        };
        match answer.status {
            200..300 => self
                .success(call, answer.status, &answer.body)
                .unwrap_or_else(|why| Outcome::Malformed { why }),
            400..500 => {
                let problem: Problem = parse(&answer.body).unwrap_or_default();
                Outcome::Refused { status: answer.status, code: problem.code }
            }
            status => Outcome::Unknown { why: format!("answered {status}") },
        }
    }

    fn success(&self, call: &Call, status: u16, body: &[u8]) -> Result<Outcome, String> {
        let ids = &self.stage.ids;
        let expected: &[u16] = match call {
            Call::Hold { .. } => &[201],
            Call::Book { .. } => &[201, 202],
            Call::Release { .. } => &[204],
            Call::Cancel { .. } | Call::Extend { .. } | Call::Change { .. } | Call::Show { .. } => &[200],
        };
        if !expected.contains(&status) {
            return Err(format!("{} was answered {status}, not {}", call.word(), expected[0]));
        }
        match call {
            Call::Release { .. } => Ok(Outcome::Done),
            Call::Book { .. } => Ok(Outcome::Booked(ids.booking(&parse::<BookingAnswer<'_>>(body)?)?)),
            Call::Cancel { .. } => {
                let booking = ids.booking(&parse::<BookingAnswer<'_>>(body)?)?;
                match booking.status {
                    BookingStatus::Cancelled => Ok(Outcome::Done),
                    other => Err(format!("booking {} was cancelled, and is {other:?}", booking.id)),
                }
            }
            _ => {
                let hold: HoldAnswer<'_> = parse(body)?;
                Ok(Outcome::Held { hold: hold.id.into_owned(), tickets: ids.tickets(&hold.tickets)? })
            }
        }
    }

    /// Sleeps; the instant from which the next call's latency counts.
    async fn wait_until(&self, due_us: u64) -> u64 {
        let clock = self.stage.clock();
        if due_us > clock.now_us() {
            sleep_until(clock.at(due_us)).await;
        }
        clock.now_us().min(due_us + TIMER_GRAIN_US)
    }
}
