//! What the end-to-end tests replay, and how: as a function, and as a command.

use super::node::{Fault, start};
use bench::plan::{Prices, Row, SeatMap, Seats, Section, VenuePlan};
use bench::progress::Silent;
use bench::replay::{Operator, ReplayOptions, ReplayOutcome, run};
use bench::trace::{Ending, Preference, SeatName, Session, file};
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
        outcome: Ending::ALL[if number.is_multiple_of(2) { 0 } else { (number / 2 % 4) as usize }],
    };
    (0..200).map(session).collect()
}

pub(crate) fn options(target: String) -> ReplayOptions {
    let operator = Operator::Login { username: "root".into(), password: "secret".into() };
    let usual = ReplayOptions::new(vec![target], sessions(), plan());
    ReplayOptions { operator, accounts: 8, ttl_seconds: 1, ..usual }
}

pub(crate) async fn replayed(fault: Fault) -> ReplayOutcome {
    run(options(start(fault).await), Arc::new(Silent)).await.unwrap()
}

/// Runs the command on a trace in a folder of its own; the exit code and what it printed.
pub(crate) async fn command(fault: Option<Fault>, extra: &[&str]) -> (Option<i32>, String) {
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
    if fault.is_some() && output.status.code() != Some(2) {
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
