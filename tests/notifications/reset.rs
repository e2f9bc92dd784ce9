//! A new password for whoever has lost theirs: asked for at one node, set at another, once and in time, and what was before
//! is void everywhere.

use serde_json::{Value, json};

use crate::WITHIN;
use crate::real_server::MailServer;
use crate::smtp::{Received, SmtpSink};
use crate::support::{Answer, Client, Cluster, Node, NodeOptions, clock_off, eventually};

const GATEWAY: u32 = 9;
const NODES: [u32; 4] = [1, 2, 3, GATEWAY];
/// What `customer` of the support gives everybody.
const OLD: &str = "correct horse";
const NEW: &str = "battery staple";

fn ask(client: &Client, email: &str) -> Answer {
    client.post("/users/password-reset", &json!({"email": email}))
}

fn set(client: &Client, token: &str, password: &str) -> Answer {
    client.post("/users/password-reset/confirm", &json!({"token": token, "password": password}))
}

fn log_in(client: &Client, password: &str) -> Answer {
    client.post("/users/login", &json!({"username": "anna", "password": password}))
}

#[track_caller]
fn is_void(answer: &Answer) {
    let problem = answer.expect_problem(422, "validation-failed");
    assert_eq!(problem["errors"][0]["pointer"], "/token");
}

/// The token in a mail: the only word that begins with the id of an account.
fn token_in(text: &str) -> String {
    let token = text.split_whitespace().find(|word| word.starts_with("usr_"));
    token.unwrap_or_else(|| panic!("no token in {text}")).to_owned()
}

fn token_of(mail: &Received) -> String {
    let words = mail.words();
    let token = token_in(&words);
    assert!(mail.header("Subject").contains("password"), "{words}");
    token
}

#[test]
fn a_new_password_is_asked_for_at_one_node_and_set_at_another() {
    let Some(server) = MailServer::start() else { return };
    let mut cluster = Cluster::with(3, &[("ONSALE_MAIL__SMTP_URL", &server.url())]);
    cluster.join_gateway(GATEWAY);
    let anna = cluster.client(1).sign_up("anna");
    let answers: Vec<Answer> =
        [(2, "anna@example.org"), (GATEWAY, "nobody@example.org"), (3, "Anna@Example.ORG")]
            .map(|(node, email)| ask(&cluster.client(node), email))
            .into();
    for answer in &answers {
        assert_eq!(
            (answer.status, answer.bytes.len()),
            (202, 0),
            "the answer tells whether there is an account"
        );
    }
    let mail = server.wait_for(1).remove(0);
    assert_eq!(mail["to"], json!(["anna@example.org"]));
    let token = token_in(mail["parts"]["text/plain"].as_str().expect("a text"));
    assert!(mail["parts"]["text/html"].as_str().is_some_and(|html| html.contains(&token)), "{mail}");

    let short = set(&cluster.client(2), &token, "short").expect_problem(422, "validation-failed");
    assert_eq!(short["errors"][0]["pointer"], "/password");
    let mut guess = token.clone();
    let last = guess.pop();
    guess.push(if last == Some('0') { '1' } else { '0' });
    is_void(&set(&cluster.client(1), &guess, NEW));
    is_void(&set(&cluster.client(1), "nonsense", NEW));
    log_in(&cluster.client(3), OLD).expect(200);
    assert_eq!(set(&cluster.client(GATEWAY), &token, NEW).status, 204);
    all_is_new(&cluster, &anna, &token);

    let logs = cluster.logs();
    NODES.iter().for_each(|node| cluster.kill(*node));
    cluster.start_all(&[1, 2, 3]);
    cluster.start(GATEWAY);
    cluster.settle();
    all_is_new(&cluster, &anna, &token);
    assert_eq!(server.wait_for(1).len(), 1, "nobody is mailed twice a minute");
    let secret = token.split_once('.').expect("a secret").1;
    assert!(!logs.contains(secret) && !cluster.logs().contains(secret), "the token is in a log");
}

/// At every node: the password is the new one, and neither the old one nor what was got with it, nor the token, is good.
fn all_is_new(cluster: &Cluster, anna: &Client, token: &str) {
    for node in NODES {
        let client = cluster.client(node);
        let heard = || (log_in(&client, NEW).status == 200).then_some(());
        eventually("the new password is heard of", WITHIN, heard);
        let void = || (anna.at(&client).get("/bookings").status == 401).then_some(());
        eventually("the old access token is void", WITHIN, void);
        log_in(&client, OLD).expect_problem(401, "unauthenticated");
        is_void(&set(&client, token, "a third password"));
    }
}

/// A node that mails, with its clock as it is or off.
fn start(data: &std::path::Path, sink: &SmtpSink, clock: Vec<(&'static str, String)>) -> Node {
    let mut env = clock;
    env.push(("ONSALE_MAIL__SMTP_URL", sink.url()));
    Node::start_in(data, &NodeOptions { env, ..NodeOptions::default() })
}

#[test]
fn a_token_that_is_half_an_hour_old_is_void_and_another_can_be_asked_for() {
    let Some(later) = clock_off("+31m") else { return };
    let sink = SmtpSink::start();
    let data = tempfile::tempdir().expect("a temporary directory");
    let node = start(data.path(), &sink, Vec::new());
    node.customer("anna");
    assert_eq!(ask(&node.client(), "anna@example.org").status, 202);
    let first = token_of(&sink.wait_for(1)[0]);
    node.kill();

    let node = start(data.path(), &sink, later);
    is_void(&set(&node.client(), &first, NEW));
    assert_eq!(ask(&node.client(), "anna@example.org").status, 202);
    let second = token_of(&sink.wait_for(2)[1]);
    is_void(&set(&node.client(), &first, NEW));
    assert_eq!(set(&node.client(), &second, NEW).status, 204);
    log_in(&node.client(), NEW).expect(200);
}

#[test]
fn a_token_that_was_mailed_to_an_address_is_void_once_the_account_has_another_one() {
    let sink = SmtpSink::start();
    let node = Node::start_with(&NodeOptions {
        env: vec![("ONSALE_MAIL__SMTP_URL", sink.url())],
        ..NodeOptions::default()
    });
    let anna = node.customer("anna");
    assert_eq!(ask(&node.client(), "anna@example.org").status, 202);
    let token = token_of(&sink.wait_for(1)[0]);
    let user: Value = log_in(&anna, OLD).expect(200)["user"]["id"].clone();
    let path = format!("/users/{}", user.as_str().expect("an id"));
    // The same address, as addresses are compared: nobody is told.
    anna.put(&path, &json!({"name": "Anna", "email": "Anna@Example.org"})).expect(200);
    anna.put(&path, &json!({"email": "anna@elsewhere.example"})).expect(200);
    is_void(&set(&node.client(), &token, NEW));
    log_in(&anna, OLD).expect(200);
    assert_eq!(ask(&node.client(), "anna@elsewhere.example").status, 202);
    let mails = sink.wait_for(3);
    let to = |address: &str| {
        mails[1..].iter().filter(|mail| mail.to.eq_ignore_ascii_case(address)).collect::<Vec<_>>()
    };
    let [told] = to("anna@example.org")[..] else { panic!("the old address is told, and once") };
    assert!(told.header("Subject").contains("address was changed"), "{}", told.words());
    let [mail] = to("anna@elsewhere.example")[..] else { panic!("what is asked for goes to the new one") };
    assert_eq!(set(&node.client(), &token_of(mail), NEW).status, 204);
    log_in(&anna, NEW).expect(200);
}
