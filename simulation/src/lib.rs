//! The simulation: whole nodes in one thread, over simulated disks, clocks, networks and payment providers, broken in
//! every way that a seed says, and judged by the history checker.
//!
//! Read it in the order of a run: [`run`] builds the world and lets it go, `faults` says what breaks when, `node` is a
//! node's process and `machine` what outlives it, `buyers` are those who want seats, `judge` says whether every promise
//! was kept. [`many`] runs seeds, each in a process of its own.
//!
//! Hazard: a seed must give the same run wherever and whenever it is run. So nothing here may ask the machine for time or
//! randomness, and no thread may be started: `entropy` is the only source, and turmoil's the only time.

mod audit;
mod buyers;
mod client;
mod clock;
mod dice;
mod door;
mod entropy;
mod executor;
mod faults;
mod judge;
mod machine;
pub mod many;
mod network;
mod node;
mod provider;
mod replicas;
pub mod run;
mod stage;
mod trace;
mod troubles;
