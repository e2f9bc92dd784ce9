//! The replay from end to end against a fake node in this process: a good one passes, a bad one does not.

mod fake {
    pub(crate) mod node;
}

use bench::checker::Kind;
use bench::plan::{Prices, Row, SeatMap, Seats, Section, VenuePlan};
use bench::progress::Silent;
use bench::replay::{NodeOptions, Operator, ReplayOptions, ReplayOutcome, run};
use bench::trace::{Ending, Preference, SeatName, Session, file};
use fake::node::{Fault, start};
use std::sync::Arc;
use tokio::process::Command;

fn plan() -> VenuePlan {
    let rows = (1..=5).map(|row| Row { name: row.to_string(), seats: Seats::Count(10) }).collect();
    let seated = Section { name: "A".into(), category: "seat".into(), rows, capacity: None };
    let standing =
        Section { name: "Pit".into(), category: "standing".into(), rows: Vec::new(), capacity: Some(20) };
    let map = SeatMap { sections: vec![seated, standing] };
    VenuePlan::new(&map, Prices::flat(&map.categories())).unwrap()
}

/// Two hundred buyers for seventy seats within a second; every kind of want and of ending.
fn sessions() -> Vec<Session> {
    let seat = |number: u64| SeatName {
        section: "A".into(),
        row: Some((1 + number % 5).to_string()),
        seat: (1 + number % 10).to_string(),
    };
    let session = |number: u64| Session {
        arrive_ms: number * 5,
        buyer: format!("b{number}"),
        event: "hall".into(),
        quantity: 1,
        preference: match number % 3 {
            0 => Preference::Best,
            1 => Preference::Section("Pit".into()),
            _ => Preference::Seats(vec![seat(number)]),
        },
        think_ms: number % 40,
        outcome: Ending::ALL[if number % 2 == 0 { 0 } else { (number / 2 % 4) as usize }],
    };
    (0..200).map(session).collect()
}

fn options(target: String) -> ReplayOptions {
    let operator = Operator::Login { username: "root".into(), password: "secret".into() };
    let usual = ReplayOptions::new(vec![target], sessions(), plan());
    ReplayOptions { operator, accounts: 8, ttl_seconds: 1, ..usual }
}

async fn replayed(fault: Fault) -> ReplayOutcome {
    run(options(start(fault).await), Arc::new(Silent)).await.unwrap()
}

#[tokio::test]
async fn a_good_node_is_found_good_and_counted_right() {
    let outcome = replayed(Fault::None).await;
    let report = &outcome.report;
    assert!(report.verdict.is_clean(), "{}", report.text());
    assert!(report.verdict.audited);
    assert_eq!(outcome.history.audits.len(), 2, "abandoned holds lapse before the last audit");
    assert_eq!(report.figures.seats, 70);
    assert!(report.figures.bookings > 40 && report.figures.refusals["sold-out"] > 0, "{}", report.text());
    assert!(report.figures.refusals["seat-unavailable"] > 0);
    assert_eq!(report.figures.unknown + report.figures.unsent, 0);
    assert!(report.figures.duration_s >= 0.995);
}

#[tokio::test]
async fn retries_with_the_same_key_heal_a_shaky_node() {
    let report = replayed(Fault::Shaky).await.report;
    assert!(report.verdict.is_clean(), "{}", report.text());
    assert!(report.context.retries > 50, "{}", report.text());
    assert_eq!(report.figures.unknown, 0, "{}", report.text());
}

#[tokio::test]
async fn a_seat_sold_twice_is_found() {
    let report = replayed(Fault::SellsTwice).await.report;
    assert!(report.verdict.count(Kind::DoubleSale) > 0, "{}", report.text());
}

#[tokio::test]
async fn a_booking_that_is_gone_is_found() {
    let report = replayed(Fault::LosesBookings).await.report;
    assert!(report.verdict.count(Kind::LostAcknowledgement) > 0, "{}", report.text());
}

