//! The replay from end to end against fake nodes in this process: a good one passes, a bad one does not.

#[cfg(test)]
mod fake {
    pub(crate) mod admin;
    pub(crate) mod node;
    pub(crate) mod proxy;
    pub(crate) mod run;
}

use bench::checker::Kind;
use bench::progress::Silent;
use bench::replay::{Incident, NodesOptions, Operator, ReplayOptions, run};
use bench::trace::Preference;
use fake::node::{Fault, start, start_many};
use fake::run::{command, options, replayed};
use fake::{admin, proxy};
use std::sync::Arc;

#[tokio::test]
async fn a_good_node_is_found_good_and_counted_right() {
    let outcome = replayed(Fault::None).await;
    let report = &outcome.report;
    assert!(report.verdict.is_clean(), "{}", report.text());
    assert!(report.verdict.audited);
    assert_eq!(outcome.history.audits.len(), 2, "abandoned holds lapse before the last audit");
    assert_eq!(report.figures.seats, 70);
    assert!(report.figures.bookings > 40 && report.figures.refusals["sold-out"] > 0, "{}", report.text());
    assert!(report.figures.refusals["seat-unavailable"] > 0);
    assert_eq!(report.figures.unknown + report.figures.unsent, 0);
    assert!(report.figures.duration_s >= 0.995);
}

#[tokio::test]
async fn retries_with_the_same_key_heal_a_shaky_node() {
    let report = replayed(Fault::Shaky).await.report;
    assert!(report.verdict.is_clean(), "{}", report.text());
    assert!(report.context.retries > 50, "{}", report.text());
    assert_eq!(report.figures.unknown, 0, "{}", report.text());
}

#[tokio::test]
async fn a_seat_sold_twice_is_found() {
    let report = replayed(Fault::SellsTwice).await.report;
    assert!(report.verdict.count(Kind::DoubleSale) > 0, "{}", report.text());
}

#[tokio::test]
async fn a_booking_that_is_gone_is_found() {
    let report = replayed(Fault::LosesBookings).await.report;
    assert!(report.verdict.count(Kind::LostBooking) > 0, "{}", report.text());
}

#[tokio::test]
async fn an_event_that_exists_is_taken_as_it_is() {
    let target = start(Fault::None).await;
    let first = run(options(target.clone()), Arc::new(Silent)).await.unwrap().report.figures;
    let mut again = options(target);
    again.operator = Operator::Token("token-operator".into());
    again.events = [("hall".to_owned(), "evt_1".to_owned())].into();
    let second = run(again, Arc::new(Silent)).await.unwrap().report;
    assert!(second.verdict.is_clean(), "{}", second.text());
    assert_eq!(second.figures.seats, first.seats - first.seats_sold);
}

#[tokio::test]
async fn a_call_whose_connection_breaks_succeeds_at_another_node() {
    let mut targets = start_many(Fault::None, 2).await;
    targets[0] = proxy::start(&targets[0]).await;
    let options = ReplayOptions { targets: targets.clone(), ..options(targets[0].clone()) };
    let report = run(options, Arc::new(Silent)).await.unwrap().report;
    assert!(report.verdict.is_clean(), "{}", report.text());
    assert!(report.context.broken_attempts > 0, "{}", report.text());
    assert_eq!(report.figures.unknown + report.figures.unsent, 0, "{}", report.text());
    let available = report.context.availability().unwrap();
    assert!(available > 0.3 && available < 1.0, "{}", report.text());
}

#[tokio::test]
async fn buyers_come_to_every_node() {
    let targets = start_many(Fault::OnlyOneAnswers, 2).await;
    let options = ReplayOptions { targets: targets.clone(), ..options(targets[0].clone()) };
    let report = run(options, Arc::new(Silent)).await.unwrap().report;
    assert!(report.verdict.is_clean(), "{}", report.text());
    assert!(report.context.busy_answers > 50, "every second call is tried again: {}", report.text());
    assert_eq!(report.context.busy_answers, report.context.retries, "and only once: {}", report.text());
}

