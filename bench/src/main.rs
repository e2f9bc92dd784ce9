//! The `onsale-bench` command.

fn main() {}
