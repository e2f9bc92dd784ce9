//! What operators see and order, over a real node: the admin listener, and `onsale cluster` as a process.

mod support;

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use support::{Client, Node, PASSWORD, Sale};

/// The operator at the admin listener.
fn operator(node: &Node) -> Client {
    node.admin().login("operator", PASSWORD)
}

/// `onsale cluster` with these words, asking `node`.
fn command(node: &Node, words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale"));
    command.arg("cluster").args(words.split_whitespace()).args(["--admin", node.admin().address()]);
    command.env("ONSALE_AUTH__OPERATOR_PASSWORD", PASSWORD).stdin(Stdio::null());
    command
}

fn run(node: &Node, words: &str) -> Output {
    command(node, words).output().expect("the program runs")
}

/// What `onsale cluster` says, which must end with this exit code.
#[track_caller]
fn says(output: &Output, code: i32) -> String {
    let text =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

#[test]
fn the_state_of_a_lone_node_is_as_in_the_contract() {
    let node = Node::start();
    let sale = Sale::open(&node, 3, &json!({}));
    sale.hold(&node.customer("ann"), &[0]).expect(201);
    let body = operator(&node).get("/admin/cluster").expect(200);

    let id = body["clusterId"].as_str().expect("an id");
    assert!(id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{body}");
    let nodes = body["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), 1, "{body}");
    assert_eq!((&nodes[0]["id"], &nodes[0]["state"]), (&json!(1), &json!("active")));
    assert_eq!((&nodes[0]["alive"], &nodes[0]["gateway"]), (&json!(true), &json!(false)));
    assert_eq!(nodes[0]["httpAddr"], node.client().address());
    assert_eq!(nodes[0]["adminAddr"], node.admin().address());
    assert!(nodes[0]["peerAddr"].is_string());
    let all: Vec<u16> = (0..16).collect();
    assert_eq!((&nodes[0]["leaderOf"], &nodes[0]["replicaOf"]), (&json!(all), &json!(all)));
    let shards = body["shards"].as_array().expect("shards");
    assert_eq!(shards.len(), 16);
    for (number, shard) in shards.iter().enumerate() {
        assert_eq!((&shard["id"], &shard["leader"]), (&json!(number), &json!(1)), "{shard}");
        assert_eq!(shard["replicas"], json!([1]), "{shard}");
        assert!(shard["term"].as_u64() > Some(0) && shard["committed"].is_u64(), "{shard}");
    }
    let events: u64 = shards.iter().filter_map(|shard| shard["events"].as_u64()).sum();
    assert_eq!(events, 1, "one sale has begun");
    assert_eq!((&body["directory"]["leader"], &body["accounts"]["leader"]), (&json!(1), &json!(1)));
    assert_eq!(body["operations"], json!([]));
}

#[test]
fn a_lone_node_refuses_what_it_cannot_do_and_says_why() {
    let node = Node::start();
    let operator = operator(&node);
    let none = json!({});
    for (method, path, body, status, code) in [
        ("POST", "/admin/nodes/1/drain", &none, 409, "no-room"),
        ("POST", "/admin/nodes/1/drain?dryRun=true", &none, 409, "no-room"),
        ("POST", "/admin/nodes/2/drain", &none, 404, "not-found"),
        ("POST", "/admin/nodes/one/drain", &none, 404, "not-found"),
        ("DELETE", "/admin/nodes/1", &none, 409, "drain-first"),
        ("DELETE", "/admin/nodes/9", &none, 404, "not-found"),
        ("DELETE", "/admin/nodes/1?dryrun=true", &none, 400, "malformed-request"),
        ("DELETE", "/admin/nodes/1?dryRun=yes", &none, 400, "malformed-request"),
        ("POST", "/admin/shards/0/move", &none, 422, "validation-failed"),
        ("POST", "/admin/shards/0/move", &json!({"to": "1"}), 422, "validation-failed"),
        ("POST", "/admin/shards/0/move", &json!({"to": 1, "when": "now"}), 422, "validation-failed"),
        ("POST", "/admin/shards/0/move", &json!({"from": 1, "to": 1}), 409, "has-replica"),
        ("POST", "/admin/shards/0/move", &json!({"from": 2, "to": 1}), 409, "no-replica"),
        ("POST", "/admin/shards/0/move", &json!({"from": 1, "to": 2}), 404, "not-found"),
        ("POST", "/admin/shards/16/move", &json!({"from": 1, "to": 1}), 404, "not-found"),
        ("POST", "/admin/shards/70000/move", &json!({"from": 1, "to": 1}), 404, "not-found"),
        ("POST", "/admin/cluster/rebalance", &json!({"dryRun": "yes"}), 422, "validation-failed"),
        ("POST", "/admin/cluster/rebalance", &json!({"dryrun": true}), 422, "validation-failed"),
        ("GET", "/admin/operations/1", &none, 404, "not-found"),
        ("DELETE", "/admin/operations/1", &none, 404, "not-found"),
        ("GET", "/admin/audit?page=0", &none, 400, "malformed-request"),
        ("PUT", "/admin/cluster", &none, 405, "method-not-allowed"),
    ] {
        let json = ("content-type", "application/json");
        let answer = operator.send(method, path, &[json], Some(body.to_string().as_bytes()));
        answer.expect_problem(status, code);
    }
    let audit = operator.get("/admin/audit").expect(200);
    let noted: Vec<_> = audit["items"].as_array().unwrap().iter().map(|record| &record["what"]).collect();
    assert_eq!(noted, ["login", "form"], "what was refused is not noted: {audit}");
}

#[test]
fn only_operators_see_and_order() {
    let node = Node::start();
    let ann = node.customer("ann").at(&node.admin());
    for (method, path) in [
        ("GET", "/admin/cluster"),
        ("POST", "/admin/cluster/rebalance"),
        ("POST", "/admin/nodes/1/drain"),
        ("DELETE", "/admin/nodes/1"),
        ("POST", "/admin/shards/0/move"),
        ("GET", "/admin/operations"),
        ("GET", "/admin/operations/1"),
        ("DELETE", "/admin/operations/1"),
        ("GET", "/admin/audit"),
    ] {
        node.admin().send(method, path, &[], None).expect_problem(401, "unauthenticated");
        ann.send(method, path, &[], None).expect_problem(403, "forbidden");
        let elsewhere = node.operator().send(method, path, &[], None);
        elsewhere.expect_problem(404, "not-found");
    }
    node.admin()
        .post("/users/login", &json!({"username": "operator", "password": "wrong"}))
        .expect_problem(401, "unauthenticated");
    operator(&node)
        .send("GET", "/admin/cluster", &[("accept", "text/html")], None)
        .expect_problem(406, "not-acceptable");
    node.admin().send("GET", "/metrics", &[("accept", "text/plain")], None);
}

#[test]
fn a_rebalance_of_one_node_changes_nothing() {
    let node = Node::start();
    let operator = operator(&node);
    for (dry_run, path, body) in [
        (true, "/admin/cluster/rebalance", Some(json!({"dryRun": true}))),
        (true, "/admin/cluster/rebalance?dryRun=true", None),
        (true, "/admin/cluster/rebalance?dryRun=true", Some(json!({"dryRun": false}))),
        (false, "/admin/cluster/rebalance", Some(json!({}))),
        (false, "/admin/cluster/rebalance", None),
    ] {
        let plan = match &body {
            Some(body) => operator.post(path, body),
            None => operator.send("POST", path, &[], None),
        };
        assert_eq!(
            plan.expect(200),
            json!({"dryRun": dry_run, "operationId": null, "moves": [], "leaders": [], "note": ""}),
            "{path} {body:?}"
        );
    }
    assert_eq!(operator.get("/admin/operations").expect(200)["items"], json!([]));
}

#[test]
fn the_audit_log_begins_with_the_cluster() {
    let node = Node::start();
    let audit = operator(&node).get("/admin/audit").expect(200);
    let record = audit["items"].as_array().and_then(|records| records.last()).expect("a record");
    assert_eq!((&record["number"], &record["what"]), (&json!(1), &json!("form")), "{audit}");
    assert!(record["at"].is_string() && record["who"].is_string() && record["detail"].is_string(), "{audit}");
}

#[test]
fn the_command_shows_a_lone_node_and_says_what_it_lacks() {
    let node = Node::start();
    let status = says(&run(&node, "status"), 0);
    for part in
        ["cluster ", "1 node, 16 shards", "active", "shard 15", "directory", "the only copy", "--join"]
    {
        assert!(status.contains(part), "{part}: {status}");
    }
    let raw = run(&node, "status --json");
    let raw: Value = serde_json::from_slice(&raw.stdout).expect("one document");
    assert_eq!(raw["nodes"][0]["id"], 1);

    let even = "Nothing to do: replicas and leaderships are as even as they can be.\n";
    for words in ["plan", "rebalance", "rebalance --dry-run"] {
        assert!(says(&run(&node, words), 0).starts_with(even), "{words}");
    }
    let plan: Value = serde_json::from_slice(&run(&node, "plan --json").stdout).expect("one document");
    assert_eq!((&plan["dryRun"], &plan["moves"]), (&json!(true), &json!([])));
    for (words, part) in [
        ("drain 1", "join another storage node first"),
        ("drain 2", "There is no node 2"),
        ("remove 1", "drain it first"),
        ("move 0 --to 1", "has a replica of shard 0 already"),
        ("move 99 --to 1", "There is no shard 99"),
        ("abort 3", "There is no operation 3"),
    ] {
        let refused = says(&run(&node, words), 1);
        assert!(refused.starts_with("onsale: ") && refused.contains(part), "{words}: {refused}");
    }
}

#[test]
fn the_command_says_what_keeps_it_from_the_cluster() {
    let node = Node::start();
    let wrong = command(&node, "status").env("ONSALE_AUTH__OPERATOR_PASSWORD", "not the password").output();
    let wrong = says(&wrong.expect("the program runs"), 1);
    assert!(
        wrong.contains("ONSALE_AUTH__OPERATOR_USERNAME") && !wrong.contains("not the password"),
        "{wrong}"
    );
    let unset = command(&node, "status").env_remove("ONSALE_AUTH__OPERATOR_PASSWORD").output();
    let unset = says(&unset.expect("the program runs"), 2);
    assert!(unset.contains("ONSALE_AUTH__OPERATOR_PASSWORD") && unset.contains("secrets.toml"), "{unset}");
    let public = says(&run(&node, &format!("status --admin {}", node.client().address())), 2);
    assert!(public.contains("--admin"), "given twice: {public}");
    let mut public = Command::new(env!("CARGO_BIN_EXE_onsale"));
    public.args(["cluster", "status", "--admin", node.client().address()]);
    let public = public.env("ONSALE_AUTH__OPERATOR_PASSWORD", PASSWORD).output();
    let public = says(&public.expect("the program runs"), 1);
    assert!(public.contains("not the admin listener"), "{public}");
    let dead = command(&node, "status");
    drop(node);
    let dead = says(&{ dead }.output().expect("the program runs"), 1);
    assert!(dead.contains("no node answers at"), "{dead}");
}

#[test]
fn watching_goes_on_until_it_is_told_to_end() {
    use std::io::{BufRead, BufReader};

    let node = Node::start();
    let mut command = command(&node, "watch --json");
    let mut watching =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program runs");
    let mut lines = BufReader::new(watching.stdout.take().expect("stdout is piped")).lines();
    for _ in 0..2 {
        let line = lines.next().expect("a line").expect("text");
        let document: Value = serde_json::from_str(&line).expect("one document a line");
        assert_eq!(document["shards"].as_array().map(Vec::len), Some(16));
    }
    support::signal(watching.id(), libc::SIGINT);
    assert_eq!(watching.wait().expect("it ends").code(), Some(0));
}
