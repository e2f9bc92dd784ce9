//! Records and chunks of the journal.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cluster::fuzzed::journal(bytes));
