//! The proof of the sale: a scene to play commands in, an independent twin that plays them too, and properties over
//! random plays. The tests of single decisions stand beside those, in `decide/*_test.rs`.
//!
//! `PROPTEST_CASES` asks for more cases than the defaults, which fit into a debug build's patience.

mod best_naive;
mod best_property;
mod halls;
mod plays;
mod plays_property;
mod requests;
pub(in crate::event) mod scene;
mod stage;
mod twin;
mod twin_holds;
mod twin_house;
mod twin_later;
mod twin_payments;

use proptest::test_runner::{Config, FileFailurePersistence};

/// So many cases unless the environment asks for another number; a failure prints its case and leaves no file.
fn cases(default: u32) -> Config {
    let asked = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { default };
    Config { cases, failure_persistence: Some(Box::new(FileFailurePersistence::Off)), ..asked }
}
