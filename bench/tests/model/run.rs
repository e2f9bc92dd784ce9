//! Lets random buyers loose on the seller, in virtual time, over a network that delays and loses, with crashes.

use super::seller::{Fault, Seller, State};
use bench::checker::{Limits, settled_at_us};
use bench::history::{
    Account, Audit, BookingRead, Call, History, Key, ListRead, MapRead, Operation, Outcome, Ticket, Want,
};
use bench::rng::Rng;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

const SEATS: u32 = 24;
const ACCOUNTS: u32 = 5;
const VISITS: usize = 160;
const TTL_US: u64 = 4_000_000;
const TIMEOUT_US: u64 = 900_000;
const CRASHES: u64 = 6;
const SPREAD_US: u64 = 40_000_000;

enum Step {
    Arrive(usize),
    Call(usize, Call),
    Repeat(usize),
    Execute { op: usize, attempt: u32 },
    Commit { epoch: u32, state: Box<State> },
    Answer { op: usize, attempt: u32, epoch: u32, outcome: Outcome },
    Timeout { op: usize, attempt: u32 },
    Crash,
}

struct Run {
    rng: Rng,
    now_us: u64,
    /// When what happens, ties in order of planning.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    steps: HashMap<usize, Step>,
    planned: usize,
    seller: Seller,
    epoch: u32,
    committed_us: u64,
    /// Operations, each with its visit, and whether it is over.
    ops: Vec<(usize, Operation, bool)>,
    accounts: Vec<Account>,
}

/// Plays one seed against a seller with this fault.
pub(crate) fn play(fault: Fault, seed: u64) -> History {
    let mut rng = Rng::new(seed);
    let accounts = (0..VISITS).map(|_| Account(rng.below(u64::from(ACCOUNTS)) as u32)).collect();
    let mut run = Run {
        seller: Seller::new(fault, SEATS, ACCOUNTS, rng.bits()),
        rng,
        now_us: 0,
        due: BinaryHeap::new(),
        steps: HashMap::new(),
        planned: 0,
        epoch: 0,
        committed_us: 0,
        ops: Vec::new(),
        accounts,
    };
    for visit in 0..VISITS {
        let at_us = run.rng.below(SPREAD_US);
        run.plan(at_us, Step::Arrive(visit));
    }
    for _ in 0..CRASHES {
        let at_us = run.rng.below(SPREAD_US);
        run.plan(at_us, Step::Crash);
    }
    while let Some(Reverse((at_us, number))) = run.due.pop() {
        run.now_us = at_us;
        let step = run.steps.remove(&number).expect("every planned step is kept until it is due");
        run.step(step);
    }
    run.audited()
}

impl Run {
    fn plan(&mut self, at_us: u64, step: Step) {
        self.planned += 1;
        self.steps.insert(self.planned, step);
        self.due.push(Reverse((at_us, self.planned)));
    }

