//! Session traces and rates in CSV.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onsale::fuzzed::trace(bytes));
