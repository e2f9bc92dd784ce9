//! What the whole-system tests share: the built program as a process of its own, and a client of its HTTP contract.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "every test binary uses another part of this")]

pub mod batch;
mod client;
pub mod cluster;
pub mod load;
mod narrow;
mod node;
mod sale;
mod small_disk;
pub mod stream;
pub mod webdriver;

pub use client::{Answer, Client};
pub use cluster::Cluster;
pub use load::{Load, replicas_agree, replicas_agree_at};
pub use narrow::narrow_connection;
pub use node::{Exit, Node, NodeOptions, PASSWORD, signal};
pub use sale::{Sale, tokens};
pub use small_disk::SmallDisk;
pub use stream::{Seats, Stream};

/// Whether `tool` can be run. Where it must be (`ONSALE_REQUIRE_TOOLS=1`), its lack is a failure instead of a skip.
pub fn has_tool(tool: &str) -> bool {
    let found = std::process::Command::new(tool)
        .arg("-V")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        assert!(!is_required(), "{tool} is required here and cannot be run");
        eprintln!("skipped: this test needs {tool}");
    }
    found
}

/// Whether a test that lacks what it needs fails, rather than being skipped.
pub fn is_required() -> bool {
    std::env::var_os("ONSALE_REQUIRE_TOOLS").is_some_and(|value| value == "1")
}

/// Where distributions put libfaketime.
const FAKETIME: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// What the environment of a process needs for its clock to be off by so much; nothing where that needs what is not there,
/// and is not required.
pub fn clock_off(offset: &str) -> Option<Vec<(&'static str, String)>> {
    let Some(library) = FAKETIME.into_iter().find(|place| std::path::Path::new(place).exists()) else {
        assert!(!is_required(), "libfaketime is required here and not installed");
        eprintln!("skipped: this test needs libfaketime");
        return None;
    };
    Some(vec![
        ("LD_PRELOAD", library.to_owned()),
        ("FAKETIME", offset.to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ])
}

/// Asks again until there is an answer, for at most `within`.
#[track_caller]
pub fn eventually<T>(what: &str, within: std::time::Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let pause = std::time::Duration::from_millis(20);
    let tries = within.as_millis() / pause.as_millis();
    for _ in 0..=tries {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(pause);
    }
    panic!("{what}: not within {within:?}");
}
