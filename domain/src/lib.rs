//! The pure core of onsale: what a sale is, what may happen to it, and what did.
//!
//! No clock, no randomness, no I/O, no threads: everything here is a function of its arguments. The shells (`actors`,
//! `cluster`, the node) provide what [`ports`] asks for.

pub mod account;
pub mod catalogue;
pub mod event;
pub mod ids;
pub mod invalid;
pub mod money;
pub mod planted;
pub mod ports;
pub mod seat_map;
pub mod time;
pub mod views;
