//! Batches of holds in their binary form.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cluster::fuzzed::wire(bytes));
