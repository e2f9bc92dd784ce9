//! What organizers change, end and remove, and what live sales make of that.

use serde_json::{Value, json};

use crate::support::cluster::SETTLES_WITHIN;
use crate::support::{Client, Cluster, Sale, eventually, tokens};
use crate::{SOON, book, booking_path, event, not_the_owner, organizer, path_of, text};

/// Whether a hold is refused because nothing is on sale; one that is made is let go.
fn refused_or_released(buyer: &Client, sale: &Sale, seat: usize) -> Option<()> {
    let hold = sale.hold(buyer, &[seat]);
    if hold.status == 201 {
        buyer.delete(&format!("/holds/{}", text(&hold.json()["id"]))).expect(204);
        return None;
    }
    hold.expect_problem(409, "not-on-sale");
    Some(())
}

#[test]
fn what_organizers_made_they_change_on_any_node() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(4);
    let sale = cluster.sale(8, &json!({}));
    let event_before = event(&cluster.operator(1), &sale);
    let venue = format!("/venues/{}", text(&event_before["venueId"]));
    let performer = format!("/performers/{}", text(&event_before["performerIds"][0]));

    let other = organizer(&cluster, 2, "olga");
    let (ann, operator) = (cluster.client(1).sign_up("ann"), cluster.operator(4));
    for path in [&venue, &performer, &path_of(&sale)] {
        let change = json!({"name": "Other"});
        ann.put(path, &change).expect_problem(403, "forbidden");
        other.at(&cluster.client(4)).put(path, &change).expect_problem(403, "forbidden");
        other.delete(path).expect_problem(403, "forbidden");
        cluster.client(3).put(path, &change).expect_problem(401, "unauthenticated");
        operator.put(path, &json!({"nmae": "Other"})).expect_problem(422, "validation-failed");
        operator.put(path, &json!({"name": null})).expect_problem(422, "validation-failed");
        operator.put(path, &json!({"name": ""})).expect_problem(422, "validation-failed");

        let read = operator.get(path);
        let tag = read.header("etag").expect("a tag").to_owned();
        let if_match = |tag: &str, body: &Value| {
            let headers = [("if-match", tag), ("content-type", "application/json")];
            operator.send("PUT", path, &headers, Some(body.to_string().as_bytes()))
        };
        if_match("\"other\"", &change).expect_problem(412, "precondition-failed");
        let changed = if_match(&tag, &change);
        assert_eq!(changed.expect(200)["name"], "Other");
        assert_ne!(changed.header("etag"), Some(&*tag));
        if_match(&tag, &json!({"name": "Again"})).expect_problem(412, "precondition-failed");
        assert_eq!(
            operator.get(path).expect(200)["name"],
            "Other",
            "where it was answered, it shows at once"
        );
        for number in 1..=3 {
            let seen = || (cluster.client(number).get(path).expect(200)["name"] == "Other").then_some(());
            eventually("every node shows the change", SOON, seen);
        }
    }

    let refused = operator.put(&path_of(&sale), &json!({"currency": "USD"}));
    refused.expect_problem(409, "in-use");
    let smaller = json!({"seatMap": {"sections": [{"name": "A", "category": "floor", "capacity": 5}]}});
    operator.put(&venue, &smaller).expect_problem(409, "in-use");
    operator.delete(&venue).expect_problem(409, "in-use");
    operator.delete(&performer).expect_problem(409, "in-use");
    operator.delete(&format!("{}?purge=true", path_of(&sale))).expect(204);
    for number in [4, 1, 2, 3] {
        let gone = || (cluster.client(number).get(&path_of(&sale)).status == 404).then_some(());
        eventually("the event is gone everywhere", SOON, gone);
    }
    ann.at(&cluster.client(2))
        .post(&format!("{}/holds", path_of(&sale)), &json!({"ticketIds": sale.ids(&[0])}))
        .expect_problem(404, "not-found");
    eventually("its sale is gone too", SETTLES_WITHIN, || {
        let status = cluster.status(1);
        let shards = status["shards"].as_array().expect("shards");
        shards.iter().all(|shard| shard["events"] == 0).then_some(())
    });
    assert_eq!(operator.put(&venue, &smaller).expect(200)["capacity"], 5, "nothing takes place there");
    operator.delete(&venue).expect(204);
    operator.delete(&performer).expect(204);
    operator.delete(&venue).expect_problem(404, "not-found");
    operator.get(&performer).expect_problem(404, "not-found");
}

