//! What surrounds every request: browsers of other origins are told what they may do, and every line of a log for machines
//! is one they can read, with the id that a request came with, wherever it was answered.

use serde_json::{Value, json};

use super::support::cluster::SETTLES_WITHIN;
use super::support::{Answer, Client, Cluster, Node, NodeOptions, eventually};

const OWN: &str = "https://tickets.example";
const FOREIGN: &str = "https://elsewhere.example";
const GATEWAY: u32 = 4;

fn node_for(origins: &str) -> Node {
    let env = vec![("ONSALE_HTTP__CORS_ORIGINS", origins.to_owned())];
    Node::start_with(&NodeOptions { env, ..NodeOptions::default() })
}

/// What a browser asks before it lets a page of `origin` send a request with these headers.
fn preflight(client: &Client, origin: &str, path: &str, method: &str, headers: &str) -> Answer {
    let question = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ];
    client.send("OPTIONS", path, &question, None)
}

fn words(answer: &Answer, name: &str) -> Vec<String> {
    let value = answer.header(name).unwrap_or_default().to_ascii_lowercase();
    value.split(',').map(|word| word.trim().to_owned()).collect()
}

#[test]
fn a_page_of_an_allowed_origin_may_call_and_one_of_another_may_not() {
    let node = node_for(OWN);
    let client = node.client();
    for (path, method) in [("/events", "GET"), ("/events/evt_1/holds", "POST"), ("/holds/hld_1", "PATCH")] {
        let headers = "authorization, content-type, idempotency-key, x-request-id, if-match";
        let allowed = preflight(&client, OWN, path, method, headers);
        assert_eq!(
            (allowed.status, allowed.header("access-control-allow-origin")),
            (200, Some(OWN)),
            "{path}"
        );
        assert!(words(&allowed, "access-control-allow-methods").contains(&method.to_ascii_lowercase()));
        let sent = words(&allowed, "access-control-allow-headers");
        assert!(headers.split(", ").all(|header| sent.iter().any(|word| word == header)), "{sent:?}");
        assert!(words(&allowed, "vary").contains(&"origin".to_owned()), "a cache must not mix up origins");
        assert_eq!(allowed.header("access-control-allow-credentials"), None, "no cookies, ever");
        let refused = preflight(&client, FOREIGN, path, method, headers);
        assert_eq!(refused.header("access-control-allow-origin"), None, "{path}");
    }
    for (origin, allowed) in [(OWN, Some(OWN)), (FOREIGN, None)] {
        for path in ["/events", "/bookings", "/nowhere"] {
            let answer = client.send("GET", path, &[("origin", origin)], None);
            assert_eq!(
                answer.header("access-control-allow-origin"),
                allowed,
                "{path}: problems are for pages too"
            );
        }
    }
    let read =
        words(&client.send("GET", "/events", &[("origin", OWN)], None), "access-control-expose-headers");
    for header in ["etag", "link", "location", "retry-after", "x-request-id"] {
        assert!(read.iter().any(|word| word == header), "{header} of {read:?}");
    }
    let admin = preflight(&node.admin(), OWN, "/admin/cluster", "GET", "authorization");
    assert_eq!(admin.header("access-control-allow-origin"), None, "operators do not use pages of others");
}

#[test]
fn unless_it_is_said_no_other_origin_may_call() {
    let node = Node::start();
    let client = node.client();
    let asked = preflight(&client, OWN, "/events", "GET", "authorization");
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (405, None));
    let answer = client.send("GET", "/events", &[("origin", OWN)], None);
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None));
}

/// The lines of a log, each of which must be an object with a time, a level and a message.
#[track_caller]
fn lines(log: &str) -> Vec<Value> {
    let read = |line: &str| -> Value {
        let read: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for name in ["at", "level", "module", "message"] {
            assert!(read[name].is_string(), "no {name} in {line}");
        }
        read
    };
    log.lines().map(read).collect()
}

/// Whether a log has a line of the request with this id, from this module.
fn tells_of(log: &str, id: &str, module: &str) -> bool {
    let about = |line: &Value| {
        line["request_id"] == id && line["module"].as_str().is_some_and(|name| name.starts_with(module))
    };
    lines(log).iter().any(about)
}

#[test]
fn every_line_of_a_log_for_machines_is_one_and_a_request_has_its_id_wherever_it_is_answered() {
    let settings = [("ONSALE_LOG__FORMAT", "json"), ("ONSALE_LOG__LEVEL", "info,onsale=debug")];
    let mut cluster = Cluster::with(3, &settings);
    cluster.join_gateway(GATEWAY);
    let sale = cluster.sale(8, &json!({}));
    let ann = cluster.client(1).sign_up("ann");
    let owner = cluster.owner();
    let asked = cluster.other_than(owner);
    let send = |node: u32, method: &str, path: &str, id: &str, body: &Value| {
        let headers = [("x-request-id", id), ("content-type", "application/json")];
        let client = ann.at(&cluster.client(node));
        let answer = client.send(method, path, &headers, Some(body.to_string().as_bytes()));
        assert_eq!(answer.header("x-request-id"), Some(id));
        answer
    };
    let tells = |node: u32, id: &str, module: &str| {
        let told = || tells_of(&cluster.node(node).log(), id, module).then_some(());
        eventually(&format!("node {node} tells of {id}"), SETTLES_WITHIN, told);
    };
    // A command is forwarded to the owner of the event.
    let holds = format!("/events/{}/holds", sale.event);
    send(asked, "POST", &holds, "forwarded-1", &json!({"ticketIds": sale.ids(&[1])})).expect(201);
    tells(asked, "forwarded-1", "onsale::access");
    tells(owner, "forwarded-1", "onsale::dispatch");
    // A change of an account is relayed as a whole to whoever leads the accounts.
    let login = json!({"username": "ann", "password": "correct horse"});
    let id = send(1, "POST", "/users/login", "login-1", &login).expect(200)["user"]["id"].clone();
    let path = format!("/users/{}", id.as_str().expect("an id"));
    send(GATEWAY, "PUT", &path, "relayed-1", &json!({"name": ""})).expect_problem(422, "validation-failed");
    send(GATEWAY, "PUT", &path, "relayed-2", &json!({"name": "Ann"})).expect(200);
    tells(GATEWAY, "relayed-2", "onsale::access");
    let leader = cluster.status(1)["accounts"]["leader"].as_u64().expect("a leader");
    tells(u32::try_from(leader).expect("a node"), "relayed-2", "onsale::access");
    // Problems are requests as well, and an id with quotes in it is one.
    send(2, "GET", "/bookings/bkg_1", "odd-\"{1}", &json!({})).expect_problem(404, "not-found");
    tells(2, "odd-\"{1}", "onsale::access");

    cluster.kill(owner);
    cluster.owner_after(owner);
    cluster.start(owner);
    let exits = [GATEWAY, 3, 2, 1].map(|node| cluster.terminate(node));
    for exit in exits {
        assert_eq!(exit.status.code(), Some(0), "{}", exit.log);
        assert!(lines(&exit.log).len() > 3, "{}", exit.log);
    }
}
