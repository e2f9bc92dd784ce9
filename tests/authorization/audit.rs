//! The audit log: whoever has used the rights of an operator or an organizer over others stands in it, at every node, with
//! what was done, when, and in which request; and nothing stands in it that is a secret.

use serde_json::{Value, json};

use super::support::cluster::{SETTLES_WITHIN, list};
use super::support::{Answer, Client, Cluster, PASSWORD, Sale, eventually, tokens};

const GATEWAY: u32 = 4;
const CUSTOMERS: &str = "correct horse";

/// Somebody who acts, and who they are.
struct Actor {
    client: Client,
    id: String,
}

impl Actor {
    fn new(client: Client, name: &str, password: &str) -> Self {
        let login = client.post("/users/login", &json!({"username": name, "password": password})).expect(200);
        Self { client, id: text(&login["user"]["id"]) }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// What must come to stand in the log.
struct Written {
    who: String,
    what: &'static str,
    /// What its detail begins with, where anything is said there.
    on: String,
    request: Option<String>,
}

/// Acts and notes down what must be written of it.
struct Scribe<'a> {
    cluster: &'a Cluster,
    written: Vec<Written>,
}

impl Scribe<'_> {
    /// Has `actor` do this at a node, which must go well.
    #[track_caller]
    fn act(&mut self, actor: &Actor, node: u32, method: &'static str, path: &str, body: &Value) -> Value {
        let request = format!("act-{}", self.written.len());
        let headers = [("x-request-id", request.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { None } else { Some(body.to_string()) };
        let client = actor.client.at(&self.cluster.client(node));
        let answer = eventually("it goes well", SETTLES_WITHIN, || {
            let answer = client.send(method, path, &headers, body.as_deref().map(str::as_bytes));
            // What was just made may not be known everywhere yet.
            (answer.status != 404).then_some(answer)
        });
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.json());
        let on = format!("{}, {}", path.split('?').next().unwrap_or_default(), answer.status);
        self.written.push(Written { who: actor.id.clone(), what: method, on, request: Some(request) });
        answer.json()
    }
}

fn buy(buyer: &Client, sale: &Sale, seat: usize) -> Value {
    let body = json!({"ticketIds": sale.ids(&[seat]), "paymentDetails": tokens("tok_visa")});
    buyer.post(&format!("/bookings/{}", sale.event), &body).expect(201)
}

#[test]
fn privileged_acts_are_written_down_at_every_node_and_no_secret_with_them() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(GATEWAY);
    let operator = Actor::new(cluster.operator(1), "operator", PASSWORD);
    let [olga, ann] =
        ["olga", "ann"].map(|name| Actor::new(cluster.client(1).sign_up(name), name, CUSTOMERS));
    let mut scribe = Scribe { cluster: &cluster, written: Vec::new() };
    scribe.act(&operator, 2, "PUT", &format!("/users/{}/role", olga.id), &json!({"role": "organizer"}));
    let organizes = || {
        let made = olga.client.post("/performers", &json!({"name": "x", "genre": "y", "bio": "z"}));
        (made.status == 201).then_some(())
    };
    eventually("the role is known", SETTLES_WITHIN, organizes);
    let sale = Sale::open_as(&olga.client, 8, &json!({}));
    let bookings: Vec<Value> = (0..3).map(|seat| buy(&ann.client, &sale, seat)).collect();

