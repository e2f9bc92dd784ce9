//! Two of three nodes dead: no selling, reading goes on; and selling too, as soon as one of them is back.

use std::time::Duration;

use bench::ambient::Clock;
use serde_json::json;

use crate::support::cluster::SETTLES_WITHIN;
use crate::support::{Cluster, eventually, replicas_agree, tokens};

#[test]
fn without_a_majority_nothing_is_sold_and_everything_read() {
    let mut cluster = Cluster::with(3, &[("ONSALE_HTTP__REQUEST_DEADLINE_MS", "3000")]);
    let sale = cluster.sale(8, &json!({}));
    let owner = cluster.owner();
    let ann = cluster.node(owner).customer("ann");
    let hold = sale.hold(&ann, &[1]).expect(201);
    replicas_agree(&cluster, &sale);
    let dead: Vec<u32> = cluster.living().into_iter().filter(|number| *number != owner).collect();
    dead.iter().for_each(|number| cluster.kill(*number));

    // The owner itself is left: it must not go on by itself.
    let body = json!({"holdId": hold["id"], "payment": tokens("tok_visa")});
    for seat in 2..4 {
        let clock = Clock::start();
        let spent_ms = || clock.now_us() / 1_000;
        let refused = sale.hold(&ann, &[seat]);
        refused.expect_problem(503, "owner-unavailable");
        assert!(refused.header("retry-after").is_some());
        let held_ms = spent_ms();
        let booking = ann.post_keyed("/bookings", "once", &body);
        booking.expect_problem(503, "owner-unavailable");
        let booked_ms = spent_ms() - held_ms;
        println!("majority dead: a hold is refused after {held_ms} ms, then a booking after {booked_ms} ms");
        assert!(held_ms.max(booked_ms) < 3_000 + 2_000, "within the deadline of a request");
    }
    let anybody = cluster.client(owner);
    anybody.get(&format!("/events/{}", sale.event)).expect(200);
    anybody.get("/events").expect(200);
    assert_eq!(anybody.get("/events/search?keyword=velvet").expect(200)["total"], 1);
    assert_eq!(sale.status(&anybody, 2), "available");
    assert_eq!(sale.status(&anybody, 1), "held");
    anybody.get("/healthz").expect(200);
    cluster.status(owner);

    cluster.start(dead[0]);
    let booked = eventually("one more is a majority", SETTLES_WITHIN + Duration::from_secs(10), || {
        let answer = ann.post_keyed("/bookings", "once", &body);
        (answer.status != 503).then(|| answer.expect(201))
    });
    cluster.start(dead[1]);
    cluster.settle();
    for number in 1..=3 {
        let again = ann.at(&cluster.client(number)).post_keyed("/bookings", "once", &body).expect(201);
        assert_eq!(again, booked, "at node {number}");
    }
    replicas_agree(&cluster, &sale);

    // All at once, as in a power cut.
    (1..=3).for_each(|number| cluster.kill(number));
    cluster.start_all(&[1, 2, 3]);
    cluster.settle();
    assert_eq!(sale.status(&cluster.client(2), 1), "booked");
    replicas_agree(&cluster, &sale);
}
