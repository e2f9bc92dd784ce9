//! What is acknowledged is on disk: shown by killing the program, by watching its system calls, and by failing them.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;
use support::{Node, NodeOptions, Sale, has_tool, tokens};

#[test]
fn kill_9_loses_nothing_that_was_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_in(data.path(), &NodeOptions::default());
    let sale = Sale::open(&node, 30, &json!({}));
    let ann = node.customer("ann");
    let path = format!("/events/{}/holds", sale.event);
    let held = ann.post_keyed(&path, "key", &json!({"ticketIds": sale.ids(&[0, 1])}));
    held.expect(201);
    let body = json!({"ticketIds": sale.ids(&[5]), "paymentDetails": tokens("tok_visa")});
    let booking = ann.post(&format!("/bookings/{}", sale.event), &body).expect(201);
    let seats = ann.get(&format!("/events/{}/seats", sale.event)).expect(200);
    node.kill();

    let node = Node::start_in(data.path(), &NodeOptions::default());
    let ann = node.client().login("ann", "correct horse");
    assert_eq!(ann.get(&format!("/events/{}/seats", sale.event)).expect(200), seats);
    assert_eq!(
        ann.get(&format!("/bookings/{}", booking["id"].as_str().unwrap())).expect(200)["status"],
        "booked"
    );
    let again = ann.post_keyed(&path, "key", &json!({"ticketIds": sale.ids(&[0, 1])}));
    assert_eq!(again.bytes, held.bytes, "the same key gives the same success after a crash");
    sale.hold(&ann, &[0]).expect_problem(409, "seat-unavailable");
    let next = sale.hold(&ann, &[9]).expect(201);
    assert_ne!(next["id"], held.json()["id"], "numbers are never given twice");
}

#[test]
fn a_hold_that_ended_while_the_node_was_down_is_over_when_it_is_back() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_in(data.path(), &NodeOptions::default());
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    let hold = sale.hold_with(&ann, &[0], &json!({"ttlSeconds": 1})).expect(201);
    node.kill();
    std::thread::sleep(std::time::Duration::from_millis(1_100)); // The deadline itself is what passes here.
    let node = Node::start_in(data.path(), &NodeOptions::default());
    let ann = node.client().login("ann", "correct horse");
    ann.get(&format!("/holds/{}", hold["id"].as_str().unwrap())).expect_problem(410, "hold-expired");
    sale.hold(&ann, &[0]).expect(201);
}

#[test]
fn sigterm_ends_the_node_cleanly_within_its_grace() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_in(data.path(), &NodeOptions::default());
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    let hold = sale.hold(&ann, &[0]).expect(201);
    let exit = node.terminate();
    assert_eq!(exit.status.code(), Some(0), "{}", exit.log);
    let node = Node::start_in(data.path(), &NodeOptions::default());
    let ann = node.client().login("ann", "correct horse");
    ann.get(&format!("/holds/{}", hold["id"].as_str().unwrap())).expect(200);
}

#[test]
fn a_directory_has_one_node_at_a_time_and_its_own_number_of_shards() {
    let data = tempfile::tempdir().unwrap();
    let node = Node::start_in(data.path(), &NodeOptions::default());
    let second = serve(data.path(), &[]);
    assert_eq!(second.status.code(), Some(1), "{}", text(&second.stderr));
    assert!(text(&second.stderr).contains("another process"), "{}", text(&second.stderr));
    node.kill();
    let other = serve(data.path(), &[("ONSALE_CLUSTER__SHARDS", "8")]);
    assert_eq!(other.status.code(), Some(2), "{}", text(&other.stderr));
    assert!(text(&other.stderr).contains("16"), "{}", text(&other.stderr));
}

#[test]
fn a_batch_is_synced_before_it_is_acknowledged() {
    if !has_tool("strace") {
        return;
    }
    let trace = tempfile::NamedTempFile::new().unwrap();
    let calls = "trace=pwrite64,write,writev,sendto,recvfrom,read,fdatasync,fsync,sync_file_range";
    let wrapper = ["strace", "-f", "-y", "-s", "40", "-e", calls, "-o", trace.path().to_str().unwrap()];
    let wrapper = wrapper.map(str::to_owned).to_vec();
    let node = Node::start_with(&NodeOptions { wrapper, ..NodeOptions::default() });
    let sale = Sale::open(&node, 4, &json!({}));
    let ann = node.customer("ann");
    sale.hold(&ann, &[0]).expect(201);
    sale.hold(&ann, &[1]).expect(201);
    assert_eq!(node.terminate().status.code(), Some(0));

    let trace = std::fs::read_to_string(trace.path()).unwrap();
    assert!(!trace.contains("sync_file_range("), "sync_file_range does not survive a power cut");
    let lines: Vec<&str> = trace.lines().collect();
    let asked = |line: &&str| line.contains("\"POST /events/evt_") && line.contains("/holds");
    let requests: Vec<usize> = positions(&lines, asked);
    assert_eq!(requests.len(), 2, "two holds were asked for");
    for request in requests {
        let after = &lines[request..];
        let first = |wanted: &dyn Fn(&&str) -> bool| after.iter().position(wanted);
        let answered = first(&|line| line.contains("\"HTTP/1.1 201")).expect("an acknowledgement");
        let wrote = first(&|line| line.contains("pwrite64(") && line.contains("/journal/"));
        let wrote = wrote.expect("a batch goes to the journal");
        let synced =
            after.iter().skip(wrote).position(|line| line.contains("fdatasync") && line.ends_with("= 0"));
        let synced = wrote + synced.expect("an fdatasync");
        assert!(wrote < synced && synced < answered, "wrote {wrote}, synced {synced}, answered {answered}");
    }
}

