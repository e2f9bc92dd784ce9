//! ⑧ Read models folded from committed facts, on nodes that have no replica of what they show: the feed of seats.
//!
//! `source` tells other nodes how the seats of an event change here; `feeds` keeps what this node was told of the events
//! that it is asked about, one `feed` an event however many ask, by the one task in `following`, over one `line` to
//! each node. `counts` asks for the counts of a page of events without following any. `wire` has the words. `node_seats` is for
//! whoever does not care whether the seats are from a replica here or from a feed.
//!
//! Owns how old what is shown may be, and says so. Hazard: nothing here decides anything. A feed is a little behind its
//! sale, so a seat that it shows free may be gone, and the only "no" that may rest on it is that of a buyer who may as
//! well have come a quarter of a second earlier.

mod counts;
mod feed;
mod feeds;
mod following;
mod line;
mod node_seats;
mod remote_clock;
mod replicas;
mod source;
mod statuses;
#[cfg(test)]
pub(crate) mod testing;
mod wire;

pub use counts::{COUNTS_SERVICE, Known, answer as answer_counts};
pub use feed::{FRESH, Seen};
pub use feeds::{Feeds, Figures};
pub use node_seats::NodeSeats;
pub use replicas::{Replicas, Seats};
pub use source::Source;
pub use statuses::Statuses;
pub use wire::SEATS_SERVICE;
