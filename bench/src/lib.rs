//! onsale-bench: traces, the open-loop replay, the history checker and the reports.
//!
//! A trace ([`trace`]) says who comes when and wants what. The replay ([`replay`]) lets them all come to a node that
//! it knows only through the HTTP contract, and records every call in a [`history`]. The [`checker`] says from the
//! history alone whether the node kept its promises, and [`report`] puts verdict and figures before a reader.
//! How soon those who watch an event learn of a change is measured by [`live`], how fast it is read by [`reads`].
//! How fast one node holds seats is measured by [`load`], against what it could be at best on the same machine; what
//! several nodes do together, and after a death, by [`cluster`]; what others make of the same attempts is found out by
//! `peers`, behind the feature of that name.

pub mod ambient;
pub mod checker;
pub mod cluster;
pub mod history;
pub mod live;
pub mod load;
pub mod logins;
#[cfg(feature = "peers")]
pub mod peers;
pub mod plan;
pub mod progress;
pub mod reads;
pub mod replay;
pub mod report;
pub mod rng;
#[cfg(feature = "peers")]
pub mod search;
pub mod stadium;
pub mod stats;
pub mod trace;
