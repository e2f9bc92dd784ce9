//! `onsale demo`, as somebody who has just cloned the repository runs it, only smaller.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::signal;

/// A demo whose temporary files lie in `temp`, selling to `sessions` buyers.
fn demo(temp: &Path, sessions: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale"));
    command.args(["demo", "--sessions", sessions, "--seconds", "2", "--exit"]).env("TMPDIR", temp);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn it_sells_tells_and_leaves_nothing_behind() {
    let temp = tempfile::tempdir().unwrap();
    let output = demo(temp.path(), "400").output().unwrap();
    let (told, progress) = text(&output);
    assert_eq!(output.status.code(), Some(0), "{told}\n{progress}");

    assert!(told.contains("No violation: double sells 0, lost acknowledged holds 0"), "{told}");
    assert!(told.contains("No seat was sold twice"), "{told}");
    for (label, value) in [("seats on sale", "50,000"), ("sessions", "400 at speed 1")] {
        assert!(figure(&told, label) == value, "{label}: {told}");
    }
    for label in ["holds", "bookings", "throughput", "goodput", "hold", "booking", "durability"] {
        assert!(!figure(&told, label).starts_with('0'), "{label}: {told}");
    }
    for word in ["catalogue: done", "accounts: done", "buyers: done", "audit: done"] {
        assert!(progress.contains(word), "{word}: {progress}");
    }
    assert_eq!(left_in(temp.path()), 0, "{progress}");
}

#[test]
fn it_takes_its_node_and_its_data_along_when_it_is_ended_early() {
    let temp = tempfile::tempdir().unwrap();
    let mut running = demo(temp.path(), "400").spawn().unwrap();
    let mut progress = BufReader::new(running.stderr.take().unwrap()).lines();
    let up = progress.by_ref().map_while(Result::ok).find(|line| line.starts_with("a node is up at "));
    up.expect("it says where its node is");
    assert_eq!(left_in(temp.path()), 1);
    assert!(serves_from(temp.path()), "its node is a process with that directory");

    signal(running.id(), libc::SIGTERM);
    let rest: String = progress.map_while(Result::ok).collect();
    assert_eq!(running.wait().unwrap().code(), Some(1), "{rest}");
    assert!(rest.contains("ended before the verdict"), "{rest}");
    assert_eq!(left_in(temp.path()), 0, "{rest}");
    assert!(!serves_from(temp.path()), "its node is gone");
}

/// Whether a process was started on a directory in `temp`. Its address says less: another demo may have it by now.
fn serves_from(temp: &Path) -> bool {
    let temp = temp.to_str().expect("a printable path");
    let processes = std::fs::read_dir("/proc").expect("the list of processes").map_while(Result::ok);
    processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok()).any(|words| {
        let words = String::from_utf8_lossy(&words);
        words.contains("--data") && words.contains(temp)
    })
}

/// What stands behind `label` in the report.
fn figure<'a>(report: &'a str, label: &str) -> &'a str {
    let rest =
        |line: &'a str| line.strip_prefix("  ")?.strip_prefix(label).filter(|rest| rest.starts_with("  "));
    report.lines().find_map(rest).unwrap_or_else(|| panic!("no {label} in {report}")).trim()
}

fn left_in(temp: &Path) -> usize {
    std::fs::read_dir(temp).expect("a readable directory").count()
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
