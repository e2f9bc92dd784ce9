//! The operator whom the configuration names is always there: nobody takes their role or their name, not even they, not at
//! any node, and not two at once; and nodes that start again find them.

use std::thread;

use serde_json::{Value, json};

use super::support::cluster::SETTLES_WITHIN;
use super::support::{Answer, Client, Cluster, PASSWORD, eventually};

const GATEWAY: u32 = 4;

fn account(client: &Client, name: &str, password: &str) -> String {
    let login = client.post("/users/login", &json!({"username": name, "password": password})).expect(200);
    format!("/users/{}", login["user"]["id"].as_str().expect("an id"))
}

fn set_role(by: &Client, of: &str, role: &str) -> Answer {
    by.put(&format!("{of}/role"), &json!({"role": role}))
}

#[test]
fn the_operator_of_the_configuration_stays_whoever_tries_what() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(GATEWAY);
    let root = cluster.operator(1);
    let of_root = account(&root, "operator", PASSWORD);
    let eve = cluster.client(1).sign_up("eve");
    let of_eve = account(&eve, "eve", "correct horse");
    set_role(&root, &of_eve, "operator").expect(200);
    for node in [1, 2, 3, GATEWAY] {
        for by in [&root, &eve] {
            let by = by.at(&cluster.client(node));
            let is_known = || (by.get(&of_root).status == 200).then_some(());
            eventually("they are an operator here", SETTLES_WITHIN, is_known);
            set_role(&by, &of_root, "customer").expect_problem(409, "in-use");
            set_role(&by, &of_root, "organizer").expect_problem(409, "in-use");
            by.delete(&of_root).expect_problem(409, "in-use");
            by.put(&of_root, &json!({"username": "boss"})).expect_problem(409, "in-use");
        }
    }
    let renamed: Value = root.put(&of_root, &json!({"name": "The Boss"})).expect(200);
    assert_eq!((&renamed["name"], &renamed["username"]), (&json!("The Boss"), &json!("operator")));

    // Each would be the last one.
    let (by_root, by_eve) = (root.at(&cluster.client(2)), eve.at(&cluster.client(3)));
    let (to_eve, to_root) = thread::scope(|scope| {
        let to_eve = scope.spawn(|| set_role(&by_root, &of_eve, "customer"));
        let to_root = scope.spawn(|| by_eve.delete(&of_root));
        (to_eve.join().expect("an answer"), to_root.join().expect("an answer"))
    });
    assert_eq!(to_eve.expect(200)["role"], "customer");
    assert!(matches!(to_root.status, 409 | 404), "{}", to_root.json());
    cluster.operator(1).get(&of_eve).expect(200);

    [1, 2, 3].iter().for_each(|node| cluster.kill(*node));
    cluster.start_all(&[1, 2, 3]);
    cluster.settle();
    cluster.client(2).login("operator", PASSWORD).get(&of_eve).expect(200);
}