#[test]
fn a_live_sale_takes_changes_without_touching_what_is_held_or_sold() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(4);
    let sale = cluster.sale(12, &json!({}));
    let (ann, bob) = (cluster.client(1).sign_up("ann"), cluster.client(2).sign_up("bob"));
    let held = sale.hold(&ann, &[0]).expect(201);
    let sold = book(&bob, &sale, &[1]);
    let elsewhere = cluster.operator(not_the_owner(&cluster));

    let changed =
        elsewhere.put(&path_of(&sale), &json!({"prices": {"floor": 9000}, "limits": {"perCustomer": 3}}));
    assert_eq!(changed.expect(200)["prices"]["floor"], 9000);
    // Without a sleep: whatever a hold costs meanwhile, it costs the new price soon, on every node.
    for number in 1..=4 {
        let eve = ann.at(&cluster.client(number));
        eventually("the owner has the new price", SOON, || {
            let hold = sale.hold(&eve, &[2]).expect(201);
            eve.delete(&format!("/holds/{}", text(&hold["id"]))).expect(204);
            (hold["total"]["amount"] == 9000).then_some(())
        });
    }
    assert_eq!(ann.get(&format!("/holds/{}", text(&held["id"]))).expect(200)["total"]["amount"], 2500);
    let paid =
        ann.post("/bookings", &json!({"holdId": held["id"], "payment": tokens("tok_visa")})).expect(201);
    assert_eq!((&paid["total"]["amount"], &paid["status"]), (&json!(2500), &json!("booked")));
    assert_eq!(bob.get(&booking_path(&sold)).expect(200)["tickets"], sold["tickets"]);
    assert_eq!(sale.hold(&ann, &[5, 6, 7]).expect_problem(422, "limit-exceeded")["limit"], 3);

    let put_off = elsewhere.put(&path_of(&sale), &json!({"status": "postponed"})).expect(200);
    assert_eq!(put_off["status"], "postponed");
    eventually("nothing is sold of a show without a date", SOON, || refused_or_released(&bob, &sale, 8));
    elsewhere.put(&path_of(&sale), &json!({"status": "cancelled"})).expect_problem(422, "validation-failed");
    let moved = elsewhere.put(&path_of(&sale), &json!({"startsAt": "2099-06-01T19:30:00.000Z"})).expect(200);
    assert_eq!(
        (&moved["status"], &moved["startsAt"]),
        (&json!("onsale"), &json!("2099-06-01T19:30:00.000Z"))
    );
    eventually("it is sold again", SOON, || (sale.hold(&bob, &[8]).status == 201).then_some(()));
}

#[test]
fn a_cancelled_event_is_closed_at_once_and_everybody_gets_everything_back() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(4);
    let rule = json!({"cancellation": {"until": "2099-01-01T00:00:00Z", "feePercent": 50}});
    let sale = cluster.sale(90, &rule);
    let (ann, bob) = (cluster.client(1).sign_up("ann"), cluster.client(2).sign_up("bob"));
    let bookings: Vec<Value> = (0..40).map(|at| book(&ann, &sale, &[2 * at, 2 * at + 1])).collect();
    let held = sale.hold(&bob, &[80]).expect(201);
    let owner = cluster.owner();

    bob.delete(&path_of(&sale)).expect_problem(403, "forbidden");
    let operator = cluster.operator(4);
    operator.delete(&format!("{}?purge=true", path_of(&sale))).expect_problem(409, "in-use");
    assert_eq!(event(&operator, &sale)["status"], "onsale", "who may not be removed goes on");
    let cancelled = operator.delete(&path_of(&sale)).expect(200);
    assert_eq!((&cancelled["id"], &cancelled["status"]), (&json!(sale.event), &json!("cancelled")));
    cluster.kill(owner);

    for number in cluster.living().into_iter().chain([4]) {
        eventually("nothing is held of it any more", SETTLES_WITHIN, || {
            let hold = sale.hold(&ann.at(&cluster.client(number)), &[85]);
            (hold.status != 503).then(|| hold.expect_problem(410, "event-cancelled"))
        });
    }
    let node = cluster.living()[0];
    let ann = ann.at(&cluster.client(node));
    let bob = bob.at(&cluster.client(node));
    let late = json!({"holdId": held["id"], "payment": tokens("tok_visa")});
    bob.post("/bookings", &late).expect_problem(410, "event-cancelled");
    eventually("the next owner gives everything back", SETTLES_WITHIN, || {
        let seen = event(&cluster.operator(node), &sale);
        let progress = &seen["windingUp"];
        assert_eq!(progress["bookings"], 40, "{seen}");
        (progress["refunded"] == 40 && progress["amount"]["amount"] == 200_000).then_some(())
    });
    for booking in &bookings {
        let seen = ann.get(&booking_path(booking)).expect(200);
        assert_eq!((&seen["status"], &seen["payment"]["status"]), (&json!("cancelled"), &json!("refunded")));
        assert_eq!(seen["refunded"]["amount"], 5000, "in full, whatever the rule");
        assert_eq!(seen["tickets"][0]["code"], Value::Null);
    }
    assert!(event(&ann, &sale).get("windingUp").is_none(), "that is the organizer's affair");
    let operator = cluster.operator(node);
    assert_eq!(operator.delete(&path_of(&sale)).expect(200)["status"], "cancelled", "again is as good");
    operator.put(&path_of(&sale), &json!({"name": "Back"})).expect_problem(410, "event-cancelled");
}
