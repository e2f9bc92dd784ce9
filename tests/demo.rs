//! `onsale demo`, as somebody who has just cloned the repository runs it, only smaller.

mod support;

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use support::{eventually, signal};

/// A demo of so many nodes whose temporary files lie in `temp`, selling to `sessions` buyers.
fn demo(temp: &Path, nodes: &str, sessions: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale"));
    command.args(["demo", "--nodes", nodes, "--sessions", sessions, "--seconds", "2", "--exit"]);
    command.env("TMPDIR", temp);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_lone_node_sells_tells_and_leaves_nothing_behind() {
    let (told, progress) = sold("1");
    for word in ["catalogue: done", "accounts: done", "buyers: done", "audit: done"] {
        assert!(progress.contains(word), "{word}: {progress}");
    }
    assert!(!told.contains("SIGKILL"), "nobody could take over: {told}");
}

#[test]
fn three_nodes_sell_on_while_one_is_killed_and_a_shard_moves() {
    let (told, progress) = sold("3");
    for number in 1..=3 {
        assert!(progress.contains(&format!("node {number} is up at ")), "{progress}");
    }
    assert!(progress.contains("replicas: done"), "{progress}");
    let story = told.split_once("What happened to the nodes").expect("it says what happened").1;
    for part in [
        "which owned the event, was killed with SIGKILL",
        "was back, on the same data",
        "had caught up with the others",
        "with every hold in it, began to move from node",
        "it had moved; the longest pause between two answers was",
    ] {
        assert!(story.contains(part), "{part}: {told}");
    }
    assert!(figure(&told, "killed").starts_with("node "), "{told}");
    assert!(figure(&told, "moved").starts_with("shard "), "{told}");
}

/// Lets a demo of so many nodes run to its end, looks at what all of them say, and returns it with the progress.
fn sold(nodes: &str) -> (String, String) {
    let temp = tempfile::tempdir().expect("a temporary directory");
    let output = demo(temp.path(), nodes, "400").output().expect("the program runs");
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
    assert_eq!(left_in(temp.path()), 0, "{progress}");
    assert!(!serves_from(temp.path()), "no node is left");
    (told, progress)
}

#[test]
fn it_takes_its_nodes_and_their_data_along_when_it_is_ended_early() {
    let temp = tempfile::tempdir().unwrap();
    let (mut running, progress) = with_a_second_node(temp.path());
    signal(running.id(), libc::SIGTERM);
    let rest: String = progress.map_while(Result::ok).collect();
    assert_eq!(running.wait().unwrap().code(), Some(1), "{rest}");
    assert!(rest.contains("ended before the verdict"), "{rest}");
    assert_eq!(left_in(temp.path()), 0, "{rest}");
    assert!(!serves_from(temp.path()), "its nodes are gone");
}

#[test]
fn its_nodes_end_with_it_when_it_is_killed() {
    let temp = tempfile::tempdir().unwrap();
    let (mut running, progress) = with_a_second_node(temp.path());
    signal(running.id(), libc::SIGKILL);
    progress.for_each(drop);
    running.wait().unwrap();
    let gone = || (!serves_from(temp.path())).then_some(());
    eventually("nobody is left to end the nodes, so they end", Duration::from_secs(30), gone);
}

/// A demo that has started two nodes, and what it goes on to say.
fn with_a_second_node(temp: &Path) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut running = demo(temp, "3", "400").spawn().expect("the program runs");
    let mut progress = BufReader::new(running.stderr.take().expect("stderr is piped")).lines();
    let up = progress.by_ref().map_while(Result::ok).find(|line| line.starts_with("node 2 is up at "));
    up.expect("it says where its nodes are");
    assert_eq!(left_in(temp), 1);
    assert!(serves_from(temp), "its nodes are processes with that directory");
    (running, progress)
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
