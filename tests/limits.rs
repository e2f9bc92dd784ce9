//! How often clients may ask, over real processes: a node and a gateway behind a proxy, which is the test.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Answer, Client, Node, NodeOptions, PASSWORD, Sale, eventually};

/// What the contract promises.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

fn options(args: &[&str], limits: &[(&'static str, &str)]) -> NodeOptions {
    let mut env = vec![
        ("ONSALE_CLUSTER__SHARDS", "4".to_owned()),
        ("ONSALE_CLUSTER__SECRET", "a secret of the tests, of more than 32 bytes".to_owned()),
        ("ONSALE_LIMITS__TRUSTED_PROXIES", "127.0.0.1".to_owned()),
    ];
    env.extend(limits.iter().map(|(name, value)| (*name, (*value).to_owned())));
    NodeOptions { env, args: args.iter().map(|arg| (*arg).to_owned()).collect(), ..NodeOptions::default() }
}

/// A node that owns everything, and a gateway.
fn two(limits: &[(&'static str, &str)]) -> (Node, Node) {
    let owner = Node::start_with(&options(&["--node", "1"], limits));
    let gateway = Node::start_with(&options(&["--node", "2", "--join", owner.peer(), "--gateway"], limits));
    (owner, gateway)
}

/// A request of a client at `address`, as the proxy passes it on.
fn of(client: &Client, address: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let headers = [("x-forwarded-for", address), ("content-type", "application/json")];
    client.send(method, path, &headers, body.map(Value::to_string).as_deref().map(str::as_bytes))
}

#[track_caller]
fn is_refused(answer: &Answer, policy: &str) {
    answer.expect_problem(429, "rate-limited");
    let header = |name: &str| answer.header(name).unwrap_or_else(|| panic!("no {name}")).to_owned();
    let seconds: u64 = header("retry-after").parse().expect("seconds");
    assert!((1..=3_600).contains(&seconds));
    assert!(header("ratelimit-policy").starts_with(&format!("\"{policy}\";q=")));
    assert_eq!(header("ratelimit"), format!("\"{policy}\";r=0;t={seconds}"));
}

#[test]
fn an_address_that_asks_too_often_is_refused_by_every_node() {
    let (owner, gateway) = two(&[("ONSALE_LIMITS__ADDRESS_REQUESTS_PER_MINUTE", "6")]);
    let (one, two) = (owner.client(), gateway.client());
    let busy = "198.51.100.7";
    let mut asked = (0..100).map(|_| of(&one, busy, "GET", "/events", None));
    let refused = asked.find(|answer| answer.status != 200).expect("a limit");
    is_refused(&refused, "address");
    let told = || (of(&two, busy, "GET", "/events", None).status == 429).then_some(());
    eventually("the gateway knows", TOLD_WITHIN, told);
    of(&two, "198.51.100.8", "GET", "/events", None).expect(200);
    one.get("/events").expect(200);
    // What a client writes itself counts for nothing: the last hop is the proxy's word.
    is_refused(&of(&one, &format!("203.0.113.1, {busy}"), "GET", "/events", None), "address");
}

#[test]
fn a_caller_who_asks_too_often_is_refused_at_the_short_way_too() {
    let (owner, gateway) = two(&[("ONSALE_LIMITS__CALLER_REQUESTS_PER_MINUTE", "6")]);
    let sale = Sale::open(&owner, 2, &json!({}));
    let (ann, ben) = (owner.customer("ann"), owner.customer("ben"));
    let path = format!("/events/{}/holds", sale.event);
    let hold = json!({"bestAvailable": {"quantity": 3}});
    let mut asked = (0..60).map(|at| of(&ann, &format!("192.0.2.{at}"), "POST", &path, Some(&hold)));
    is_refused(&asked.find(|answer| answer.status == 429).expect("a limit"), "caller");
    let elsewhere = ann.at(&gateway.client());
    let told = || (of(&elsewhere, "192.0.2.1", "GET", "/bookings", None).status == 429).then_some(());
    eventually("the gateway knows", TOLD_WITHIN, told);
    of(&ben, "192.0.2.1", "GET", "/bookings", None).expect(200);
    // On this machine nobody is counted.
    (0..60).for_each(|_| drop(ann.get("/bookings").expect(200)));
}

#[test]
fn failed_log_ins_are_counted_for_everybody_and_everywhere() {
    let (owner, gateway) = two(&[("ONSALE_LIMITS__NAME_FAILED_LOGINS_PER_HOUR", "4")]);
    owner.customer("ann");
    let log_in = |node: &Node, name: &str, password: &str| {
        node.client().post("/users/login", &json!({"username": name, "password": password}))
    };
    for name in ["ann", "nobody at all"] {
        for at in 0..4 {
            let node = if at % 2 == 0 { &owner } else { &gateway };
            log_in(node, name, "wrong").expect_problem(401, "unauthenticated");
        }
        is_refused(&log_in(&owner, name, "wrong"), "failed-logins");
        is_refused(&log_in(&gateway, name, "wrong"), "failed-logins");
    }
    is_refused(&log_in(&owner, "ANN", "correct horse"), "failed-logins");
    (0..9).for_each(|_| drop(log_in(&owner, "operator", PASSWORD).expect(200)));
}

#[test]
fn to_guess_the_password_behind_an_open_session_counts_as_a_failed_log_in() {
    let (owner, _gateway) = two(&[("ONSALE_LIMITS__NAME_FAILED_LOGINS_PER_HOUR", "3")]);
    let ann = owner.customer("ann");
    let right = json!({"username": "ann", "password": "correct horse"});
    let id = ann.post("/users/login", &right).expect(200)["user"]["id"].clone();
    let path = format!("/users/{}", id.as_str().expect("an id"));
    let guess =
        |current: &str| ann.put(&path, &json!({"password": "another password", "currentPassword": current}));
    for _ in 0..3 {
        guess("a guess").expect_problem(422, "validation-failed");
    }
    is_refused(&guess("correct horse"), "failed-logins");
    is_refused(&ann.post("/users/login", &right), "failed-logins");
    ann.put(&path, &json!({"name": "Ann"})).expect(200);
}

#[test]
fn sign_ups_are_counted_where_the_client_is_also_through_a_gateway() {
    let (owner, gateway) = two(&[("ONSALE_LIMITS__ADDRESS_SIGN_UPS_PER_HOUR", "2")]);
    let sign_up = |node: &Node, address: &str, name: &str| {
        let user = json!({"name": name, "email": format!("{name}@example.org"), "username": name, "password": "correct horse"});
        of(&node.client(), address, "POST", "/users", Some(&user))
    };
    sign_up(&gateway, "198.51.100.1", "ann").expect(201);
    sign_up(&owner, "198.51.100.1", "ben").expect(201);
    is_refused(&sign_up(&gateway, "198.51.100.1", "cid"), "sign-ups");
    sign_up(&gateway, "198.51.100.2", "cid").expect(201);
}
