//! A cluster made by hand: every kind of request at any node.

use serde_json::json;

use crate::support::cluster::list;
use crate::support::{Cluster, Sale, eventually, replicas_agree, tokens};

#[test]
fn one_voter_grows_to_three_and_every_request_is_answered_at_any_node() {
    let mut cluster = Cluster::alone();
    assert!(list(&cluster.status(1), "shards").iter().all(|shard| shard["voters"] == json!([1])));
    let early = cluster.sale(3, &json!({}));
    early.hold(&cluster.client(1).sign_up("early"), &[1]).expect(201);
    cluster.join_all(2..=3);
    cluster.settle();
    for number in 1..=3 {
        let status = cluster.status(number);
        assert!(
            list(&status, "shards").iter().all(|shard| shard["voters"] == json!([1, 2, 3])),
            "{status:#}"
        );
        assert_eq!(early.status(&cluster.client(number), 1), "held", "at node {number}");
    }
    let leads = |number: usize| list(&list(&cluster.status(1), "nodes")[number], "leaderOf").len();
    eventually("leaderships are spread", super::support::cluster::SETTLES_WITHIN, || {
        (0..3).all(|number| leads(number) > 0).then_some(())
    });

    let one = cluster.client(1);
    let body =
        json!({"name": "Ann", "email": "ann@example.org", "username": "ann", "password": "correct horse"});
    let signed_up = cluster.client(3).post("/users", &body).expect(201);
    let ann = cluster.client(2).login("ann", "correct horse");
    let me = format!("/users/{}", signed_up["id"].as_str().unwrap());
    for number in 1..=3 {
        ann.at(&cluster.client(number)).get(&me).expect(200);
        cluster.client(number).post("/users", &body).expect_problem(409, "username-taken");
    }

    for (venue_at, hold_at) in [(1, 2), (2, 3), (3, 1)] {
        let sale = Sale::open_as(&cluster.operator(venue_at), 8, &json!({}));
        let path = format!("/events/{}", sale.event);
        eventually("the event is known", super::support::cluster::SETTLES_WITHIN, || {
            (1..=3).all(|number| cluster.client(number).get(&path).status == 200).then_some(())
        });
        let ann = |number: u32| ann.at(&cluster.client(number));
        let hold = sale.hold(&ann(hold_at), &[0, 1]).expect(201);
        let hold = hold["id"].as_str().unwrap();
        for number in 1..=3 {
            ann(number).get(&format!("/holds/{hold}")).expect(200);
            sale.hold(&ann(number), &[1]).expect_problem(409, "seat-unavailable");
        }
        let change = json!({"add": [sale.tickets[2]], "remove": [sale.tickets[0]]});
        ann(venue_at).patch(&format!("/holds/{hold}"), &change).expect(200);
        ann(hold_at).post(&format!("/holds/{hold}/extend"), &json!({"ttlSeconds": 300})).expect(200);
        let body = json!({"holdId": hold, "payment": tokens("tok_visa")});
        let first = ann(venue_at).post_keyed("/bookings", "once", &body).expect(201);
        for number in 1..=3 {
            let again = ann(number).post_keyed("/bookings", "once", &body).expect(201);
            assert_eq!(again, first, "the first success, at node {number}");
            ann(number).post_keyed("/bookings", "again", &body).expect_problem(410, "hold-expired");
        }
        let booking = format!("/bookings/{}", first["id"].as_str().unwrap());
        for number in 1..=3 {
            eventually("the booking is read everywhere", super::support::cluster::SETTLES_WITHIN, || {
                (ann(number).get(&booking).status == 200).then_some(())
            });
        }
        replicas_agree(&cluster, &sale);
        ann(hold_at).delete(&booking).expect(200);
        ann(venue_at).delete(&booking).expect_problem(409, "already-cancelled");
        let released = sale.hold(&ann(hold_at), &[5]).expect(201);
        let released = format!("/holds/{}", released["id"].as_str().unwrap());
        ann(venue_at).delete(&released).expect(204);
        ann(hold_at).get(&released).expect_problem(410, "hold-expired");
        eventually("all seats are free again", super::support::cluster::SETTLES_WITHIN, || {
            (1..=3)
                .all(|number| (0..8).all(|seat| sale.status(&cluster.client(number), seat) == "available"))
                .then_some(())
        });
        replicas_agree(&cluster, &sale);
    }
    let found = one.get("/events/search?keyword=velvet").expect(200);
    assert_eq!(found["total"], 4, "{found}");
    ann.at(&one).post("/users/logout", &json!({})).expect(204);
    eventually("the token is refused everywhere", super::support::cluster::SETTLES_WITHIN, || {
        (1..=3).all(|number| ann.at(&cluster.client(number)).get(&me).status == 401).then_some(())
    });
    for number in 1..=3 {
        assert_eq!(cluster.terminate(number).status.code(), Some(0), "node {number}");
    }
}
