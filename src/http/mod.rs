//! The public face of the node: HTTP and JSON, and nothing behind them. Step ① and step ⑦.

pub mod envelope;
pub mod extract;
pub mod problem;
pub mod wire;
