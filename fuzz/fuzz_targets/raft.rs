//! What the replicas of a group say to each other.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cluster::fuzzed::raft(bytes));
