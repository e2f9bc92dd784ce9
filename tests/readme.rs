//! What the README prints for a new user to type works as printed.

mod support;

use std::process::Command;

use serde_json::Value;
use support::{Node, NodeOptions, has_tool};

/// The block of shell below `mark`.
fn block(mark: &str) -> String {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(readme).expect("there is a README");
    let below = readme.split_once(mark).expect("the mark stands there").1;
    let block = below.split_once("```sh\n").expect("a block begins").1;
    block.split_once("```").expect("it ends").0.to_owned()
}

#[test]
fn the_walk_through_leads_from_sign_up_to_a_ticket() {
    if !has_tool("curl") {
        return;
    }
    let makes_its_secrets = vec![("ONSALE_AUTH__OPERATOR_PASSWORD", String::new())];
    let node = Node::start_with(&NodeOptions { env: makes_its_secrets, ..NodeOptions::default() });
    let secrets = node.data().join("secrets.toml");
    let script = block("<!-- walk-through -->")
        .replace("localhost:8080", node.http())
        .replace("data/secrets.toml", &secrets.to_string_lossy());
    let run = Command::new("sh").arg("-ec").arg(script).output().expect("there is a shell");
    let (printed, said) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && said.is_empty(), "{said}\n{printed}");
    let last = printed.rfind(r#"{"id":"bkg_"#).unwrap_or_else(|| panic!("no booking: {printed}"));
    let booking: Value = serde_json::from_str(&printed[last..]).expect("one answer, whole");
    assert_eq!(booking["status"], "booked");
    assert_eq!(booking["payment"]["status"], "captured");
    let tickets = booking["tickets"].as_array().expect("tickets");
    assert_eq!(tickets.len(), 2);
    assert!(tickets.iter().all(|ticket| ticket["code"].as_str().is_some_and(|code| !code.is_empty())));
}
