//! The command `cluster` as a person types it, as far as it needs no node.

use std::process::Command;

fn bench(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale-bench"));
    let output =
        command.arg("cluster").args(arguments).output().expect("the command was built with the tests");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_node_that_is_missing_is_named_with_the_way_to_build_it() {
    let (code, said) = bench(&["growth", "--node-binary", "nowhere/onsale"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("nowhere/onsale") && said.contains("cargo build --release"), "{said}");
}

#[test]
fn usages_that_make_no_sense_are_refused() {
    for usage in [&["dance"][..], &["--kills", "0"], &["--minutes", "0"], &["--connections", "2"]] {
        assert_eq!(bench(usage).0, Some(2), "{usage:?}");
    }
}
