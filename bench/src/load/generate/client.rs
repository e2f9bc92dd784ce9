//! One client of the generator: a connection and what is sent over it.
//!
//! Owns: a visit, which is one request, or a hold and its booking where holds are confirmed.

use super::Bench;
use super::line::Line;
use crate::load::lane::Lane;
use crate::load::mix::{Mix, Outcome};
use crate::replay::http::IDEMPOTENCY_KEY;
use crate::replay::wire::{Created, parse};
use hyper::Uri;
use hyper::body::Bytes;
use serde_json::json;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{sleep, sleep_until};

/// After a fault, before the next request: a dead server must not be asked a million times.
const PAUSE_AFTER_FAULT: Duration = Duration::from_millis(10);
/// Of so many answers, one is looked into.
const SAMPLE: usize = 256;

/// A connection with its buyers.
pub(super) struct Client {
    bench: Rc<Bench>,
    lane: Lane,
}

impl Client {
    pub(super) fn new(bench: Rc<Bench>) -> Self {
        let lane = Lane::new(&bench.drive.authority);
        Self { bench, lane }
    }

    /// The closed loop: until the window ends or nothing is left to ask for.
    pub(super) async fn send_and_send_again(mut self) {
        self.connect().await;
        loop {
            let from_us = self.bench.clock.now_us();
            if from_us >= self.bench.window.until_us || !self.visit(from_us).await {
                return;
            }
        }
    }

    /// The open loop: whatever is in line, until it is closed.
    pub(super) async fn serve_the_line(mut self, line: Rc<Line>) {
        self.connect().await;
        while let Some(due_us) = line.next().await {
            if !self.visit(due_us).await {
                return;
            }
        }
    }

    async fn connect(&mut self) {
        if let Err(fault) = self.lane.open().await {
            self.bench.tally.borrow_mut().blame(|| format!("{fault:#}"));
        }
        sleep_until(self.bench.clock.at(self.bench.starts_us)).await;
    }

    /// Sends the next order, which was due at `from_us`; false when there is none.
    async fn visit(&mut self, from_us: u64) -> bool {
        let Some(number) = self.bench.drive.orders.take() else {
            self.bench.tally.borrow_mut().is_dry = true;
            return false;
        };
        let outcome = match self.ask(number).await {
            Ok(outcome) => outcome,
            Err(fault) => {
                self.bench.tally.borrow_mut().blame(|| format!("{fault:#}"));
                sleep(PAUSE_AFTER_FAULT).await;
                Outcome { faults: 1, ..Outcome::default() }
            }
        };
        let now_us = self.bench.clock.now_us();
        if self.bench.window.contains(now_us) {
            self.bench.tally.borrow_mut().add(outcome, now_us.saturating_sub(from_us));
        }
        true
    }

    async fn ask(&mut self, number: usize) -> anyhow::Result<Outcome> {
        let mix = self.bench.drive.mix;
        let (status, body) = self.lane.send(self.bench.drive.orders.request(number)).await?;
        let outcome = mix.outcome(status, &body);
        self.look_into(number, status, &body, outcome);
        if mix == Mix::HoldConfirm && outcome.holds == 1 {
            return self.confirm(number, &body).await;
        }
        Ok(outcome)
    }

    /// Pays for the hold in `body`; the visit is worth a hold when both calls succeeded.
    async fn confirm(&mut self, number: usize, body: &Bytes) -> anyhow::Result<Outcome> {
        let hold: Created = parse(body).map_err(anyhow::Error::msg)?;
        let payment = json!({ "provider": "test", "token": "tok_visa" });
        let body = json!({ "holdId": hold.id, "payment": payment }).to_string();
        let orders = &self.bench.drive.orders;
        let mut request = orders.post(number, Uri::from_static("/bookings"), body.into());
        if let Some(key) = orders.confirming_key(number) {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        }
        let (status, body) = self.lane.send(request).await?;
        let booked = Mix::HoldConfirm.outcome(status, &body);
        self.blame_faults(status, &body, booked);
        Ok(Outcome { answers: 2, ..booked })
    }

    fn look_into(&self, number: usize, status: u16, body: &Bytes, outcome: Outcome) {
        self.blame_faults(status, body, outcome);
        let drive = &self.bench.drive;
        if drive.is_checked
            && number.is_multiple_of(SAMPLE)
            && let Err(what) = drive.mix.check(status, body)
        {
            self.bench.tally.borrow_mut().blame(|| what);
        }
    }

    fn blame_faults(&self, status: u16, body: &Bytes, outcome: Outcome) {
        if outcome.faults > 0 {
            let text = || format!("an answer {status}: {}", String::from_utf8_lossy(body));
            self.bench.tally.borrow_mut().blame(text);
        }
    }
}