#[test]
fn a_failed_sync_ends_the_node_without_an_acknowledgement() {
    if !has_tool("strace") {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut node = Node::start_in(data.path(), &NodeOptions::default());
    let sale = Sale::open(&node, 8, &json!({}));
    let ann = node.customer("ann");
    let kept = sale.hold(&ann, &[0]).expect(201);
    let mut strace = fail(&node, "fdatasync", "EIO");
    let path = format!("/events/{}/holds", sale.event);
    let body = json!({"ticketIds": sale.ids(&[1])}).to_string();
    let lost = ann.try_send("POST", &path, &[("content-type", "application/json")], Some(body.as_bytes()));
    assert!(lost.as_ref().is_ok_and(|lost| lost.status == 503) || lost.is_err(), "{lost:?}");
    let exit = node.wait();
    strace.wait().unwrap();
    assert_eq!(exit.status.code(), Some(1), "{}", exit.log);
    assert!(exit.log.contains("journal"), "the message says what failed: {}", exit.log);

    let node = Node::start_in(data.path(), &NodeOptions::default());
    let ann = node.client().login("ann", "correct horse");
    ann.get(&format!("/holds/{}", kept["id"].as_str().unwrap())).expect(200);
}

#[test]
fn a_write_that_meets_a_full_disk_is_not_acknowledged_and_loses_nothing() {
    if !has_tool("strace") {
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut node = Node::start_in(data.path(), &NodeOptions::default());
    let sale = Sale::open(&node, 8, &json!({}));
    let ann = node.customer("ann");
    let kept = sale.hold(&ann, &[0]).expect(201);
    // No reserve helps against a disk that others fill between two looks.
    let mut strace = fail(&node, "pwrite64", "ENOSPC");
    let path = format!("/events/{}/holds", sale.event);
    let body = json!({"ticketIds": sale.ids(&[1])}).to_string();
    let lost = ann.try_send("POST", &path, &[("content-type", "application/json")], Some(body.as_bytes()));
    assert!(lost.as_ref().is_ok_and(|lost| lost.status == 503) || lost.is_err(), "{lost:?}");
    let exit = node.wait();
    strace.wait().unwrap();
    assert_eq!(exit.status.code(), Some(1), "{}", exit.log);
    assert!(exit.log.contains("nothing more is acknowledged"), "{}", exit.log);

    let node = Node::start_in(data.path(), &NodeOptions::default());
    let ann = node.client().login("ann", "correct horse");
    ann.get(&format!("/holds/{}", kept["id"].as_str().unwrap())).expect(200);
    sale.hold(&ann, &[2]).expect(201);
}

/// From when this returns, every such call of the node fails with `error`.
fn fail(node: &Node, call: &str, error: &str) -> Child {
    let (pid, trace) = (node.pid().to_string(), format!("trace={call}"));
    let mut command = Command::new("strace");
    command.args(["-f", "-e", &trace, "-e", &format!("inject={call}:error={error}"), "-p", &pid]);
    let mut strace = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("strace runs");
    let mut said = BufReader::new(strace.stderr.take().expect("stderr is piped")).lines();
    let attached = said.by_ref().map_while(Result::ok).find(|line| line.contains("attached"));
    assert!(attached.is_some(), "strace did not attach");
    std::thread::spawn(move || said.map_while(Result::ok).for_each(drop));
    strace
}

fn serve(data: &std::path::Path, env: &[(&str, &str)]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale"));
    command.arg("serve").arg("--data").arg(data).envs(env.iter().copied());
    command.args(["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--peer", "127.0.0.1:0"]);
    command.output().expect("the program runs")
}

fn positions(lines: &[&str], wanted: impl Fn(&&str) -> bool) -> Vec<usize> {
    lines.iter().enumerate().filter(|(_, line)| wanted(line)).map(|(at, _)| at).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
