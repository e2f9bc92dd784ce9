//! The onsale node.

pub mod auth;
pub mod clock;
pub mod config;
pub mod http;
pub mod secrets;
