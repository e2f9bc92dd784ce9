//! Accounts over a cluster of three nodes and a gateway: every call at every node, how soon a change reaches tokens, that a
//! name has one owner, and that who is erased is gone.

mod support;

use std::path::Path;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Answer, Client, Cluster, Sale, eventually, tokens};

const GATEWAY: u32 = 9;
const NODES: [u32; 4] = [1, 2, 3, GATEWAY];
/// What the contract promises.
const REACHES_WITHIN: Duration = Duration::from_secs(1);

fn cluster() -> Cluster {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(GATEWAY);
    cluster
}

/// Somebody with an account, and what the account was answered with.
struct Somebody {
    client: Client,
    name: String,
    path: String,
}

impl Somebody {
    /// Signs up at one node and logs in there.
    fn new(cluster: &Cluster, node: u32, name: &str) -> Self {
        let client = cluster.client(node);
        let user = client.post("/users", &sign_up(name)).expect(201);
        assert_eq!(
            (&user["username"], &user["role"], &user["bookings"]),
            (&json!(name), &json!("customer"), &json!([]))
        );
        let path = format!("/users/{}", user["id"].as_str().expect("an id"));
        Self { client: client.login(name, &password(name)), name: name.to_owned(), path }
    }

    fn at(&self, cluster: &Cluster, node: u32) -> Client {
        self.client.at(&cluster.client(node))
    }

    fn email(&self) -> String {
        email(&self.name)
    }
}

fn sign_up(name: &str) -> Value {
    json!({"name": format!("Dame {name}"), "email": email(name), "username": name, "password": password(name)})
}

fn email(name: &str) -> String {
    format!("{name}.private@mail.example")
}

fn password(name: &str) -> String {
    format!("the password of {name}")
}

fn log_in(client: &Client, username: &str, password: &str) -> Answer {
    client.post("/users/login", &json!({"username": username, "password": password}))
}

/// The token is refused at every node, as soon as was promised.
#[track_caller]
fn refused_everywhere(cluster: &Cluster, client: &Client) {
    for node in NODES {
        let client = client.at(&cluster.client(node));
        let refused = || (client.get("/bookings").status == 401).then_some(());
        eventually(&format!("node {node} refuses the token"), REACHES_WITHIN, refused);
    }
}

#[test]
fn every_call_is_answered_at_every_node() {
    let cluster = cluster();
    let sale = cluster.sale(60, &json!({}));
    for (place, node) in (0..).zip(NODES) {
        let other = NODES[(place + 1) % NODES.len()];
        let somebody = Somebody::new(&cluster, node, &format!("resident{node}"));
        records(&cluster, &sale, &somebody, (node, other), place * 10);
        profile(&cluster, &somebody, (node, other));
        strangers(&cluster, &somebody, other);
        role(&cluster, &somebody, (node, other));
        erased(&cluster, &somebody, (node, other));
    }
}

/// Whatever somebody has shows at any node that is asked.
fn records(cluster: &Cluster, sale: &Sale, somebody: &Somebody, (node, other): (u32, u32), seat: usize) {
    let (buyer, there) = (somebody.at(cluster, node), somebody.at(cluster, other));
    let held = sale.hold(&buyer, &[seat]).expect(201);
    let body = json!({"ticketIds": sale.ids(&[seat + 1, seat + 2]), "paymentDetails": tokens("tok_visa")});
    let booking = buyer.post(&format!("/bookings/{}", sale.event), &body).expect(201);
    let here = buyer.get(&somebody.path).expect(200);
    assert_eq!(here["bookings"], json!([booking["id"]]), "what was answered here shows here");
    let list = |what: &str| {
        eventually(what, REACHES_WITHIN, || {
            let list = there.get(&format!("{}/{what}?pageSize=5", somebody.path)).expect(200);
            (list["total"] == 1).then(|| list["items"][0].clone())
        })
    };
    assert_eq!(list("bookings")["id"], booking["id"]);
    assert_eq!(
        (list("holds")["id"].clone(), list("holds")["total"].clone()),
        (held["id"].clone(), held["total"].clone())
    );
    let payment = list("payments");
    assert_eq!((&payment["id"], &payment["bookingId"]), (&booking["payment"]["id"], &booking["id"]));
    assert_eq!((&payment["amount"], &payment["status"]), (&booking["total"], &json!("captured")));
    assert_eq!(payment["provider"], "test");
    let export = there.get(&format!("{}/export", somebody.path)).expect(200);
    assert_eq!((&export["user"]["email"], &export["user"]["id"]), (&json!(somebody.email()), &here["id"]));
    for what in ["bookings", "holds", "payments"] {
        assert_eq!(export[what], json!([list(what)]).clone(), "{what}");
    }
}

