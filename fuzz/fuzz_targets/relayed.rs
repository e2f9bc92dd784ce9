//! Requests that another node relays, and their answers.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onsale::fuzzed::relayed(bytes));
