//! A seller of a few seats in memory, correct or broken in one planted way. Time is whatever it is told.

use bench::history::{
    Account, Booking, BookingStatus, Call, Key, Outcome, Owner, SeatRead, SeatStatus, Ticket, Want,
};
use bench::rng::Rng;
use std::collections::{BTreeMap, HashMap};

/// What is wrong with the seller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Answers before the change would survive a crash.
    AcknowledgesBeforeCommit,
    /// Never ends a hold by itself.
    SkipsExpiry,
    /// Ends holds at half their time.
    ExpiresEarly,
    /// Numbers its holds from the start again after a crash.
    ReusesHoldIds,
    /// Comes back from a crash without its last few changes.
    LosesTail,
    /// Comes back from a crash with bookings in another buyer's name.
    GivesBookingsAway,
    /// Sometimes takes a held seat for an available one.
    SellsTwice,
    /// Sometimes books for another buyer than the one who pays.
    BooksForAnother,
    /// Does not remember idempotency keys.
    ForgetsKeys,
    /// Says that a booking is cancelled and keeps it.
    IgnoresCancellations,
    /// Gives every ticket of a seat the same code.
    RepeatsCodes,
}

#[derive(Clone, Debug)]
struct Hold {
    account: Account,
    tickets: Vec<Ticket>,
    deadline_us: u64,
    created_us: u64,
}

/// What survives a crash once it is committed.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    holds: BTreeMap<String, Hold>,
    bookings: BTreeMap<String, (Account, Booking)>,
    answers: HashMap<(Account, Key), Outcome>,
    holds_made: u64,
    bookings_made: u64,
}

pub(crate) struct Seller {
    pub(crate) fault: Fault,
    pub(crate) state: State,
    seats: u32,
    accounts: u32,
    rng: Rng,
    committed: Vec<State>,
}

fn no(code: &str) -> Outcome {
    Outcome::Refused { status: 409, code: code.into() }
}

impl Seller {
    pub(crate) fn new(fault: Fault, seats: u32, accounts: u32, seed: u64) -> Self {
        let committed = vec![State::default()];
        Self { fault, state: State::default(), seats, accounts, rng: Rng::new(seed), committed }
    }

    /// Whether the fault strikes this time.
    fn strikes(&mut self, fault: Fault) -> bool {
        self.fault == fault && self.rng.chance(0.25)
    }

    pub(crate) fn commit(&mut self, state: State) {
        self.committed.push(state);
    }

    /// Falls back to what was committed.
    pub(crate) fn crash(&mut self) {
        let lost = if self.fault == Fault::LosesTail { 6 } else { 0 };
        let kept = self.committed.len().saturating_sub(lost).max(1);
        self.committed.truncate(kept);
        self.state = self.committed[kept - 1].clone();
        if self.fault == Fault::ReusesHoldIds {
            self.state.holds_made = 0;
        }
        if self.fault == Fault::GivesBookingsAway {
            let accounts = self.accounts;
            for (owner, booking) in self.state.bookings.values_mut() {
                *owner = Account((owner.0 + 1) % accounts);
                booking.owner = Owner::Buyer(*owner);
            }
        }
    }

    pub(crate) fn execute(&mut self, account: Account, key: Key, call: &Call, now_us: u64) -> Outcome {
        self.expire(now_us);
        if let Some(answer) = self.state.answers.get(&(account, key)) {
            return answer.clone();
        }
        let outcome = match call {
            Call::Hold { want, ttl_us } => self.hold(account, want, *ttl_us, now_us),
            Call::Extend { hold, ttl_us } => self.on_hold(account, hold, |hold| {
                hold.deadline_us = (now_us + ttl_us).min(hold.created_us + 1_800_000_000);
            }),
            Call::Change { hold, add, remove } => self.change(account, hold, add, remove),
            Call::Release { hold } => match self.own(account, hold) {
                Some(_) => {
                    self.state.holds.remove(hold);
                    Outcome::Done
                }
                None => no("hold-expired"),
            },
            Call::Show { hold } => match self.own(account, hold) {
                Some(own) => Outcome::Held { hold: hold.clone(), tickets: own.tickets.clone() },
                None => no("hold-expired"),
            },
            Call::Book { hold } => self.book(account, hold),
            Call::Cancel { booking } => self.cancel(account, booking),
        };
        if outcome.is_acknowledged() && self.fault != Fault::ForgetsKeys {
            self.state.answers.insert((account, key), outcome.clone());
        }
        outcome
    }

    fn expire(&mut self, now_us: u64) {
        if self.fault != Fault::SkipsExpiry {
            self.state.holds.retain(|_, hold| hold.deadline_us > now_us);
        }
    }

    fn own(&self, account: Account, hold: &str) -> Option<&Hold> {
        self.state.holds.get(hold).filter(|hold| hold.account == account)
    }

