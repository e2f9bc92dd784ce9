//! The buyer's page in a browser: the whole journey, two who want the same seat, a node that dies, and the parts of the page
//! that can be looked at alone. Skipped where there is no chromium, unless tools are required.

#[path = "../support/mod.rs"]
mod support;

mod journey;
mod logic;
mod map;
mod patience;
mod people;
mod race;
mod reconnect;

use std::sync::{Mutex, MutexGuard, PoisonError};

use support::webdriver::Browser;

/// One test after the other: each has browsers and nodes of its own, which is enough for a small machine.
fn in_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A page that has kept to itself: no request left the node, and the console has nothing against it.
#[track_caller]
fn is_well_behaved(browser: &Browser<'_>, origin: &str) {
    let elsewhere: Vec<String> = browser.requests().into_iter().filter(|url| !is_own(url, origin)).collect();
    assert!(elsewhere.is_empty(), "asked elsewhere: {elsewhere:?}");
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
}

/// `data:` is what the browser draws its own fields with; it leads nowhere.
fn is_own(url: &str, origin: &str) -> bool {
    url.starts_with("data:")
        || url.starts_with(&format!("{origin}/"))
        || url.starts_with(&format!("blob:{origin}/"))
}
