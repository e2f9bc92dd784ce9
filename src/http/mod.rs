//! The public face of the node: HTTP and JSON, and nothing behind them. Step ① and step ⑦.

pub mod admin;
mod app;
mod audited;
pub mod auth;
pub mod cache;
pub(crate) mod catalogue_batch;
mod charge_bodies;
mod cors;
mod descriptors;
mod early;
pub mod envelope;
mod event_change;
mod event_seats;
mod event_view;
mod events;
pub mod extract;
mod front;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
mod identity;
mod leftover;
mod new_event;
mod openapi;
pub mod page;
pub(crate) mod peers;
mod performers;
mod pretix_plan;
pub mod problem;
mod relay;
mod router;
mod search;
mod search_filter;
mod seat_plan;
mod seats_now;
mod selling;
mod server;
pub mod ticket;
mod users;
mod venues;
mod webhooks;
pub mod wire;

pub use app::{App, Parts, Readiness};
pub use front::Front;
pub use identity::Identities;
pub use server::{Serving, serve};
pub use users::Resets;