    let event = format!("/events/{}", sale.event);
    let seats = |seat: usize| json!({"ticketIds": sale.ids(&[seat])});
    scribe.act(&olga, 3, "PUT", &event, &json!({"name": "Another name"}));
    scribe.act(&olga, GATEWAY, "POST", &format!("{event}/seats/kill"), &seats(5));
    scribe.act(&olga, 2, "POST", &format!("{event}/seats/block"), &seats(6));
    let comp = json!({"ticketIds": sale.ids(&[7]), "userId": ann.id});
    scribe.act(&olga, GATEWAY, "POST", &format!("{event}/seats/comp"), &comp);
    let moved = format!("/bookings/{}/tickets/{}/move", text(&bookings[2]["id"]), sale.tickets[2]);
    scribe.act(&olga, 1, "POST", &moved, &json!({"to": sale.tickets[4]}));
    scribe.act(
        &operator,
        3,
        "DELETE",
        &format!("/payments/{}", text(&bookings[0]["payment"]["id"])),
        &Value::Null,
    );
    scribe.act(&olga, 2, "DELETE", &format!("/bookings/{}", text(&bookings[1]["id"])), &Value::Null);
    scribe.act(&olga, GATEWAY, "DELETE", &event, &Value::Null);
    scribe.act(&operator, GATEWAY, "PUT", &format!("/users/{}/role", olga.id), &json!({"role": "customer"}));
    scribe.act(&operator, 1, "DELETE", &format!("/users/{}", olga.id), &Value::Null);
    let mut written = scribe.written;
    written.push(Written { who: operator.id.clone(), what: "login", on: String::new(), request: None });
    for node in [1, 2, 3, GATEWAY] {
        stands_in(&cluster.admin(node), &written, node);
    }
    cluster.kill(GATEWAY);
    cluster.admin(2).delete(&format!("/admin/nodes/{GATEWAY}")).expect(200);
    written.push(Written { who: operator.id.clone(), what: "remove", on: String::new(), request: None });
    [1, 2, 3].iter().for_each(|node| stands_in(&cluster.admin(*node), &written, *node));
    // What customers do is nobody's business, and neither is who may not look.
    let log = cluster.admin(1).get("/admin/audit?pageSize=100");
    let own = list(&log.json(), "items").iter().filter(|line| line["who"] == ann.id.as_str()).count();
    assert_eq!(own, 0, "{}", log.json());
    ann.client.at(&cluster.node(1).admin()).get("/admin/audit").expect_problem(403, "forbidden");
    keeps_secrets(&log, &[&operator.client, &olga.client, &ann.client]);
}

/// All of it is in the log that a node shows, latest first.
fn stands_in(admin: &Client, written: &[Written], node: u32) {
    let mut missing = String::new();
    let mut all_there = || {
        let log = admin.get("/admin/audit?pageSize=100").expect(200);
        let lines = list(&log, "items");
        let times: Vec<&str> = lines.iter().filter_map(|line| line["at"].as_str()).collect();
        assert!(times.len() == lines.len() && times.iter().all(|at| at.ends_with('Z')), "{log}");
        let numbers: Vec<u64> = lines.iter().filter_map(|line| line["number"].as_u64()).collect();
        assert!(numbers.windows(2).all(|two| two[0] > two[1]), "{numbers:?}");
        let is_there = |wanted: &&Written| {
            let fits = |line: &&Value| {
                let detail = line["detail"].as_str().unwrap_or_default();
                let request = wanted.request.as_ref().map(|id| format!("request {id}"));
                line["who"] == wanted.who.as_str()
                    && line["what"] == wanted.what
                    && detail.starts_with(&wanted.on)
                    && request
                        .is_none_or(|request| detail.ends_with(&request) && detail.contains("127.0.0.1"))
            };
            lines.iter().filter(fits).count() > 0
        };
        let lacks: Vec<_> = written.iter().filter(|wanted| !is_there(wanted)).collect();
        missing = lacks.iter().map(|lack| format!("{} {} {}; ", lack.who, lack.what, lack.on)).collect();
        missing.is_empty().then_some(())
    };
    for _ in 0..SETTLES_WITHIN.as_millis() / 100 {
        if all_there().is_some() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("node {node} does not show {missing}");
}

fn keeps_secrets(log: &Answer, people: &[&Client]) {
    let text = String::from_utf8_lossy(&log.bytes);
    let proofs = people.iter().filter_map(|client| client.token().rsplit('.').next());
    for secret in [PASSWORD, CUSTOMERS, "tok_visa", "@example.org"].into_iter().chain(proofs) {
        assert!(!text.contains(secret), "{secret} is in the audit log");
    }
}