#[tokio::test]
async fn nodes_are_killed_and_started_again_on_the_way() {
    let targets = start_many(Fault::None, 3).await;
    let commands = vec!["sleep 60".to_owned(); 3];
    let mut options = ReplayOptions { targets: targets.clone(), ..options(targets[0].clone()) };
    options.nodes = NodesOptions { commands, kills: 5, seed: 3, ..NodesOptions::default() };
    let report = run(options, Arc::new(Silent)).await.unwrap().report;
    let kills: Vec<(u32, f64)> = report
        .context
        .incidents
        .iter()
        .map(|incident| match incident {
            Incident::Killed { node, at_s, .. } => (*node, *at_s),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kills.len(), 5);
    assert!(kills.is_sorted_by(|one, next| one.1 < next.1), "{kills:?}");
    assert!(kills.iter().any(|(node, _)| *node != kills[0].0), "not always the same: {kills:?}");
    assert!(kills.iter().all(|(node, _)| (1..=3).contains(node)), "{kills:?}");
    assert_eq!(report.figures.aftermath.first_acknowledgement_s.len(), 5);
}

#[tokio::test]
async fn a_shard_is_moved_once_the_cluster_is_complete() {
    let mut options = options(start(Fault::None).await);
    options.nodes = NodesOptions { moves: 2, admin: vec![admin::start().await], ..NodesOptions::default() };
    let report = run(options, Arc::new(Silent)).await.unwrap().report;
    let [Incident::Moved { shard: 1, from: 2, to: 4, .. }, Incident::Moved { shard: 1, from: 4, to: 2, .. }] =
        report.context.incidents[..]
    else {
        panic!("{:?}", report.context.incidents);
    };
    assert_eq!(report.figures.aftermath.longest_gap_s.len(), 2);
    assert!(report.text().contains("shard 1 from node 2 to node 4"), "{}", report.text());
}

#[tokio::test]
async fn a_run_that_cannot_be_set_up_says_why() {
    let target = start(Fault::None).await;
    let fault = |options| async { format!("{:#}", run(options, Arc::new(Silent)).await.unwrap_err()) };
    let nobody = ReplayOptions { operator: Operator::Absent, ..options(target.clone()) };
    assert!(fault(nobody).await.contains("ONSALE_AUTH__OPERATOR_USERNAME"));
    let mut elsewhere = options(target.clone());
    elsewhere.sessions[0].preference = Preference::Section("Moon".into());
    assert!(fault(elsewhere).await.contains("no section `Moon`"));
    let mut dead = options(target.clone());
    dead.nodes = NodesOptions { commands: vec!["false".into()], ..NodesOptions::default() };
    dead.targets = vec!["127.0.0.1:1".into()];
    assert!(fault(dead).await.contains("ended by itself"));
    for (nodes, why) in [
        (NodesOptions { kills: 1, ..NodesOptions::default() }, "say how they are started"),
        (NodesOptions { moves: 1, ..NodesOptions::default() }, "say where one is"),
        (
            NodesOptions { commands: vec!["sleep 60".into(); 2], ..NodesOptions::default() },
            "2 nodes, but 1 targets",
        ),
    ] {
        let said = fault(ReplayOptions { nodes, ..options(target.clone()) }).await;
        assert!(said.contains(why), "{said}");
    }
    let slow = ReplayOptions { speed: 0.000_1, ..options(target) };
    assert!(fault(slow).await.contains("longer than a login"));
}

#[tokio::test]
async fn the_exit_code_says_whether_promises_were_kept() {
    let (code, text) = command(Some(Fault::None), &[]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("double sells               0"), "{text}");
    let (code, text) = command(Some(Fault::SellsTwice), &["--json"]).await;
    assert_eq!(code, Some(1), "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(json["verdict"]["counts"]["double-sale"].as_u64() > Some(0));
}

#[tokio::test]
async fn a_usage_that_makes_no_sense_exits_with_two() {
    let (code, text) = command(None, &[]).await;
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("ONSALE_AUTH__OPERATOR_USERNAME is not set"), "{text}");
    let (code, text) = command(None, &["--kill", "1"]).await;
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--node-command"), "{text}");
    let (code, text) = command(None, &["--move", "1"]).await;
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--admin"), "{text}");
    let (code, text) =
        command(Some(Fault::None), &["--target", "127.0.0.1:1", "--node-command", "true"]).await;
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("missing for 1 of the 2 targets"), "{text}");
    let (code, _) = command(None, &["--speed", "0"]).await;
    assert_eq!(code, Some(2));
}
