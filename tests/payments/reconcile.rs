//! `onsale payments reconcile`: agrees with a provider that agrees with us, and finds what does not fit.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::fake_stripe::FakeStripe;
use crate::support::{Node, NodeOptions, PASSWORD, Sale, tokens};
use crate::{by_stripe, id};

fn reconcile(node: &Node, json: bool) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale"));
    command.args(["payments", "reconcile", "--admin", node.admin().address()]);
    command.args(json.then_some("--json"));
    command.env("ONSALE_AUTH__OPERATOR_PASSWORD", PASSWORD);
    command.output().expect("it runs")
}

fn found(node: &Node) -> (Option<i32>, Value) {
    let output = reconcile(node, true);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), found)
}

#[test]
fn it_agrees_with_what_is_right_and_finds_what_is_not() {
    let stripe = FakeStripe::start();
    let node = Node::start_with(&NodeOptions { env: stripe.env(), ..NodeOptions::default() });
    let sale =
        Sale::open(&node, 20, &json!({"cancellation": {"until": "2099-05-01T00:00:00Z", "feePercent": 10}}));
    let ann = node.customer("ann");
    let book = |seat: usize, payment: Value| {
        let body = json!({"ticketIds": sale.ids(&[seat]), "paymentDetails": payment});
        ann.post(&format!("/bookings/{}", sale.event), &body)
    };
    let bookings: Vec<Value> = (0..4).map(|seat| book(seat, by_stripe("pm_card_visa")).expect(201)).collect();
    book(5, tokens("tok_visa")).expect(201);
    book(6, by_stripe("pm_card_declined")).expect_problem(402, "payment-declined");
    ann.delete(&format!("/bookings/{}", id(&bookings[0]))).expect(200);

    let (code, right) = found(&node);
    assert_eq!((code, &right["differences"]), (Some(0), &json!([])), "{right}");
    let sums = &right["events"][0];
    assert_eq!(
        (&sums["payments"], &sums["captured"], &sums["refunded"]),
        (&json!(6), &json!(12_500), &json!(2_250))
    );
    assert_eq!((&sums["kept"], &right["notCompared"]), (&json!(10_250), &json!(1)));
    let text = String::from_utf8(reconcile(&node, false).stdout).expect("text");
    assert!(text.contains("captured 12500 EUR") && text.contains("agree"), "{text}");

    let intent = stripe.intent_of(id(&bookings[1]["payment"])).expect("it was asked for");
    stripe.refund_past_us(&intent, 700);
    let (code, wrong) = found(&node);
    assert_eq!(code, Some(1), "{wrong}");
    let difference = &wrong["differences"][0];
    assert_eq!(
        (&difference["paymentId"], &difference["what"]),
        (&bookings[1]["payment"]["id"], &json!("refunded"))
    );
    assert_eq!((&difference["ours"], &difference["theirs"]), (&json!("0"), &json!("700")));

    for path in ["/admin/payments", "/admin/payments/records?provider=stripe"] {
        ann.at(&node.admin()).get(path).expect_problem(403, "forbidden");
        node.admin().get(path).expect_problem(401, "unauthenticated");
    }
    ann.at(&node.admin())
        .get(&format!("/admin/events/{}/payments", sale.event))
        .expect_problem(403, "forbidden");
}
