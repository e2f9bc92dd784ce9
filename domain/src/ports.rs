//! What the shells provide to each other, said in the core's own words: `actors` uses these traits, `cluster` and the
//! node implement them, and neither names the other. Futures are boxed because the traits are used as objects.

use core::future::Future;
use core::pin::Pin;
use std::sync::Arc;

use crate::event::{Booking, Channel, Delivery, NextAction, Notice, PaymentMethod, Sale, SaleTerms, Stamped};
use crate::ids::{BookingNumber, DeliveryId, EventId};
use crate::money::Currency;
use crate::seat_map::SeatMap;
use crate::time::{Reading, SharedTime};

/// A future that any thread may finish.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The clocks of this machine.
pub trait Clock: Send + Sync {
    /// Both clocks, read together.
    fn read(&self) -> Reading;
}

/// A clock that stands still: for measurements and tests in which time is of no matter.
#[derive(Debug, Clone, Copy)]
pub struct StoppedClock(pub Reading);

impl Clock for StoppedClock {
    fn read(&self) -> Reading {
        self.0
    }
}

/// Unguessable bytes.
pub trait Random: Send + Sync {
    /// Fills `bytes` with randomness fit for secrets.
    fn fill(&self, bytes: &mut [u8]);
}

/// The raft term in which an owner was born: its fencing token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub u64);

/// Facts of one event on their way into the journal.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Whose facts they are.
    pub event: EventId,
    /// The term the proposing owner was born in; a later leader never commits them.
    pub term: Term,
    /// How many facts of the event came before; `apply` skips the batch when that is no longer so.
    pub base: u64,
    /// What happened, in order. Empty: a barrier that is done when everything proposed before it is.
    pub facts: Vec<Stamped>,
}

/// Why the journal did not take or keep a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalFault {
    /// Its queue is full: nothing was taken, a retry is safe.
    Full,
    /// This node is not the owner in that term (any more); the proposal can no longer commit, or its fate is settled
    /// by the next owner.
    NotOwner,
    /// The node is stopping or its disk failed: nothing more will be acknowledged.
    Closed,
}

impl core::fmt::Display for JournalFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Full => "the journal's queue is full",
            Self::NotOwner => "this node does not own the event",
            Self::Closed => "the journal is closed",
        })
    }
}

impl core::error::Error for JournalFault {}

/// Called once when a proposal's fate is known: `Ok` means that a majority has it on disk and that it has been applied
/// here. Runs on a thread of the journal: it must not block or wait.
pub type Done = Box<dyn FnOnce(Result<(), JournalFault>) + Send>;

/// A place in the journal's queue: whoever has it can propose, whatever comes meanwhile. Proposals of one event commit
/// in the order in which they are put into their places.
pub type Place = Box<dyn FnOnce(Proposal, Done) + Send>;

/// What a new owner begins with.
#[derive(Debug)]
pub struct Opened {
    /// The term of this ownership.
    pub term: Term,
    /// The sale as replicated; `None` before its first fact.
    pub sale: Option<Sale>,
    /// The time of the event's shard, which goes on from one owner to the next.
    pub time: SharedTime,
}

/// The replicated journal of all events.
pub trait Journal: Send + Sync {
    /// Takes a place in the queue for a proposal of `event`; dropped unused it is free again. Asked for before anything is
    /// decided, so that what was decided is never turned away.
    ///
    /// # Errors
    /// [`JournalFault::Full`] or [`JournalFault::Closed`].
    fn reserve(&self, event: EventId) -> Result<Place, JournalFault>;

    /// The state and term to own `event` with, read only after everything proposed before for it has been applied or
    /// can no longer commit.
    fn open(&self, event: EventId) -> BoxFuture<Result<Opened, JournalFault>>;

    /// The term in which this node owns `event` right now, or `None`: asks nobody, and holds only as long as a majority
    /// cannot have chosen another owner.
    fn term(&self, event: EventId) -> Option<Term>;

    /// The events owned here whose sales need an owner even when nobody asks: they have holds to expire or outside
    /// work to finish.
    fn busy(&self) -> Vec<EventId>;
}

/// What the directory says of an event when its sale opens.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Prices and rules.
    pub terms: SaleTerms,
    /// The seats, shared by all events of the venue.
    pub map: Arc<SeatMap>,
    /// The directory's revision of the event.
    pub revision: u64,
    /// The event will not take place: nothing more is to be sold.
    pub cancelled: bool,
}

/// The directory, as an owner needs it.
pub trait Listings: Send + Sync {
    /// The listing of `event`, or `None` where the directory knows no such event.
    fn listing(&self, event: EventId) -> BoxFuture<Result<Option<Listing>, JournalFault>>;

    /// The same, as of now and not of a moment ago: for an event of which nothing was sold yet.
    fn latest(&self, event: EventId) -> BoxFuture<Result<Option<Listing>, JournalFault>> {
        self.listing(event)
    }

    /// The revision of `event` as this node knows it, at once; `None` where it knows no such event.
    fn revision(&self, event: EventId) -> Option<u64>;
}

