//! A load from end to end: against the constant, and against a fake node in this process that a script stands in for.

#[cfg(test)]
mod fake {
    pub(crate) mod counter;
}

use bench::load::{LoadOptions, LoadReport, Measured, Mix, MixReport, Programs, Question, run};
use bench::progress::Silent;
use fake::counter::{Fault, start};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A program that says it is ready at `address` and then stays, as a node would.
fn stand_in(folder: &Path, name: &str, address: &str) -> PathBuf {
    let path = folder.join(name);
    let script = format!("#!/bin/sh\necho 'ready http={address} admin={address}' >&2\nexec sleep 120\n");
    fs::write(&path, script).expect("the folder is ours");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    path
}

async fn options(folder: &Path, fault: Fault, mixes: Vec<Mix>) -> LoadOptions {
    LoadOptions {
        question: Question::Compare,
        mixes,
        party: 2,
        batch: 8,
        has_keys: true,
        connections: 4,
        overload_connections: 8,
        rate_per_s: None,
        seconds: Duration::from_millis(200),
        warm_up: Duration::from_millis(50),
        rounds: 1,
        threads: 2,
        accounts: 2,
        seed: 1,
        programs: Programs {
            node: stand_in(folder, "node", &start(fault).await),
            memory_node: stand_in(folder, "memory", &start(fault).await),
            bench: env!("CARGO_BIN_EXE_onsale-bench").into(),
            data: folder.to_owned(),
        },
    }
}

fn mixes(report: &LoadReport) -> &[MixReport] {
    match &report.measured {
        Measured::Mixes(mixes) => mixes,
        other => panic!("mixes were asked for, not {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_serves_every_mix_and_is_counted_right() {
    let folder = tempfile::tempdir().unwrap();
    let all = vec![Mix::Hold, Mix::Refused, Mix::Batch, Mix::HoldConfirm];
    let report = run(&options(folder.path(), Fault::None, all.clone()).await, &Silent).await.unwrap();
    let text = report.text();
    assert_eq!(mixes(&report).iter().map(|mix| mix.mix).collect::<Vec<_>>(), all);
    for mix in mixes(&report) {
        assert_eq!(mix.ratios().len(), 2, "{text}");
        for contender in &mix.contenders {
            let figures = &contender.rounds[0];
            assert_eq!((figures.faults_per_s, figures.fault.as_deref()), (0.0, None), "{text}");
            assert!(figures.answers_per_s > 0.0 && figures.latency.count > 0, "{text}");
            let is_refused = mix.mix == Mix::Refused;
            assert_eq!(figures.refusals_per_s > 0.0, is_refused, "no seat is asked for twice: {text}");
            let holds_nothing = is_refused || (mix.mix == Mix::Batch && contender.name == "constant");
            assert_eq!(figures.holds_per_s == 0.0, holds_nothing, "{text}");
        }
        let node = &mix.contenders[1].rounds[0];
        assert!(node.allocations.is_some(), "the fake node counts them");
    }
    let batch = &mixes(&report)[2].contenders[1].rounds[0];
    assert!((batch.holds_per_s / batch.answers_per_s - 8.0).abs() < 1e-6, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_loop_counts_who_was_due() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), Fault::None, vec![Mix::Hold]).await;
    let report = run(&LoadOptions { rate_per_s: Some(500.0), ..options }, &Silent).await.unwrap();
    for contender in &mixes(&report)[0].contenders {
        let figures = &contender.rounds[0];
        assert!(figures.due_per_s > 0.0 && figures.holds_per_s > 0.0, "{}", report.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_answers_nonsense_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path(), Fault::Nonsense, vec![Mix::Hold]).await;
    let fault = run(&options, &Silent).await.unwrap_err();
    assert!(format!("{fault:#}").contains("not what was asked for"), "{fault:#}");
}

#[test]
fn a_program_that_is_missing_is_named_with_the_way_to_build_it() {
    let folder = tempfile::tempdir().unwrap();
    let bench = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onsale-bench"));
        let output = command.current_dir(folder.path()).arg("load").args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = bench(&["--memory-node", "nowhere"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("--example in_memory_node"), "{said}");
    let (code, said) = bench(&["--one-client", "--node", "nowhere"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("--node PATH"), "{said}");
    for usage in [&["--mix", "dance"][..], &["--rate", "0"], &["--overload", "--expiry"], &["--rounds", "0"]]
    {
        assert_eq!(bench(usage).0, Some(2), "{usage:?}");
    }
}
