//! One buyer of a crowd: holds a seat, now and then pays, thinks, comes again.
//!
//! Owns: that an attempt that was not answered is repeated under the same Idempotency-Key, at the next node, until it
//! is. `Retry-After` counts whole seconds and is not waited for: what is measured is when selling goes on.

use super::crowd::{Ack, Shared, Stall};
use crate::replay::http::{Answer, Ask};
use crate::replay::wire::{Created, Problem, parse};
use hyper::Method;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// An attempt without an answer is given up after this.
const ATTEMPT: Duration = Duration::from_millis(1_500);
/// A node whose connection broke is not asked for so long, as any load balancer would have it.
const AVOIDED_US: u64 = 2_000_000;

/// A buyer's idea of which nodes answer.
struct Nodes {
    home: usize,
    avoided_until_us: Vec<u64>,
}

/// What came of asking until it was answered.
struct Answered {
    answer: Answer,
    sent_us: u64,
}

/// Until the crowd goes home.
pub(super) async fn buy_and_buy_again(shared: Arc<Shared>, number: usize) {
    let targets = shared.client.targets();
    let mut nodes = Nodes { home: number % targets, avoided_until_us: vec![0; targets] };
    let mut visits = number;
    while !shared.is_over() {
        if let Some((stall, ticket)) = shared.next(number) {
            visits += 1;
            visit(&shared, &mut nodes, visits, &stall, ticket).await;
        }
        sleep(shared.habits.think).await;
    }
}

async fn visit(shared: &Shared, nodes: &mut Nodes, visits: usize, stall: &Arc<Stall>, ticket: usize) {
    let buyer = ticket % shared.tokens.len();
    let token = &shared.tokens[buyer];
    let key = format!("{}-{}-{ticket}", shared.prefix, stall.event);
    let hold = Ask::new(Method::POST, format!("/events/{}/holds", stall.event));
    let hold = hold.bearer(token).json(&json!({ "ticketIds": [stall.tickets[ticket]] }));
    let began_us = shared.clock.now_us();
    let Some(held) = ask(shared, nodes, &hold.key(key.clone())).await else { return };
    let at_us = shared.clock.now_us();
    let index = {
        let mut log = shared.log();
        log.longest_us = log.longest_us.max(at_us - began_us);
        let ack = Ack { stall: stall.clone(), ticket, buyer, sent_us: held.sent_us, at_us, is_paid: false };
        log.acks.push(ack);
        log.acks.len() - 1
    };
    let pays = shared.habits.pays_every > 0 && visits.is_multiple_of(shared.habits.pays_every);
    let id = parse::<Created>(&held.answer.body);
    if let (true, Ok(hold)) = (pays, id) {
        let payment = json!({ "provider": "test", "token": "tok_visa" });
        let book = Ask::new(Method::POST, "/bookings").bearer(token).key(format!("{key}-pay"));
        let book = book.json(&json!({ "holdId": hold.id, "payment": payment }));
        if ask(shared, nodes, &book).await.is_some() {
            shared.log().acks[index].is_paid = true;
        }
    }
}

/// Asks until there is a success; none when it was refused for good, or the crowd went home meanwhile.
async fn ask(shared: &Shared, nodes: &mut Nodes, ask: &Ask) -> Option<Answered> {
    for attempt in 0.. {
        let (sent_us, target) = (shared.clock.now_us(), nodes.pick(attempt, shared.clock.now_us()));
        let lane = shared.client.lane_to(target).await;
        match timeout(ATTEMPT, lane.send(ask)).await {
            Err(_) => shared.log().attempts.silent += 1,
            Ok(Err(_)) => {
                nodes.avoided_until_us[target] = shared.clock.now_us() + AVOIDED_US;
                shared.log().attempts.broken += 1;
            }
            Ok(Ok(answer)) => match worth(shared, &answer) {
                Worth::Success => return Some(Answered { answer, sent_us }),
                Worth::Refused => return None,
                Worth::Again => {}
            },
        }
        if shared.is_over() {
            return None;
        }
        sleep(shared.habits.think).await;
    }
    None
}

enum Worth {
    Success,
    Refused,
    Again,
}

/// Counts an answer, and says whether it stands.
fn worth(shared: &Shared, answer: &Answer) -> Worth {
    let attempts = &mut shared.log().attempts;
    match answer.status {
        200..300 => {
            attempts.answered += 1;
            return Worth::Success;
        }
        503 | 429 => {
            attempts.busy += 1;
            return Worth::Again;
        }
        _ => {}
    }
    let problem: Problem = parse(&answer.body).unwrap_or_default();
    if answer.status == 409 && problem.code == "idempotency-in-flight" {
        attempts.answered += 1;
        return Worth::Again;
    }
    // Nobody else asks for this seat, and nothing here is malformed: no refusal is right.
    attempts.faults += 1;
    let Problem { code, detail } = problem;
    attempts.fault.get_or_insert_with(|| format!("an answer {} {code}: {detail}", answer.status));
    if answer.status >= 500 { Worth::Again } else { Worth::Refused }
}

impl Nodes {
    /// The node for an attempt: one's own first, then the others in turn, but for those that are down.
    fn pick(&self, attempt: usize, now_us: u64) -> usize {
        let count = self.avoided_until_us.len();
        let turn = |step: usize| (self.home + attempt + step) % count;
        (0..count).map(turn).find(|node| self.avoided_until_us[*node] <= now_us).unwrap_or(turn(0))
    }
}

#[cfg(test)]
mod test {
    use super::Nodes;

    #[test]
    fn attempts_go_round_and_leave_out_who_is_down() {
        let mut nodes = Nodes { home: 1, avoided_until_us: vec![0; 3] };
        assert_eq!([0, 1, 2, 3].map(|attempt| nodes.pick(attempt, 10)), [1, 2, 0, 1]);
        nodes.avoided_until_us[1] = 20;
        assert_eq!((nodes.pick(0, 10), nodes.pick(0, 20)), (2, 1));
        nodes.avoided_until_us = vec![20; 3];
        assert_eq!(nodes.pick(0, 10), 1);
    }
}
