//! Three nodes as real processes on loopback, and all that can happen to them: kills, pauses, lost data, damage, clocks
//! that are off, operators. After each scene the checker says whether every promise was kept, and the replicas whether
//! they say the same.

#![allow(clippy::print_stdout, reason = "what was measured on the way is for people")]

#[path = "../support/mod.rs"]
mod support;

mod by_hand;
mod clocks;
mod damage;
mod failover;
mod full_disk;
mod gateways;
mod majority;
mod operators;
mod refused;
mod replaced;
