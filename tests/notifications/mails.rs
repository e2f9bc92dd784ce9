//! Buyers are told by mail and by text message.

use serde_json::json;

use crate::buy;
use crate::receiver::{Receiver, Reply};
use crate::smtp::{Manner, SmtpSink};
use crate::support::{Node, NodeOptions, Sale, eventually};
use crate::{WITHIN, outbox, quick};

/// With mail, and retries that do not take their time.
fn options(sink: &SmtpSink) -> NodeOptions {
    let mut options = NodeOptions { env: quick(), ..NodeOptions::default() };
    options.env.push(("ONSALE_MAIL__SMTP_URL", sink.url()));
    options.env.push(("ONSALE_MAIL__FROM", "Box Office <tickets@example.org>".to_owned()));
    options
}

#[test]
fn a_booking_is_confirmed_by_mail_and_so_are_its_cancellation_and_refund() {
    let sink = SmtpSink::start();
    let node = Node::start_with(&options(&sink));
    let sale = Sale::open(&node, 4, &json!({"name": "Foxes & <Hounds>"}));
    let anna = node.customer("anna");
    let booking = buy(&sale, &anna, &[0, 1]);

    let mail = sink.wait_for(1).remove(0);
    assert_eq!((mail.from.as_str(), mail.to.as_str()), ("tickets@example.org", "anna@example.org"));
    assert_eq!(mail.header("Subject"), "Your tickets for Foxes & <Hounds>");
    assert!(mail.header("From").contains("Box Office"), "{}", mail.text);
    assert!(
        mail.header("Message-ID").starts_with("<msg_")
            && mail.header("Message-ID").ends_with("@example.org>")
    );
    let booking_id = booking["id"].as_str().expect("an id");
    let code = booking["tickets"][0]["code"].as_str().expect("a code");
    for part in [
        "multipart/alternative",
        booking_id,
        code,
        "A, row 1, seat 1",
        "50.00 EUR",
        "Foxes &amp; &lt;Hounds&gt;",
    ] {
        assert!(mail.words().contains(part), "no {part} in {}", mail.words());
    }

    anna.delete(&format!("/bookings/{booking_id}")).expect(200);
    let mails = sink.wait_for(3);
    let subjects: Vec<_> = mails.iter().map(|mail| mail.header("Subject")).collect();
    assert!(subjects.contains(&"Cancelled: Foxes & <Hounds>".to_owned()), "{subjects:?}");
    assert!(subjects.contains(&"Your refund for Foxes & <Hounds>".to_owned()), "{subjects:?}");
    eventually("nothing is left to send", WITHIN, || (outbox(&node)["open"] == json!([])).then_some(()));
    assert!(!node.log().contains("anna@"), "{}", node.log());
}

#[test]
fn a_mail_that_was_not_taken_comes_again_under_its_id_and_one_that_is_refused_is_given_up() {
    let sink = SmtpSink::start();
    let node = Node::start_with(&options(&sink));
    let sale = Sale::open(&node, 4, &json!({}));
    let anna = node.customer("anna");
    sink.set(Manner::Answers("451 later"));
    buy(&sale, &anna, &[0]);
    sink.wait_for(2);
    sink.set(Manner::Takes);
    eventually("nothing is left to send", WITHIN, || (outbox(&node)["open"] == json!([])).then_some(()));
    let ids: Vec<_> = sink.received().iter().map(|mail| mail.header("Message-ID")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    sink.set(Manner::Answers("550 no such user <anna@example.org>"));
    buy(&sale, &anna, &[1]);
    let given_up = eventually("it is given up", WITHIN, || {
        let outbox = outbox(&node);
        outbox["givenUp"].as_array()?.first().cloned()
    });
    assert_eq!((&given_up["channel"], &given_up["notice"]), (&json!("mail"), &json!("booking-confirmed")));
    assert_eq!(given_up["reason"], "the mail server answers 550");
    let metrics = String::from_utf8(node.admin().get("/metrics").bytes).expect("text");
    for line in [
        "onsale_deliveries_total{kind=\"mail\",outcome=\"given-up\"} 1",
        "onsale_outbox_open{kind=\"mail\"} 0",
    ] {
        assert!(metrics.contains(line), "no {line} in {metrics}");
    }
}

#[test]
fn a_node_that_dies_between_sending_and_writing_it_down_sends_it_again_under_the_same_id() {
    let sink = SmtpSink::start();
    let options = options(&sink);
    let data = tempfile::tempdir().expect("a temporary directory");
    let node = Node::start_in(data.path(), &options);
    let sale = Sale::open(&node, 4, &json!({}));
    sink.set(Manner::Silent);
    buy(&sale, &node.customer("anna"), &[0]);
    let first = sink.wait_for(1).remove(0);
    node.kill();
    sink.set(Manner::Takes);

    let node = Node::start_in(data.path(), &options);
    let again = sink.wait_for(2).remove(1);
    assert_eq!(again.header("Message-ID"), first.header("Message-ID"));
    assert_eq!(again.to, first.to);
    eventually("nothing is left to send", WITHIN, || (outbox(&node)["open"] == json!([])).then_some(()));
}

#[test]
fn whoever_has_a_phone_gets_a_text_message() {
    let gateway = Receiver::start();
    let mut options = NodeOptions { env: quick(), ..NodeOptions::default() };
    options.env.push(("ONSALE_SMS__URL", gateway.url()));
    options.env.push(("ONSALE_SMS__SECRET", "the secret of the gateway".to_owned()));
    let node = Node::start_with(&options);
    let sale = Sale::open(&node, 4, &json!({}));
    buy(&sale, &node.customer("silent"), &[1]);
    let client = node.client();
    client
        .post(
            "/users",
            &json!({"name": "Anna", "email": "anna@example.org", "username": "anna",
            "password": "correct horse", "phone": "+4915112345678"}),
        )
        .expect(201);
    gateway.play(&[Reply::Status(503)]);
    buy(&sale, &client.login("anna", "correct horse"), &[0]);
    let messages = gateway.wait_for(2);
    let body = messages[1].json();
    assert_eq!(body["to"], "+4915112345678");
    assert!(body["text"].as_str().expect("a text").starts_with("1 ticket for Velvet Foxes live"), "{body}");
    assert_eq!(messages[1].header("authorization"), "Bearer the secret of the gateway");
    assert_eq!(messages[0].header("idempotency-key"), messages[1].header("idempotency-key"));
    assert_eq!(body["id"], messages[1].header("idempotency-key"));
    eventually("nothing is left to send", WITHIN, || (outbox(&node)["open"] == json!([])).then_some(()));
    assert_eq!(gateway.received().len(), 2, "nobody else has a phone");
    assert!(!node.log().contains("+4915112345678"));
}
