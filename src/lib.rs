//! The onsale node.

pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dispatch;
pub mod gateway;
pub mod http;
pub mod listings;
pub mod metrics;
pub mod secrets;
