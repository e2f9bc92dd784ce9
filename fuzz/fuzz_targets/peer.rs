//! What services of nodes say to each other.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cluster::fuzzed::peer(bytes));
