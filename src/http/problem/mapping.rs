//! Refusals and faults of the other crates, each with its problem.
