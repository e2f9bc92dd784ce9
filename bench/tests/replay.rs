//! The replay from end to end against a fake node in this process: a good one passes, a bad one does not.

#[cfg(test)]
mod fake {
    pub(crate) mod node;
    pub(crate) mod run;
}

use bench::checker::Kind;
use bench::progress::Silent;
use bench::replay::{NodeOptions, Operator, ReplayOptions, run};
use bench::trace::Preference;
use fake::node::{Fault, start};
use fake::run::{command, options, replayed};
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
async fn a_node_is_killed_and_started_again_on_the_way() {
    let mut options = options(start(Fault::None).await);
    options.node = Some(NodeOptions { command: "sleep 60".into(), kills: 2, log: None });
    let report = run(options, Arc::new(Silent)).await.unwrap().report;
    assert_eq!(report.context.restarts.len(), 2);
    assert!(report.context.restarts[0].at_s < report.context.restarts[1].at_s);
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
    dead.node = Some(NodeOptions { command: "false".into(), kills: 0, log: None });
    dead.targets = vec!["127.0.0.1:1".into()];
    assert!(fault(dead).await.contains("ended by itself"));
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
    let (code, _) = command(None, &["--speed", "0"]).await;
    assert_eq!(code, Some(2));
}
