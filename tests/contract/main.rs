//! The contract over a cluster of three nodes and a gateway: every call of it up to selling, each asked of another node; and
//! what surrounds every request, for browsers and for whoever reads the logs.

mod edge;
#[path = "../support/mod.rs"]
mod support;
mod walk;
