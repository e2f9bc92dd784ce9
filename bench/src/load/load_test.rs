//! Reports are worked out and shown right, and runs that would outlast their holds are not begun.

use super::{
    ContenderReport, Figures, LoadOptions, LoadReport, Measured, Mix, MixReport, Programs, Question,
};
use crate::report::{Hardware, Latency};
use std::time::Duration;

fn options() -> LoadOptions {
    LoadOptions {
        question: Question::Compare,
        mixes: vec![Mix::Hold, Mix::Refused],
        party: 1,
        batch: 64,
        has_keys: true,
        connections: 64,
        overload_connections: 1_000,
        rate_per_s: None,
        seconds: Duration::from_secs(10),
        warm_up: Duration::from_secs(2),
        rounds: 3,
        threads: 1,
        accounts: 64,
        seed: 1,
        programs: Programs {
            node: "onsale".into(),
            memory_node: "in_memory_node".into(),
            bench: "onsale-bench".into(),
            data: "/tmp".into(),
        },
    }
}

fn contender(name: &str, rates: [f64; 3]) -> ContenderReport {
    let latency = Latency { count: 10, p50_ms: 1.0, p99_ms: 2.0, p999_ms: 3.0, max_ms: 4.0 };
    let round = |rate| Figures { answers_per_s: rate, holds_per_s: rate, latency, ..Figures::default() };
    ContenderReport { name: name.into(), durability: "some".into(), rounds: rates.map(round).into() }
}

fn report() -> LoadReport {
    let contenders = vec![
        contender("constant", [30_000.0, 20_000.0, 40_000.0]),
        contender("node", [15_000.0, 12_000.0, 16_000.0]),
        contender("node in memory", [20_000.0, 15_000.0, 32_000.0]),
    ];
    let mix = MixReport { mix: Mix::Hold, answer_bytes: 321, contenders };
    LoadReport {
        settings: super::report::Settings::of(&options()),
        hardware: Hardware::default(),
        measured: Measured::Mixes(vec![mix]),
    }
}

#[test]
fn ratios_are_those_of_each_round() {
    let Measured::Mixes(mixes) = report().measured else { panic!("mixes were measured") };
    let ratios = mixes[0].ratios();
    let names: Vec<&str> = ratios.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["node / constant", "node / node in memory"]);
    assert_eq!((ratios[0].1.median, ratios[0].1.min, ratios[0].1.max), (0.5, 0.4, 0.6));
}

#[test]
fn the_text_says_what_was_measured_and_how() {
    let text = report().text();
    for expected in [
        "with an Idempotency-Key each",
        "hold, answers of 321 bytes",
        "15,000 (12,000 - 16,000)",
        "0.50 x (0.40 - 0.60)",
        "not counted: build the nodes with --features count-allocations",
        "durability, node in memory",
    ] {
        assert!(text.contains(expected), "{expected} is missing:\n{text}");
    }
    let mut faulty = report();
    if let Measured::Mixes(mixes) = &mut faulty.measured {
        mixes[0].contenders[1].rounds[2].fault = Some("an answer 500".into());
    }
    assert!(faulty.text().contains("FAULT of node: an answer 500"));
}

#[test]
fn a_report_is_saved_with_its_drawing_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    report().save(folder.path()).unwrap();
    let svg = std::fs::read_to_string(folder.path().join("load.svg")).unwrap();
    assert!(svg.contains("node in memory") && svg.contains("30,000"));
    let json = std::fs::read_to_string(folder.path().join("load.json")).unwrap();
    assert_eq!(serde_json::from_str::<LoadReport>(&json).unwrap(), report());
}

#[test]
fn a_run_that_would_outlast_its_holds_is_not_begun() {
    assert!(options().validate().is_ok());
    let long = LoadOptions { seconds: Duration::from_secs(60), rounds: 5, ..options() };
    assert!(long.validate().unwrap_err().to_string().contains("--rounds"));
}