/// A charge to be made or undone at a payment provider. The idempotency key of every outside call is made from these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The event whose booking is paid.
    pub event: EventId,
    /// The booking, and so the payment.
    pub booking: BookingNumber,
    /// How many attempts to pay it came before this one.
    pub attempt: u32,
    /// What the provider calls the charge, where that is known.
    pub reference: Option<String>,
    /// Minor units.
    pub amount_minor: i64,
    /// Of this currency.
    pub currency: Currency,
    /// Which provider and means of payment.
    pub method: PaymentMethod,
}

/// Where the money of a charge is, as its provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// The money is set aside.
    Granted,
    /// The same, and the charge has this name.
    GrantedAs(String),
    /// The means of payment was refused; no money is set aside, nor will be.
    Declined,
    /// The buyer has to do something first.
    ActionRequired {
        /// What.
        action: NextAction,
        /// The name of the charge.
        reference: String,
    },
}

/// What came of taking money that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capture {
    /// It was taken.
    Taken,
    /// It is there no more, and was never taken.
    Gone,
}

/// A payment provider. Every call may be made again with the same arguments after a crash and must then have one effect.
pub trait PaymentGateway: Send + Sync {
    /// Sets the money aside. May take for ever; the caller has its own deadline.
    fn authorize(&self, charge: Charge) -> BoxFuture<Authorization>;
    /// Waits until the buyer has done what was required of them.
    fn settled(&self, charge: Charge) -> BoxFuture<Authorization> {
        self.authorize(charge)
    }
    /// What was set aside after all, of a charge whose time is over; `None` where nothing was.
    fn set_aside_late(&self, _charge: Charge) -> BoxFuture<Option<Authorization>> {
        Box::pin(core::future::ready(None))
    }
    /// Takes what was authorized.
    fn capture(&self, charge: Charge) -> BoxFuture<Capture>;
    /// Lets go of what was or may yet be authorized.
    fn void(&self, charge: Charge) -> BoxFuture<()>;
    /// Gives back `amount_minor` of what was captured; `attempt` tells several refunds of one payment apart.
    fn refund(&self, charge: Charge, amount_minor: i64, attempt: u32) -> BoxFuture<()>;
    /// Whether the provider is heard twice about this charge.
    fn repeats_itself(&self, _charge: &Charge) -> bool {
        false
    }
}

/// A mail to one person, written out.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Made of our ids and the same whenever this mail is sent again, so that receivers can drop the repeat. Letters,
    /// digits, `_`, `-` and `.` only: it becomes the left side of the Message-ID.
    pub id: String,
    /// How the person wants to be called.
    pub name: String,
    /// Their address.
    pub address: String,
    /// One line.
    pub subject: String,
    /// For readers of plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl core::fmt::Debug for Mail {
    /// Whom it goes to and what it says stay out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Mail({})", self.id)
    }
}

/// Why something was not sent. The words name no person: they are logged and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendFault {
    /// It may go well later.
    Later(String),
    /// It never will, as it is.
    Never(String),
}

impl core::fmt::Display for SendFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Later(why) | Self::Never(why) => f.write_str(why),
        }
    }
}

impl core::error::Error for SendFault {}

/// Whoever carries mail. `Ok` means that it is out of our hands; after a fault it may have gone out all the same, and
/// goes out again under the same id.
pub trait Mailer: Send + Sync {
    /// Sends `mail`; ends within a minute.
    fn send(&self, mail: Mail) -> BoxFuture<Result<(), SendFault>>;
}

/// A delivery with what is needed to write it out. Everything outside that it causes carries its id.
#[derive(Debug, Clone)]
pub struct Errand {
    /// Which; its event is the one that there is something to tell of.
    pub id: DeliveryId,
    /// What, how, and since when.
    pub delivery: Delivery,
    /// The booking that it is about, as it is now.
    pub booking: Option<Box<Booking>>,
}

/// What a delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// The receiver has it.
    Sent,
    /// There is nobody to send it to.
    NobodyThere,
}

/// How long, and how often, is tried what fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Persistence {
    /// Before the second try; each further one waits about twice as long as the one before.
    pub first_retry_ms: u64,
    /// But no longer than this.
    pub longest_retry_ms: u64,
    /// What is older is given up.
    pub give_up_after_ms: u64,
}

/// Whoever tells people and programs what has happened. At least once: whatever is sent may be sent again after a crash.
pub trait Courier: Send + Sync {
    /// The channels by which `notice` of `event` is told at this moment; asked on the actor's thread, so it must not block.
    fn ways(&self, event: EventId, notice: &Notice) -> Vec<Channel>;
    /// How stubborn it is.
    fn persistence(&self) -> Persistence;
    /// Sends; ends within a minute or two.
    fn deliver(&self, errand: Errand) -> BoxFuture<Result<Delivered, SendFault>>;
}

/// Tells nobody anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCourier;

impl Courier for NoCourier {
    fn ways(&self, _event: EventId, _notice: &Notice) -> Vec<Channel> {
        Vec::new()
    }

    fn persistence(&self) -> Persistence {
        Persistence { first_retry_ms: 1_000, longest_retry_ms: 60_000, give_up_after_ms: 0 }
    }

    fn deliver(&self, _errand: Errand) -> BoxFuture<Result<Delivered, SendFault>> {
        Box::pin(core::future::ready(Ok(Delivered::NobodyThere)))
    }
}
