//! Counts of other nodes, addresses of proxies.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onsale::fuzzed::limits(bytes));
