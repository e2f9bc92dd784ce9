//! The sellers of the comparison as real programs, a moment each. Who is not installed is skipped, and says so.
#![cfg(feature = "peers")]

use bench::peers::plan::Mix;
use bench::peers::report::Report;
use bench::peers::{Options, Peer, run};
use bench::progress::Silent;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

const COMMAND: &str = env!("CARGO_BIN_EXE_onsale-bench");
const CLIENTS: u32 = 8;

/// Every mix twice, on few enough seats that a turn sells them all more than once.
fn options(peers: Vec<Peer>, connections: u32) -> Options {
    Options {
        peers,
        mixes: Mix::ALL.to_vec(),
        clients: CLIENTS,
        threads: 2,
        seats: 500,
        rounds: 2,
        turn_ms: 300,
        seed: 5,
        node: Some(node()),
        keys: true,
        redis_connections: connections,
        postgres_connections: connections,
        commit_delay_us: 0,
        data: std::env::temp_dir(),
    }
}

/// The node, where the whole workspace was built.
fn node() -> PathBuf {
    PathBuf::from(COMMAND).with_file_name("onsale")
}

/// Plays, unless the seller is missing; that nothing was sold twice has then been audited.
fn compared(peers: &[Peer], connections: u32) -> Option<Report> {
    for peer in peers {
        let no_node = (*peer == Peer::Onsale && !node().is_file()).then_some("the node has not been built");
        if let Some(hint) = peer.missing().or(no_node) {
            // Nobody may be reading.
            let _ = writeln!(std::io::stderr(), "skipped: {hint}");
            return None;
        }
    }
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let report = runtime.block_on(run(options(peers.to_vec(), connections), Arc::new(Silent)));
    Some(report.expect("everybody plays to the end"))
}

fn check(report: &Report, peers: &[Peer]) {
    let sellers: Vec<Peer> = report.sellers.iter().map(|about| about.peer).collect();
    assert_eq!(sellers, peers);
    assert_eq!(report.rounds.len(), peers.len() * Mix::ALL.len() * 2);
    for round in &report.rounds {
        assert!(round.hold.count > 0, "{round:?}");
        // The crowd stands before 200 seats, so one of so many has to be refused in each sale.
        let crowded =
            round.mix == Mix::Flash && round.hold.count + round.refusal.count > u64::from(round.sales) * 500;
        assert!(!crowded || round.refusal.count > 0, "{round:?}");
        let confirmed = if round.mix.confirms() { round.hold.count } else { 0 };
        assert_eq!(round.confirm.count, confirmed, "{round:?}");
    }
}

#[test]
fn redis_sells_no_seat_twice_in_either_mode() {
    let peers = [Peer::RedisAlways, Peer::RedisEverysec];
    let Some(report) = compared(&peers, 2) else { return };
    check(&report, &peers);
    assert!(report.rows.iter().all(|row| row.onsale_ratio.is_none()), "onsale did not take part");
}

#[test]
fn postgresql_sells_no_seat_twice() {
    for connections in [2, CLIENTS] {
        let Some(report) = compared(&[Peer::Postgresql], connections) else { return };
        check(&report, &[Peer::Postgresql]);
    }
}

#[test]
fn onsale_is_compared_in_the_same_run() {
    let peers = [Peer::Onsale, Peer::RedisAlways];
    let Some(report) = compared(&peers, 1) else { return };
    check(&report, &peers);
    assert!(report.rows.iter().all(|row| row.onsale_ratio.is_some()));
}

#[test]
fn who_has_nobody_to_compare_with_is_told_how_to_get_one() {
    // Without a PATH there is no redis-server.
    let output =
        Command::new(COMMAND).args(["peers", "--only", "onsale,redis-always"]).env("PATH", "").output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("nobody to compare with") && said.contains("bench/peers/install"), "{said}");
}

#[test]
fn the_help_is_enough_to_go_on() {
    let output = Command::new(COMMAND).args(["peers", "--help"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    for part in ["bench/peers/install", "cargo build --release", "redis-always", "flash", "--out"] {
        assert!(said.contains(part), "no {part} in\n{said}");
    }
    let output = Command::new(COMMAND).args(["peers", "--seats", "51"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("multiple of 50"));
}
