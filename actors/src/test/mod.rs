//! The actors over a journal that commits when the test says so, on one thread and in tokio's paused time.

mod closing;
mod deadlines;
mod journal;
mod payments;
mod scenes;
mod telling;
mod world;
