//! What a node says about a configuration that cannot be used, and where it keeps the secrets it makes.

mod support;

use std::path::Path;
use std::process::{Command, Output};

use support::{Node, NodeOptions, PASSWORD};

fn serve(data: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale"));
    command.arg("serve").arg("--data").arg(data).args(arguments);
    command.args(["--http", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--peer", "127.0.0.1:0"]);
    command.envs(variables.iter().copied());
    command.output().expect("the program runs")
}

/// Exit code 2 and, on stderr, every one of `parts`.
#[track_caller]
fn refused(output: &Output, parts: &[&str]) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    for part in parts {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
}

#[test]
fn a_bad_setting_ends_the_program_with_2_and_names_key_value_and_what_is_allowed() {
    let data = tempfile::tempdir().expect("a temporary directory");
    for (variable, value, parts) in [
        ("ONSALE_AUTH__TOKEN_TTL_SECONDS", "0", ["auth.token_ttl_seconds", "= 0", "from 1 to"]),
        ("ONSALE_CLUSTER__REPLICATION", "2", ["cluster.replication", "= 2", "1, 3, 5 or 7"]),
        ("ONSALE_CLUSTER__SHARD", "2", ["cluster.shard", "not a setting", "cluster.shards"]),
        ("ONSALE_AUTH__TOKEN_SECRET", "short", ["auth.token_secret", "kept secret", "at least 32 bytes"]),
        ("ONSALE_CLUSTER__SECRET", "short", ["cluster.secret", "kept secret", "at least 32 bytes"]),
        ("ONSALE_AUTH__OPERATOR_PASSWORD", "short", ["auth.operator_password", "kept secret", "8 to 128"]),
    ] {
        let output = serve(data.path(), &[], &[(variable, value)]);
        refused(&output, &parts);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("short"), "a secret was shown");
    }
    let file = data.path().join("node.toml");
    std::fs::write(&file, "[http]\nheader_timeout = 5\n").expect("a file");
    let file = file.to_str().expect("a path");
    refused(
        &serve(data.path(), &["--config", file], &[]),
        &["http.header_timeout in", "node.toml", "http.header_timeout_ms"],
    );
    refused(&serve(data.path(), &["--config", "/nowhere/node.toml"], &[]), &["/nowhere/node.toml"]);
    refused(&serve(data.path(), &["--node", "0"], &[]), &["--node", "0"]);
    refused(&serve(data.path(), &["--port", "80"], &[]), &["--port"]);
}

#[test]
fn secrets_are_made_once_kept_for_the_owner_and_never_printed() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let unset = NodeOptions {
        env: vec![("ONSALE_AUTH__OPERATOR_PASSWORD", String::new())],
        ..NodeOptions::default()
    };
    let node = Node::start_in(data.path(), &unset);
    let kept = std::fs::read_to_string(data.path().join("secrets.toml")).expect("the secrets are kept");
    let secrets: Vec<&str> = kept.split('"').skip(1).step_by(2).collect();
    assert_eq!(secrets.len(), 3, "token, cluster, operator");
    let password = kept.lines().find_map(|line| line.strip_prefix("operator_password = "));
    let password = password.expect("the operator's password").trim_matches('"').to_owned();
    let operator = node.client().login("operator", &password);
    let log = node.log();
    assert!(log.contains("secrets.toml"), "it says where: {log}");
    assert!(secrets.iter().all(|secret| !log.contains(secret)), "a secret was printed");
    drop(node);

    let node = Node::start_in(data.path(), &unset);
    let again = node.client().with_token(operator.token());
    again.get("/bookings").expect(200);
    drop(node);

    let node = Node::start_in(data.path(), &NodeOptions::default());
    node.client().login("operator", PASSWORD);
    let old = serde_json::json!({"username": "operator", "password": password});
    node.client().post("/users/login", &old).expect_problem(401, "unauthenticated");
}
