//! The onsale node.

pub mod config;
pub mod http;
