//! A small history, told operation by operation, and what the checker finds in it.
//! Instants are seconds; an operation at `t` is sent at `t` and answered a tenth of a second later.

use super::{Kind, Limits, check};
use crate::history::{
    Account, Audit, Booking, BookingRead, BookingStatus, Call, History, Key, ListRead, MapRead, Operation,
    Outcome, Owner, SeatRead, SeatStatus, Ticket, Want,
};

pub(super) const ANN: Account = Account(0);
pub(super) const BOB: Account = Account(1);
pub(super) const A: Ticket = Ticket(0);
pub(super) const B: Ticket = Ticket(1);
pub(super) const TTL_US: u64 = 30_000_000;

pub(super) fn us(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

#[derive(Default)]
pub(super) struct Story {
    pub(super) history: History,
}

impl Story {
    pub(super) fn new() -> Self {
        let history = History {
            tickets: vec!["A/1/1".into(), "A/1/2".into()],
            accounts: vec!["usr_ann".into(), "usr_bob".into()],
            ..History::default()
        };
        Self { history }
    }

    pub(super) fn op(mut self, account: Account, at: f64, call: Call, outcome: Outcome) -> Self {
        self.history.operations.push(Operation {
            account,
            key: Key(self.history.operations.len() as u64),
            attempts: 1,
            intended_us: us(at),
            invoked_us: us(at),
            ended_us: us(at + 0.1),
            call,
            outcome,
        });
        self
    }

    /// The last operation took several attempts.
    pub(super) fn retried(mut self) -> Self {
        self.last().attempts = 3;
        self
    }

    /// The last operation carried the key of the one before.
    pub(super) fn same_key(mut self) -> Self {
        let key = self.history.operations[self.history.operations.len() - 2].key;
        self.last().key = key;
        self
    }

    pub(super) fn last(&mut self) -> &mut Operation {
        self.history.operations.last_mut().unwrap()
    }

    pub(super) fn hold(self, account: Account, at: f64, id: &str, tickets: &[Ticket]) -> Self {
        let call = Call::Hold { want: Want::Exact(tickets.to_vec()), ttl_us: TTL_US };
        self.op(account, at, call, Outcome::Held { hold: id.into(), tickets: tickets.to_vec() })
    }

    pub(super) fn book(self, account: Account, at: f64, hold: &str, id: &str, tickets: &[Ticket]) -> Self {
        self.op(account, at, Call::Book { hold: hold.into() }, Outcome::Booked(booking(account, id, tickets)))
    }

    pub(super) fn book_gives(self, account: Account, at: f64, hold: &str, outcome: Outcome) -> Self {
        self.op(account, at, Call::Book { hold: hold.into() }, outcome)
    }

    pub(super) fn release(self, account: Account, at: f64, hold: &str, outcome: Outcome) -> Self {
        self.op(account, at, Call::Release { hold: hold.into() }, outcome)
    }

    pub(super) fn show(self, account: Account, at: f64, hold: &str, tickets: &[Ticket]) -> Self {
        let shown = Outcome::Held { hold: hold.into(), tickets: tickets.to_vec() };
        self.op(account, at, Call::Show { hold: hold.into() }, shown)
    }

    pub(super) fn change(
        self,
        account: Account,
        at: f64,
        (add, remove): (Ticket, Ticket),
        outcome: Outcome,
    ) -> Self {
        let call = Call::Change { hold: "h1".into(), add: vec![add], remove: vec![remove] };
        self.op(account, at, call, outcome)
    }

    pub(super) fn cancel(self, account: Account, at: f64, booking: &str, outcome: Outcome) -> Self {
        self.op(account, at, Call::Cancel { booking: booking.into() }, outcome)
    }

    pub(super) fn audit(mut self) -> Self {
        self.history.audits.push(Audit::default());
        self
    }

    pub(super) fn map(mut self, at: f64, seats: &[(Ticket, SeatStatus, Owner)]) -> Self {
        let read = |(ticket, status, owner): &(Ticket, SeatStatus, Owner)| SeatRead {
            ticket: *ticket,
            status: *status,
            owner: owner.clone(),
        };
        let seats = seats.iter().map(read).collect();
        let map = MapRead { invoked_us: us(at), ended_us: us(at + 0.1), seats };
        self.history.audits.last_mut().unwrap().maps.push(map);
        self
    }

    pub(super) fn list(mut self, account: Account, bookings: Vec<Booking>) -> Self {
        let list = ListRead { account, ended_us: us(900.0), bookings };
        self.history.audits.last_mut().unwrap().lists.push(list);
        self
    }

    pub(super) fn read(mut self, account: Account, id: &str, booking: Option<Booking>) -> Self {
        let read = BookingRead { account, id: id.into(), ended_us: us(900.0), booking };
        self.history.audits.last_mut().unwrap().bookings.push(read);
        self
    }

    /// The kinds of violation that were found, each with its number.
    pub(super) fn found(&self) -> Vec<(Kind, u64)> {
        let verdict = check(&self.history, &Limits::default());
        verdict.counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    pub(super) fn is_clean(&self) {
        assert_eq!(self.found(), []);
    }

    pub(super) fn breaks(&self, kind: Kind) {
        assert_eq!(self.found(), [(kind, 1)]);
    }
}

pub(super) fn booking(owner: Account, id: &str, tickets: &[Ticket]) -> Booking {
    let code = |ticket: &Ticket| (*ticket, format!("code-{id}-{}", ticket.0));
    let tickets = tickets.iter().map(code).collect();
    Booking { id: id.into(), owner: Owner::Buyer(owner), status: BookingStatus::Booked, tickets }
}

pub(super) fn with_status(mut booking: Booking, status: BookingStatus) -> Booking {
    booking.status = status;
    booking
}

pub(super) fn refused(code: &str) -> Outcome {
    Outcome::Refused { status: 409, code: code.into() }
}

pub(super) fn unknown() -> Outcome {
    Outcome::Unknown { why: "connection reset".into() }
}

pub(super) fn by(account: Account) -> Owner {
    Owner::Buyer(account)
}