fn profile(cluster: &Cluster, somebody: &Somebody, (node, other): (u32, u32)) {
    let (owner, there) = (somebody.at(cluster, node), somebody.at(cluster, other));
    let seen = owner.get(&somebody.path);
    let tag = seen.header("etag").expect("a tag").to_owned();
    let put = |body: Value, tag: &str| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        owner.send("PUT", &somebody.path, &headers, Some(body.to_string().as_bytes()))
    };
    let changed = put(json!({"name": "Ada", "phone": "+49 30 1"}), &tag).expect(200);
    assert_eq!(
        (&changed["name"], &changed["phone"], &changed["email"]),
        (&json!("Ada"), &json!("+49 30 1"), &json!(somebody.email()))
    );
    put(json!({"name": "Eve"}), &tag).expect_problem(412, "precondition-failed");
    assert_eq!(owner.get(&somebody.path).expect(200), changed, "what was answered here shows here");
    eventually("the change shows elsewhere", REACHES_WITHIN, || {
        (there.get(&somebody.path).expect(200) == changed).then_some(())
    });
    let gone = there.put(&somebody.path, &json!({"phone": null})).expect(200);
    assert_eq!((gone.get("phone"), &gone["name"]), (None, &json!("Ada")));
    there.put(&somebody.path, &json!({"username": "operator"})).expect_problem(409, "username-taken");
    for (body, pointer) in [
        (json!({"email": "nowhere"}), "/email"),
        (json!({"password": "another password"}), "/currentPassword"),
        (json!({"password": "another password", "currentPassword": "a guess"}), "/currentPassword"),
        (json!({"password": "short", "currentPassword": password(&somebody.name)}), "/password"),
        (json!({"role": "operator"}), "/role"),
    ] {
        let problem = owner.put(&somebody.path, &body).expect_problem(422, "validation-failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
}

/// For others there is no such account.
fn strangers(cluster: &Cluster, somebody: &Somebody, node: u32) {
    let stranger = Somebody::new(cluster, node, &format!("stranger{node}"));
    let nobody = cluster.client(node);
    for what in ["", "/bookings", "/holds", "/payments", "/export"] {
        let path = format!("{}{what}", somebody.path);
        stranger.client.get(&path).expect_problem(404, "not-found");
        nobody.get(&path).expect_problem(401, "unauthenticated");
        cluster.operator(node).get(&path).expect(200);
        cluster
            .operator(node)
            .get(&format!("/users/usr_0000000000001{what}"))
            .expect_problem(404, "not-found");
    }
    stranger.client.put(&somebody.path, &json!({"name": "Eve"})).expect_problem(404, "not-found");
    stranger.client.delete(&somebody.path).expect_problem(404, "not-found");
    let role = format!("{}/role", somebody.path);
    somebody.at(cluster, node).put(&role, &json!({"role": "operator"})).expect_problem(403, "forbidden");
    nobody.put(&role, &json!({"role": "operator"})).expect_problem(401, "unauthenticated");
}

fn role(cluster: &Cluster, somebody: &Somebody, (node, other): (u32, u32)) {
    let performer = json!({"name": "Velvet Foxes", "genre": "rock", "bio": "Four of them."});
    let there = somebody.at(cluster, other);
    there.post("/performers", &performer).expect_problem(403, "forbidden");
    let given = cluster.operator(node).put(&format!("{}/role", somebody.path), &json!({"role": "organizer"}));
    assert_eq!(given.expect(200)["role"], "organizer");
    eventually("the role reaches the token", REACHES_WITHIN, || {
        (there.post("/performers", &performer).status == 201).then_some(())
    });
}

fn erased(cluster: &Cluster, somebody: &Somebody, (node, other): (u32, u32)) {
    assert_eq!(somebody.at(cluster, node).delete(&somebody.path).status, 204);
    refused_everywhere(cluster, &somebody.client);
    cluster.operator(node).get(&somebody.path).expect_problem(404, "not-found");
    let bookings = cluster.operator(other).get(&format!("{}/bookings", somebody.path)).expect(200);
    assert_eq!(bookings["total"], 1, "what was sold stays sold");
    let unknown = log_in(&cluster.client(other), &somebody.name, &password(&somebody.name));
    unknown.expect_problem(401, "unauthenticated");
    cluster.client(other).post("/users", &sign_up(&somebody.name)).expect(201);
}

#[test]
fn a_change_reaches_tokens_everywhere_within_a_second_and_outlives_a_restart() {
    let mut cluster = cluster();
    let people: Vec<Somebody> = (0..)
        .zip(NODES)
        .map(|(place, node)| Somebody::new(&cluster, node, &format!("person{place}")))
        .collect();
    let mut void = Vec::new();
    for (place, somebody) in people.iter().enumerate() {
        let (node, other) = (NODES[place], NODES[(place + 1) % NODES.len()]);
        let second = cluster.client(other).login(&somebody.email(), &password(&somebody.name));
        for node in NODES {
            assert_eq!(somebody.at(&cluster, node).get("/bookings").status, 200);
        }
        assert_eq!(somebody.at(&cluster, other).post("/users/logout", &json!({})).status, 204);
        somebody.at(&cluster, other).get("/bookings").expect_problem(401, "unauthenticated");
        refused_everywhere(&cluster, &somebody.client);
        assert_eq!(second.get("/bookings").status, 200, "another token of theirs is as good as before");
        let change = json!({"password": "another password", "currentPassword": password(&somebody.name)});
        second.at(&cluster.client(node)).put(&somebody.path, &change).expect(200);
        refused_everywhere(&cluster, &second);
        log_in(&cluster.client(node), &somebody.name, &password(&somebody.name))
            .expect_problem(401, "unauthenticated");
        log_in(&cluster.client(other), &somebody.name, "another password").expect(200);
        void.extend([somebody.client.clone(), second]);
    }
    let erased = cluster.client(2).login(&people[0].name, "another password");
    let kept = cluster.client(3).login(&people[1].name, "another password");
    assert_eq!(erased.delete(&people[0].path).status, 204);
    refused_everywhere(&cluster, &erased);
    void.push(erased);

    cluster.kill(GATEWAY);
    [1, 2, 3].iter().for_each(|node| cluster.kill(*node));
    for somebody in &people {
        for node in NODES {
            nowhere_in(cluster.data(node), &somebody.email());
            nowhere_in(cluster.data(node), &format!("Dame {}", somebody.name));
        }
    }
    cluster.start_all(&[1, 2, 3]);
    cluster.start(GATEWAY);
    cluster.settle();
    for node in NODES {
        for client in &void {
            client.at(&cluster.client(node)).get("/bookings").expect_problem(401, "unauthenticated");
        }
        kept.at(&cluster.client(node)).get(&people[1].path).expect(200);
    }
}

/// No file below `dir` has these words in it.
fn nowhere_in(dir: &Path, words: &str) {
    for entry in std::fs::read_dir(dir).expect("a data directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            nowhere_in(&path, words);
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let found = bytes.windows(words.len()).any(|window| window == words.as_bytes());
        assert!(!found, "{words} is in {}", path.display());
    }
}

#[test]
fn a_name_that_fifty_want_at_once_has_one_owner() {
    let cluster = Cluster::of(3);
    let made: Vec<Answer> = thread::scope(|scope| {
        let wishes: Vec<_> = (0..50_u32)
            .map(|number| {
                let client = cluster.client(number % 3 + 1);
                // Half of them want the name, the others the address.
                let (name, mail) = if number % 2 == 0 { ("Wanted", number.to_string()) } else { ("", "wanted".into()) };
                let name = if name.is_empty() { format!("somebody{number}") } else { name.to_owned() };
                let body = json!({"name": "x", "email": format!("{mail}@mail.example"), "username": name, "password": "12345678"});
                scope.spawn(move || {
                    eventually("an answer that is no 503", Duration::from_secs(60), || {
                        Some(client.post("/users", &body)).filter(|answer| answer.status != 503)
                    })
                })
            })
            .collect();
        wishes.into_iter().map(|wish| wish.join().expect("an answer")).collect()
    });
    for (half, code) in [(0, "username-taken"), (1, "email-taken")] {
        let half: Vec<&Answer> = made.iter().skip(half).step_by(2).collect();
        assert_eq!(half.iter().filter(|answer| answer.status == 201).count(), 1, "{code}");
        for refused in half.iter().filter(|answer| answer.status != 201) {
            refused.expect_problem(409, code);
        }
    }
}
