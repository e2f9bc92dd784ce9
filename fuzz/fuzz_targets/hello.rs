//! The first words of a node on a connection.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cluster::fuzzed::hello(bytes));
