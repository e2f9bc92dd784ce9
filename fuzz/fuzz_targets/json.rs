//! Bodies in JSON, seat plans among them.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onsale::fuzzed::json(bytes));
