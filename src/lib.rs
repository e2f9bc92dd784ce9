//! The onsale node.

pub mod http;
