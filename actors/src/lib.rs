//! The actix shells of onsale: one owner an event, and the workers beside it.
//!
//! ④ A command finds its event's actor through [`Owners`], which spawns it on demand on an injected [`Executor`]. The
//! actor decides on a state that runs ahead of the journal; each answer is released when its facts have committed.
//! Nothing here knows HTTP, raft or sled: both sides meet at `domain::ports`.

mod answer;
mod event;
mod executor;
mod inbox;
mod outbox;
mod owners;
mod payment_worker;
mod shell;

pub use answer::{Answer, Answered, Fault};
pub use executor::{Arbiters, CurrentThread, Executor, LocalFuture, Start};
pub use owners::Owners;
pub use shell::{Observer, Shell};

#[cfg(test)]
#[path = "test/mod.rs"]
mod test;
