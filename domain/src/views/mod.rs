//! ⑧ Read models: pure folds of committed facts.

mod seat_history;

pub use seat_history::SeatHistory;
