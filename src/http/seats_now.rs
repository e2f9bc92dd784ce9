//! ⑧ The seats of an event at one moment, copied out of committed state so that nothing is rendered under its lock; or,
//! where this node has none, out of the feed.
//!
//! Hazard: a feed knows of no holders. Who is to be told of them is answered by a node with a replica.

use std::time::Duration;

use axum::http::header::AGE;
use axum::response::Response;
use domain::event::{BookingStatus, Closing, Counts, Progress, Sale, SeatStatus};
use domain::ids::{SeatIndex, UserId};

use super::auth::Customer;
use super::ticket::{Holder, Told};
use crate::projections::Seen;

/// What a reader may know of holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Only what everybody sees.
    Anyone,
    /// Which seats are their own.
    Customer(UserId),
    /// Everything: the organizer of the event, and operators.
    Insider(UserId),
}

impl Reader {
    /// What `caller` may know of an event by `organizer`.
    pub(super) fn of(caller: Option<Customer>, organizer: UserId) -> Self {
        match caller {
            None => Self::Anyone,
            Some(caller) if caller.runs_event_of(organizer) => Self::Insider(caller.user),
            Some(caller) => Self::Customer(caller.user),
        }
    }

    fn may_know(self, holder: UserId) -> bool {
        match self {
            Self::Anyone => false,
            Self::Customer(own) => own == holder,
            Self::Insider(_) => true,
        }
    }

    fn is_told(self, holder: Holder) -> Told {
        match self {
            Self::Anyone => Told::Nothing,
            Self::Customer(_) => Told::Mine,
            Self::Insider(own) => Told::All(holder, own == holder.user),
        }
    }
}

/// Seconds from which on it is worth saying how old the seats are.
const OLD: Duration = Duration::from_secs(1);

/// The seats of a sale, as one reader sees them.
#[derive(Debug)]
pub(super) struct SeatsNow {
    /// Grows with every change.
    pub(super) version: u64,
    /// How many are in each status.
    pub(super) counts: Counts,
    /// Of a cancelled event, for its organizer: how far its bookings are cancelled.
    pub(super) progress: Option<Progress>,
    statuses: Vec<SeatStatus>,
    /// Of the seats whose holders the reader may know, in order.
    holders: Vec<(SeatIndex, Holder)>,
    /// Those that were withdrawn, in order, where the reader may know which.
    killed: Vec<SeatIndex>,
    reader: Reader,
    /// How long ago they were so, where this node has it from another one that has fallen silent.
    age: Option<Duration>,
}

impl SeatsNow {
    /// The seats of an event without a replica here, as the feed has them.
    pub(super) fn seen(Seen { seats: seen, age }: Seen, seats: u32) -> Self {
        let age = Some(age).filter(|age| *age >= OLD);
        if seen.statuses.seats() == 0 {
            return Self { age, ..Self::read(None, seats, Reader::Anyone) };
        }
        Self {
            version: seen.version,
            counts: seen.statuses.counts(),
            progress: None,
            statuses: seen.statuses.iter().collect(),
            holders: Vec::new(),
            killed: Vec::new(),
            reader: Reader::Anyone,
            age,
        }
    }

    /// `response` with the age of the seats, where that is worth saying.
    pub(super) fn dated(age: Option<Duration>, mut response: Response) -> Response {
        if let Some(age) = age {
            response.headers_mut().insert(AGE, age.as_secs().into());
        }
        response
    }

    /// The same, so old.
    pub(super) fn aged(self, age: Option<Duration>) -> Self {
        Self { age, ..self }
    }

    /// How many of them the reader is told are withdrawn: what was kept before can be so without another version.
    pub(super) fn killed(&self) -> usize {
        self.killed.len()
    }

    /// How old they are, where that is worth saying.
    pub(super) fn age(&self) -> Option<Duration> {
        self.age
    }

    /// The seats of `sale`; of a sale that nobody has asked anything of yet, all `seats` are free.
    pub(super) fn read(sale: Option<&Sale>, seats: u32, reader: Reader) -> Self {
        let Some(sale) = sale else {
            let counts = Counts { available: seats, ..Counts::default() };
            let statuses = vec![SeatStatus::Available; seats as usize];
            let (holders, killed) = (Vec::new(), Vec::new());
            return Self { version: 0, counts, progress: None, statuses, holders, killed, reader, age: None };
        };
        let holders = if reader == Reader::Anyone { Vec::new() } else { holders(sale, reader) };
        let killed = if matches!(reader, Reader::Insider(_)) { sale.killed().collect() } else { Vec::new() };
        Self {
            version: sale.version(),
            counts: sale.counts(),
            progress: progress(sale, reader),
            statuses: sale.statuses().collect(),
            holders,
            killed,
            reader,
            age: None,
        }
    }

    /// The status of `seat`, and what the reader is told of its holder.
    pub(super) fn of(&self, seat: SeatIndex) -> (SeatStatus, Told) {
        let status = self.statuses.get(seat.number() as usize).copied().unwrap_or(SeatStatus::Blocked);
        let told = match self.holders.binary_search_by_key(&seat, |(seat, _)| *seat) {
            Ok(at) => self.reader.is_told(self.holders[at].1),
            Err(_) if self.killed.binary_search(&seat).is_ok() => Told::Killed,
            Err(_) => Told::Nothing,
        };
        (status, told)
    }
}

fn progress(sale: &Sale, reader: Reader) -> Option<Progress> {
    let told = matches!(reader, Reader::Insider(_)) && sale.closing() == Some(Closing::Cancelled);
    told.then(|| sale.progress())
}

fn holders(sale: &Sale, reader: Reader) -> Vec<(SeatIndex, Holder)> {
    let holds = sale.holds().filter(|(_, hold)| reader.may_know(hold.buyer)).flat_map(|(_, hold)| {
        let holder = Holder { user: hold.buyer, since: hold.created_at };
        hold.tickets.iter().map(move |ticket| (ticket.seat, holder))
    });
    let sold = |status| status == BookingStatus::Booked;
    let bookings = sale
        .bookings()
        .filter(|(_, booking)| sold(booking.status) && reader.may_know(booking.buyer))
        .flat_map(|(_, booking)| {
            let holder =
                Holder { user: booking.buyer, since: booking.booked_at.unwrap_or(booking.created_at) };
            let live = booking.tickets.iter().filter(|ticket| !ticket.cancelled);
            live.map(move |ticket| (ticket.seat, holder))
        });
    let mut all: Vec<_> = holds.chain(bookings).collect();
    all.sort_unstable_by_key(|(seat, _)| *seat);
    all
}
