//! What Stripe tells, or somebody in its name.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| onsale::fuzzed::stripe(bytes));
