//! The promise of the whole: a flash sale replayed against the built program, which is killed with SIGKILL and started
//! again on the way, and not a word of what it had acknowledged broken.

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use bench::plan::{Prices, Row, SeatMap, Seats, Section, VenuePlan};
use bench::progress::Silent;
use bench::replay::{NodesOptions, Operator, ReplayOptions, run};
use bench::trace::flash_sale;
use support::PASSWORD;

const BUYERS: u32 = 1_500;
const SEATS: u32 = 600;
const ROWS: u32 = 15;
const WINDOW_MS: u64 = 4_000;
const KILLS: u32 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_killed_in_a_flash_sale_keeps_its_promises() {
    let data = tempfile::tempdir().unwrap();
    let port = free_port();
    let target = format!("http://127.0.0.1:{port}");
    let sessions = flash_sale::sessions(7, SEATS, BUYERS, WINDOW_MS, "hall");
    let options = ReplayOptions {
        operator: Operator::Login { username: "operator".into(), password: PASSWORD.into() },
        accounts: 16,
        ttl_seconds: 2,
        attempts: 2,
        connections: 64,
        nodes: NodesOptions {
            commands: vec![command(data.path(), port)],
            kills: KILLS,
            log: Some(data.path().join("node.log")),
            ..NodesOptions::default()
        },
        ..ReplayOptions::new(vec![target], sessions, hall())
    };
    let outcome = run(options, Arc::new(Silent)).await.unwrap_or_else(|fault| {
        let log = std::fs::read_to_string(data.path().join("node.log")).unwrap_or_default();
        panic!("{fault:#}\n{log}")
    });

    let (report, text) = (&outcome.report, outcome.report.text());
    assert!(report.verdict.is_clean() && report.verdict.audited, "{text}");
    assert_eq!(report.context.incidents.len(), KILLS as usize, "{text}");
    assert!(report.context.retries > 0 && report.context.broken_attempts > 0, "{text}");
    assert_eq!(report.figures.seats, u64::from(SEATS), "{text}");
    assert!(report.figures.bookings > 0 && report.figures.seats_sold > 0, "{text}");
}

/// The command line of a node that comes back at the same address with the same data.
fn command(data: &Path, port: u16) -> String {
    let (program, data) = (env!("CARGO_BIN_EXE_onsale"), data.join("data"));
    format!(
        "env ONSALE_AUTH__OPERATOR_PASSWORD='{PASSWORD}' '{program}' serve --data '{}' \
         --http 127.0.0.1:{port} --admin 127.0.0.1:0 --peer 127.0.0.1:0",
        data.display()
    )
}

/// Half of it seats, half a place to stand.
fn hall() -> VenuePlan {
    let section =
        |name: &str, rows, capacity| Section { name: name.into(), category: name.into(), rows, capacity };
    let row = |number: u32| Row { name: number.to_string(), seats: Seats::Count(SEATS / 2 / ROWS) };
    let sections = vec![
        section("Stalls", (1..=ROWS).map(row).collect(), None),
        section("Floor", Vec::new(), Some(SEATS / 2)),
    ];
    let map = SeatMap { sections };
    VenuePlan::new(&map, Prices::flat(&map.categories())).expect("a map that JSON can express")
}

/// A port that nobody has and that the system gives to nobody who asks for any: those begin at 32768.
fn free_port() -> u16 {
    let from = u16::try_from(std::process::id() % 10_000).expect("below 10,000") + 20_000;
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (from..32_768).find(free).expect("one of many ports is free")
}