    fn status(&self, ticket: Ticket) -> (SeatStatus, Owner) {
        let booked = self.state.bookings.values().find(|(_, booking)| {
            booking.status == BookingStatus::Booked && booking.seats().contains(&ticket)
        });
        if let Some((owner, _)) = booked {
            return (SeatStatus::Booked, Owner::Buyer(*owner));
        }
        match self.state.holds.values().find(|hold| hold.tickets.contains(&ticket)) {
            Some(hold) => (SeatStatus::Held, Owner::Buyer(hold.account)),
            None => (SeatStatus::Available, Owner::Untold),
        }
    }

    fn is_free(&mut self, ticket: Ticket) -> bool {
        match self.status(ticket).0 {
            SeatStatus::Available => true,
            SeatStatus::Held => self.strikes(Fault::SellsTwice),
            _ => false,
        }
    }

    fn hold(&mut self, account: Account, want: &Want, ttl_us: u64, now_us: u64) -> Outcome {
        let tickets = match want {
            Want::Exact(tickets) => {
                if !tickets.iter().all(|ticket| self.is_free(*ticket)) {
                    return no("seat-unavailable");
                }
                tickets.clone()
            }
            Want::Best(quantity) => {
                let free: Vec<Ticket> =
                    (0..self.seats).map(Ticket).filter(|ticket| self.is_free(*ticket)).collect();
                if free.len() < *quantity as usize {
                    return no("sold-out");
                }
                free[..*quantity as usize].to_vec()
            }
        };
        self.state.holds_made += 1;
        let id = format!("hld_{}", self.state.holds_made);
        let lasts_us = if self.fault == Fault::ExpiresEarly { ttl_us / 2 } else { ttl_us };
        let deadline_us = now_us + lasts_us;
        let hold = Hold { account, tickets: tickets.clone(), deadline_us, created_us: now_us };
        self.state.holds.insert(id.clone(), hold);
        Outcome::Held { hold: id, tickets }
    }

    fn on_hold(&mut self, account: Account, id: &str, change: impl FnOnce(&mut Hold)) -> Outcome {
        match self.state.holds.get_mut(id).filter(|hold| hold.account == account) {
            Some(hold) => {
                change(hold);
                Outcome::Held { hold: id.to_owned(), tickets: hold.tickets.clone() }
            }
            None => no("hold-expired"),
        }
    }

    fn change(&mut self, account: Account, id: &str, add: &[Ticket], remove: &[Ticket]) -> Outcome {
        if self.own(account, id).is_some() && !add.iter().all(|ticket| self.is_free(*ticket)) {
            return no("seat-unavailable");
        }
        self.on_hold(account, id, |hold| {
            hold.tickets.retain(|ticket| !remove.contains(ticket));
            hold.tickets.extend_from_slice(add);
        })
    }

    fn book(&mut self, account: Account, hold: &str) -> Outcome {
        let Some(held) = self.own(account, hold).cloned() else { return no("hold-expired") };
        if self.fault != Fault::ForgetsKeys {
            self.state.holds.remove(hold);
        }
        self.state.bookings_made += 1;
        let number = self.state.bookings_made;
        let id = format!("bkg_{number}");
        let issue = if self.fault == Fault::RepeatsCodes { 0 } else { number };
        let tickets =
            held.tickets.iter().map(|ticket| (*ticket, format!("code{issue}.{}", ticket.0))).collect();
        let booking =
            Booking { id: id.clone(), owner: Owner::Buyer(account), status: BookingStatus::Booked, tickets };
        let stranger = self.strikes(Fault::BooksForAnother);
        let owner = if stranger { Account((account.0 + 1) % self.accounts) } else { account };
        let stored = Booking { owner: Owner::Buyer(owner), ..booking.clone() };
        self.state.bookings.insert(id, (owner, stored));
        Outcome::Booked(booking)
    }

    fn cancel(&mut self, account: Account, id: &str) -> Outcome {
        let ignores = self.fault == Fault::IgnoresCancellations;
        match self.state.bookings.get_mut(id).filter(|(owner, _)| *owner == account) {
            None => no("not-found"),
            Some((_, booking)) if booking.status == BookingStatus::Cancelled => no("already-cancelled"),
            Some((_, booking)) => {
                if !ignores {
                    booking.status = BookingStatus::Cancelled;
                }
                Outcome::Done
            }
        }
    }

    pub(crate) fn map(&mut self, now_us: u64) -> Vec<SeatRead> {
        self.expire(now_us);
        let read = |ticket| {
            let (status, owner) = self.status(ticket);
            SeatRead { ticket, status, owner }
        };
        (0..self.seats).map(Ticket).map(read).collect()
    }

    pub(crate) fn bookings_of(&self, account: Account) -> Vec<Booking> {
        let own = self.state.bookings.values().filter(|(owner, _)| *owner == account);
        own.map(|(_, booking)| booking.clone()).collect()
    }
}
