//! Clocks that are an hour off: a hold ends neither early nor late, whoever owns it.

use std::path::Path;
use std::time::Duration;

use bench::ambient::Clock;
use domain::time::ShardTime;
use serde_json::json;

use crate::support::{Cluster, eventually, is_required, replicas_agree};

/// Where distributions put the library.
const PLACES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];
const TTL_MS: u64 = 6_000;

#[test]
fn a_clock_that_is_an_hour_off_ends_no_hold_early_or_late() {
    let Some(library) = PLACES.into_iter().find(|place| Path::new(place).exists()) else {
        assert!(!is_required(), "libfaketime is required here and not installed");
        eprintln!("skipped: this test needs libfaketime");
        return;
    };
    let mut cluster = Cluster::alone();
    cluster.join_with(&[(2, "+1h"), (3, "-1h")], |offset| {
        vec![
            ("LD_PRELOAD", library.to_owned()),
            ("FAKETIME", offset.to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    });
    cluster.settle();
    let sale = cluster.sale(8, &json!({}));
    let ann = cluster.client(1).sign_up("ann");
    let mut owners = Vec::new();
    for seat in 1..=3 {
        let owner = cluster.owner();
        let clock = Clock::start();
        let hold =
            sale.hold_with(&ann.at(&cluster.client(owner)), &[seat], &json!({"ttlSeconds": TTL_MS / 1_000}));
        hold.expect(201);
        std::thread::sleep(Duration::from_millis(1_000));
        cluster.kill(owner);
        let witness = cluster.client(cluster.other_than(owner));
        let successor = cluster.owner_after(owner);
        let led_ms = clock.now_us() / 1_000;
        eventually("the hold ends", Duration::from_secs(30), || {
            (sale.status(&witness, seat) == "available").then_some(())
        });
        let lasted = clock.now_us() / 1_000;
        println!(
            "node {successor} takes over from {owner} by {led_ms} ms: a hold of {TTL_MS} ms was gone after {lasted} ms"
        );
        // So much is due to a clock that is on its way back to the wall's; late is bounded generously, for a machine
        // that is busy.
        let drift_ms = TTL_MS / ShardTime::SLEW;
        assert!(
            (TTL_MS - drift_ms..led_ms.max(TTL_MS + drift_ms) + 4_000).contains(&lasted),
            "{lasted} ms\n{}",
            cluster.logs()
        );
        owners.extend([owner, successor]);
        cluster.start(owner);
        cluster.settle();
        replicas_agree(&cluster, &sale);
    }
    assert!(owners.iter().any(|owner| *owner != 1), "a node whose clock is off has owned the sale");
}
