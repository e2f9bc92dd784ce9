//! A node without replicas: it answers everything, and nothing is lost with it.

use std::time::Duration;

use serde_json::json;

use crate::replaced::await_missed;
use crate::support::cluster::{SETTLES_WITHIN, list};
use crate::support::{Cluster, Load, eventually, replicas_agree, tokens};

#[test]
fn a_gateway_answers_everything_and_may_be_lost() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(9);
    let sale = cluster.sale(300, &json!({}));
    let gateway = cluster.client(9);
    let ann = cluster.client(9).sign_up("ann");
    let operator = cluster.operator(9);
    operator.get("/users/usr_0000000000000").expect_problem(404, "not-found");
    for path in
        [format!("/events/{}", sale.event), "/events/search?keyword=velvet".to_owned(), "/venues".to_owned()]
    {
        gateway.get(&path).expect(200);
    }
    let hold = sale.hold(&ann, &[0, 1]).expect(201);
    let hold = hold["id"].as_str().unwrap();
    ann.get(&format!("/holds/{hold}")).expect(200);
    sale.hold(&ann, &[1]).expect_problem(409, "seat-unavailable");
    let body = json!({"holdId": hold, "payment": tokens("tok_visa")});
    let booked = ann.post_keyed("/bookings", "once", &body).expect(201);
    assert_eq!(sale.status(&ann, 0), "booked", "what was answered here shows here");
    eventually("it follows the seats", SETTLES_WITHIN, || {
        (sale.status(&gateway, 0) == "booked").then_some(())
    });
    assert_eq!(ann.get("/bookings").expect(200)["total"], 1);

    cluster.kill(9);
    cluster.erase(9);
    await_missed(&cluster, 9);
    cluster.start(9);
    let gateway = cluster.client(9);
    let ann = ann.at(&gateway);
    assert_eq!(ann.post_keyed("/bookings", "once", &body).expect(201), booked, "the first success");
    ann.get(&format!("/bookings/{}", booked["id"].as_str().unwrap())).expect(200);
    let nobody_has = |status| {
        list(&status, "nodes").iter().all(|node| {
            node["gateway"] != json!(true)
                || (node["leaderOf"] == json!([]) && node["replicaOf"] == json!([]))
        })
    };
    assert!(nobody_has(cluster.status(1)) && nobody_has(cluster.status(9)));

    let load = Load::start_at(vec![gateway.url()], &cluster, &sale, 120, Duration::from_secs(4));
    load.at_ms(1_000);
    let owner = cluster.owner();
    cluster.kill(owner);
    let killed = load.now_ms();
    let outcome = load.finish(&cluster);
    let pause = outcome.first_success_after(killed);
    println!("owner killed behind a gateway: first success after {pause} ms; {}", outcome.line());
    assert_eq!(outcome.unknown(), 0, "{}", outcome.text());
    cluster.start(owner);
    cluster.settle();
    replicas_agree(&cluster, &sale);
    let client = cluster.client(9);
    let behind = |number| sale_at(&cluster, &sale.event, number);
    eventually("the gateway shows the same seats", SETTLES_WITHIN, || {
        (client.get(&format!("/events/{}/seats", sale.event)).expect(200)["seats"] == behind(1)["seats"])
            .then_some(())
    });
    assert_eq!(cluster.terminate(9).status.code(), Some(0));
}

fn sale_at(cluster: &Cluster, event: &str, number: u32) -> serde_json::Value {
    cluster.client(number).get(&format!("/events/{event}/seats")).expect(200)
}
