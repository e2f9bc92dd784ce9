//! Commands that another node forwards, and their outcomes.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onsale::fuzzed::forwarded(bytes));