#[tokio::test]
async fn an_event_that_exists_is_taken_as_it_is() {
    let target = start(Fault::None).await;
    let first = run(options(target.clone()), Arc::new(Silent)).await.unwrap().report.figures;
    let mut again = options(target);
    again.operator = Operator::Token("token-operator".into());
    again.events = [("hall".to_owned(), "evt_1".to_owned())].into();
    let second = run(again, Arc::new(Silent)).await.unwrap().report;
    assert!(second.verdict.is_clean(), "{}", second.text());
    assert_eq!(second.figures.seats, first.seats - first.seats_sold);
}

#[tokio::test]
async fn a_node_is_killed_and_started_again_on_the_way() {
    let mut options = options(start(Fault::None).await);
    options.node = Some(NodeOptions { command: "sleep 60".into(), kills: 2, log: None });
    let report = run(options, Arc::new(Silent)).await.unwrap().report;
    assert_eq!(report.context.restarts.len(), 2);
    assert!(report.context.restarts[0].at_s < report.context.restarts[1].at_s);
}

#[tokio::test]
async fn a_run_that_cannot_be_set_up_says_why() {
    let target = start(Fault::None).await;
    let fault = |options| async { format!("{:#}", run(options, Arc::new(Silent)).await.unwrap_err()) };
    let nobody = ReplayOptions { operator: Operator::Absent, ..options(target.clone()) };
    assert!(fault(nobody).await.contains("ONSALE_AUTH__OPERATOR_USERNAME"));
    let mut elsewhere = options(target.clone());
    elsewhere.sessions[0].preference = Preference::Section("Moon".into());
    assert!(fault(elsewhere).await.contains("no section `Moon`"));
    let mut dead = options(target.clone());
    dead.node = Some(NodeOptions { command: "false".into(), kills: 0, log: None });
    dead.targets = vec!["127.0.0.1:1".into()];
    assert!(fault(dead).await.contains("ended by itself"));
    let slow = ReplayOptions { speed: 0.000_1, ..options(target) };
    assert!(fault(slow).await.contains("longer than a login"));
}

/// Runs the command on a trace in a folder of its own; the exit code and what it printed.
async fn command(fault: Option<Fault>, extra: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("sessions.csv");
    file::save(&trace, &sessions()).unwrap();
    plan().save(folder.path()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale-bench"));
    command.arg("replay").arg(&trace).args(["--accounts", "8", "--ttl-seconds", "1"]).args(extra);
    command.env_remove("ONSALE_AUTH__OPERATOR_USERNAME").env_remove("ONSALE_AUTH__OPERATOR_PASSWORD");
    command.arg("--out").arg(folder.path().join("report"));
    match fault {
        Some(fault) => {
            command.arg("--target").arg(start(fault).await);
            command
                .env("ONSALE_AUTH__OPERATOR_USERNAME", "root")
                .env("ONSALE_AUTH__OPERATOR_PASSWORD", "secret");
        }
        None => {
            command.args(["--target", "127.0.0.1:1"]);
        }
    }
    let output = command.output().await.unwrap();
    let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    if fault.is_some() {
        for file in ["report.html", "report.json", "history.csv"] {
            assert!(
                folder.path().join("report").join(file).exists(),
                "{file}: {}",
                String::from_utf8_lossy(&said)
            );
        }
    }
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn the_exit_code_says_whether_promises_were_kept() {
    let (code, text) = command(Some(Fault::None), &[]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("double sells               0"), "{text}");
    let (code, text) = command(Some(Fault::SellsTwice), &["--json"]).await;
    assert_eq!(code, Some(1), "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(json["verdict"]["counts"]["double-sale"].as_u64() > Some(0));
}

#[tokio::test]
async fn a_usage_that_makes_no_sense_exits_with_two() {
    let (code, text) = command(None, &[]).await;
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("ONSALE_AUTH__OPERATOR_USERNAME is not set"), "{text}");
    let (code, text) = command(None, &["--kill", "1"]).await;
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--node-command"), "{text}");
    let (code, _) = command(None, &["--speed", "0"]).await;
    assert_eq!(code, Some(2));
}