    fn after(&mut self, least_us: u64, spread_us: u64) -> u64 {
        self.now_us + least_us + self.rng.below(spread_us)
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Arrive(visit) => {
                let want = if self.rng.chance(0.5) {
                    let first = self.rng.below(u64::from(SEATS) - 1) as u32;
                    Want::Exact(vec![Ticket(first), Ticket(first + 1)])
                } else {
                    Want::Best(1 + self.rng.below(3) as u32)
                };
                self.begin(visit, Call::Hold { want, ttl_us: TTL_US }, None);
            }
            Step::Call(visit, call) => self.begin(visit, call, None),
            Step::Repeat(op) => {
                let (visit, first, _) = &self.ops[op];
                let (visit, call, key) = (*visit, first.call.clone(), first.key);
                self.begin(visit, call, Some(key));
            }
            Step::Execute { op, attempt } => self.execute(op, attempt),
            Step::Commit { epoch, state } if epoch == self.epoch => self.seller.commit(*state),
            Step::Answer { op, attempt, epoch, outcome }
                if epoch == self.epoch && attempt == self.ops[op].1.attempts =>
            {
                self.finish(op, outcome);
            }
            Step::Timeout { op, attempt } if attempt == self.ops[op].1.attempts && !self.ops[op].2 => {
                if attempt < 3 {
                    self.attempt(op);
                } else {
                    self.finish(op, Outcome::Unknown { why: "timeout".into() });
                }
            }
            Step::Crash => {
                self.epoch += 1;
                self.seller.crash();
            }
            _ => {}
        }
    }

    fn begin(&mut self, visit: usize, call: Call, key: Option<Key>) {
        let op = Operation {
            account: self.accounts[visit],
            key: key.unwrap_or(Key(self.ops.len() as u64)),
            attempts: 0,
            intended_us: self.now_us,
            invoked_us: self.now_us,
            ended_us: 0,
            call,
            outcome: Outcome::Unsent,
        };
        self.ops.push((visit, op, false));
        self.attempt(self.ops.len() - 1);
    }

    fn attempt(&mut self, op: usize) {
        self.ops[op].1.attempts += 1;
        let attempt = self.ops[op].1.attempts;
        if !self.rng.chance(0.05) {
            // Most requests arrive soon; a few only after the client has tried again or given up.
            let spread_us = if self.rng.chance(0.05) { 3_000_000 } else { 20_000 };
            let at_us = self.after(200, spread_us);
            self.plan(at_us, Step::Execute { op, attempt });
        }
        let at_us = self.now_us + TIMEOUT_US;
        self.plan(at_us, Step::Timeout { op, attempt });
    }

    fn execute(&mut self, op: usize, attempt: u32) {
        let (_, known, _) = &self.ops[op];
        let outcome = self.seller.execute(known.account, known.key, &known.call, self.now_us);
        let epoch = self.epoch;
        let mut answer_us = self.after(100, 5_000);
        if outcome.is_acknowledged() {
            let waits = self.seller.fault != Fault::AcknowledgesBeforeCommit;
            // A seller that does not wait for its disk has a long tail to lose.
            let commit_us = self.after(if waits { 1_000 } else { 2_000_000 }, 80_000).max(self.committed_us);
            self.committed_us = commit_us;
            self.plan(commit_us, Step::Commit { epoch, state: Box::new(self.seller.state.clone()) });
            if waits {
                answer_us += commit_us - self.now_us;
            }
        }
        if !self.rng.chance(0.08) {
            self.plan(answer_us, Step::Answer { op, attempt, epoch, outcome });
        }
    }

    fn finish(&mut self, op: usize, outcome: Outcome) {
        if self.ops[op].2 {
            return;
        }
        let (visit, known, over) = &mut self.ops[op];
        *over = true;
        known.ended_us = self.now_us;
        known.outcome = outcome.clone();
        let visit = *visit;
        if outcome.is_acknowledged() && self.rng.chance(0.1) {
            let at_us = self.after(0, 1_000_000);
            self.plan(at_us, Step::Repeat(op));
        }
        let next = match (&self.ops[op].1.call, outcome) {
            (Call::Hold { .. }, Outcome::Held { hold, tickets }) => match self.rng.below(10) {
                0..5 => Call::Book { hold },
                5 => Call::Extend { hold, ttl_us: TTL_US },
                6 => Call::Release { hold },
                7 => self.swap(hold, &tickets),
                8 => Call::Show { hold },
                _ => return,
            },
            (Call::Extend { .. } | Call::Change { .. }, Outcome::Held { hold, .. }) => Call::Book { hold },
            (Call::Book { .. }, Outcome::Booked(booking)) if self.rng.chance(0.4) => {
                Call::Cancel { booking: booking.id }
            }
            _ => return,
        };
        // Some think for longer than their hold lasts.
        let at_us = self.after(10_000, TTL_US * 5 / 4);
        self.plan(at_us, Step::Call(visit, next));
    }

    fn swap(&mut self, hold: String, tickets: &[Ticket]) -> Call {
        let other = Ticket(self.rng.below(u64::from(SEATS)) as u32);
        let add = if tickets.contains(&other) { vec![] } else { vec![other] };
        Call::Change { hold, add, remove: tickets[..1].to_vec() }
    }

    fn audited(mut self) -> History {
        let mut history = History {
            tickets: (0..SEATS).map(|seat| format!("A/1/{seat}")).collect(),
            accounts: (0..ACCOUNTS).map(|account| format!("usr_{account}")).collect(),
            operations: self.ops.iter().map(|(_, op, _)| op.clone()).collect(),
            ..History::default()
        };
        history.audits.push(self.audit(&history));
        self.now_us = self.now_us.max(settled_at_us(&history, &Limits::default()) + 1);
        history.audits.push(self.audit(&history));
        history
    }

    fn audit(&mut self, history: &History) -> Audit {
        let (invoked_us, ended_us) = (self.now_us, self.now_us + 1_000);
        let accounts = (0..ACCOUNTS).map(Account);
        let list = |account| ListRead { account, ended_us, bookings: self.seller.bookings_of(account) };
        let lists: Vec<ListRead> = accounts.map(list).collect();
        let acknowledged = history.operations.iter().filter_map(|op| match &op.outcome {
            Outcome::Booked(booking) => Some((op.account, booking.id.clone())),
            _ => None,
        });
        let read = |(account, id): (Account, String)| {
            let own = self.seller.bookings_of(account).into_iter();
            BookingRead { account, ended_us, booking: own.clone().find(|booking| booking.id == id), id }
        };
        let bookings = acknowledged.map(read).collect();
        let maps = vec![MapRead { invoked_us, ended_us, seats: self.seller.map(invoked_us) }];
        Audit { maps, lists, bookings }
    }
}
