//! What a run did and saw: the only thing that the checker is given.
//!
//! Owns: the record of every operation (when it was sent, when answered, what the answer was) and of what was read
//! afterwards. Not: whether any of it is right; that is [`crate::checker`].
//! Hazard: instants are microseconds of the client's monotonic clock and bound the node's doing only from outside:
//! whatever an operation did, it did between `invoked_us` and `ended_us`, or, when its fate is unknown, later.

/// A seat at an event, as a position in [`History::tickets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u32);

/// A buyer's account, as a position in [`History::accounts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(pub u32);

/// An idempotency key, unique within the run and its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

/// Everything that a run did and saw.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Names of tickets, for people to read.
    pub tickets: Vec<String>,
    /// The node's ids of the accounts.
    pub accounts: Vec<String>,
    /// Tickets that were not available before the run: nothing here explains what becomes of them.
    pub taken_before: Vec<Ticket>,
    /// Every operation, in any order.
    pub operations: Vec<Operation>,
    /// What was read after the last operation, the last audit being final: read when no hold can still be alive.
    pub audits: Vec<Audit>,
}

/// One call of a buyer, with all its attempts under one idempotency key.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Who called.
    pub account: Account,
    /// The key that every attempt carried.
    pub key: Key,
    /// How often it was sent; none when it never got a connection.
    pub attempts: u32,
    /// When it was meant to be sent; latency counts from here.
    pub intended_us: u64,
    /// When the first attempt was sent.
    pub invoked_us: u64,
    /// When the answer was there, or the client gave up.
    pub ended_us: u64,
    /// What was asked for.
    pub call: Call,
    /// What came of it.
    pub outcome: Outcome,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Hold seats for `ttl_us`.
    Hold {
        /// Which.
        want: Want,
        /// For how long.
        ttl_us: u64,
    },
    /// Let a hold last `ttl_us` from now.
    Extend {
        /// Which hold.
        hold: String,
        /// How long from now.
        ttl_us: u64,
    },
    /// Change the tickets of a hold.
    Change {
        /// Which hold.
        hold: String,
        /// Tickets to add.
        add: Vec<Ticket>,
        /// Tickets to give back.
        remove: Vec<Ticket>,
    },
    /// Give a hold back.
    Release {
        /// Which hold.
        hold: String,
    },
    /// Look at a hold.
    Show {
        /// Which hold.
        hold: String,
    },
    /// Pay for a hold.
    Book {
        /// Which hold.
        hold: String,
    },
    /// Cancel a booking.
    Cancel {
        /// Which booking.
        booking: String,
    },
}

/// Which seats a hold should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// These and no others.
    Exact(Vec<Ticket>),
    /// So many, whichever are best.
    Best(u32),
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Acknowledged: the hold, with all its tickets.
    Held {
        /// The hold's id.
        hold: String,
        /// Its tickets.
        tickets: Vec<Ticket>,
    },
    /// Acknowledged: the booking.
    Booked(Booking),
    /// Acknowledged, with nothing to tell: released, or cancelled.
    Done,
    /// A business no, or a request that the node found wrong.
    Refused {
        /// HTTP status.
        status: u16,
        /// The problem's code.
        code: String,
    },
    /// Nobody knows: the connection died, time ran out, or the node said that it does not know either.
    Unknown {
        /// What happened to the last attempt.
        why: String,
    },
    /// It was never sent.
    Unsent,
    /// A success that does not say what a success must say.
    Malformed {
        /// What is wrong with it.
        why: String,
    },
}

/// A booking as the node shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The booking's id.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// Its state.
    pub status: BookingStatus,
    /// Its tickets with their codes, in the order of the tickets.
    pub tickets: Vec<(Ticket, String)>,
}

/// The state of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingStatus {
    /// The payment has not settled.
    Pending,
    /// Paid.
    Booked,
    /// Void.
    Cancelled,
}

/// The state of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatStatus {
    /// For sale.
    Available,
    /// In somebody's hold.
    Held,
    /// Sold.
    Booked,
    /// Kept by the house.
    Blocked,
}

/// Who the node says something belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// An account of this run.
    Buyer(Account),
    /// Somebody else, by id.
    Stranger(String),
    /// The node did not say.
    Untold,
}

/// Everything that was read at one time after the run.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Whole seat maps.
    pub maps: Vec<MapRead>,
    /// Each account's list of bookings.
    pub lists: Vec<ListRead>,
    /// Acknowledged bookings, read one by one.
    pub bookings: Vec<BookingRead>,
}

/// One reading of one event's seats.
#[derive(Clone, Debug)]
pub struct MapRead {
    /// When it was asked for.
    pub invoked_us: u64,
    /// When it was there.
    pub ended_us: u64,
    /// Every seat of the event.
    pub seats: Vec<SeatRead>,
}

/// A seat on a map that was read.
#[derive(Clone, Debug)]
pub struct SeatRead {
    /// Which.
    pub ticket: Ticket,
    /// Its state.
    pub status: SeatStatus,
    /// Who holds it or has bought it.
    pub owner: Owner,
}

/// One reading of an account's bookings.
#[derive(Clone, Debug)]
pub struct ListRead {
    /// Whose list.
    pub account: Account,
    /// When it was there.
    pub ended_us: u64,
    /// What it said.
    pub bookings: Vec<Booking>,
}

/// One reading of one booking by the buyer to whom it was acknowledged.
#[derive(Clone, Debug)]
pub struct BookingRead {
    /// Who asked.
    pub account: Account,
    /// For which booking.
    pub id: String,
    /// When the answer was there.
    pub ended_us: u64,
    /// The answer; none when it was `not-found`.
    pub booking: Option<Booking>,
}

impl Outcome {
    /// Whether the node said yes.
    pub fn is_acknowledged(&self) -> bool {
        matches!(self, Self::Held { .. } | Self::Booked(_) | Self::Done)
    }
}

impl Operation {
    /// Whether the node may have done what was asked, so far as the client can tell: it said so, it said nothing, or
    /// it refused a later attempt after an earlier one had gone unanswered.
    pub fn may_have_happened(&self) -> bool {
        match self.outcome {
            Outcome::Unsent => false,
            Outcome::Refused { .. } => self.attempts > 1,
            _ => true,
        }
    }
}

impl Call {
    /// The word for this kind of call.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Hold { .. } => "hold",
            Self::Extend { .. } => "extend",
            Self::Change { .. } => "change",
            Self::Release { .. } => "release",
            Self::Show { .. } => "show",
            Self::Book { .. } => "book",
            Self::Cancel { .. } => "cancel",
        }
    }

    /// The hold or booking that the call is about; nothing for a new hold.
    pub fn subject(&self) -> &str {
        match self {
            Self::Hold { .. } => "",
            Self::Extend { hold, .. }
            | Self::Change { hold, .. }
            | Self::Release { hold }
            | Self::Show { hold }
            | Self::Book { hold } => hold,
            Self::Cancel { booking } => booking,
        }
    }
}

impl Booking {
    /// The tickets without their codes, in order.
    pub fn seats(&self) -> Vec<Ticket> {
        let mut seats: Vec<Ticket> = self.tickets.iter().map(|(ticket, _)| *ticket).collect();
        seats.sort_unstable();
        seats
    }
}
