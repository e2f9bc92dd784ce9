//! The seats of the house, and price types with fees and taxes.

use serde_json::{Value, json};

use crate::support::{Client, Cluster, eventually, tokens};
use crate::{SOON, booking_path, event, not_the_owner, organizer, path_of, text};

fn id_of(client: &Client, name: &str) -> Value {
    let login =
        client.post("/users/login", &json!({"username": name, "password": "correct horse"})).expect(200);
    login["user"]["id"].clone()
}

#[test]
fn the_house_keeps_withdraws_gives_and_moves_seats() {
    let cluster = Cluster::of(3);
    let sale = cluster.sale(10, &json!({"limits": {"perCustomer": 2}}));
    let node = not_the_owner(&cluster);
    let (operator, ann) = (cluster.operator(node), cluster.client(node).sign_up("ann"));
    let stranger = organizer(&cluster, node, "olga");
    let house = |who: &Client, what: &str, seats: &[usize]| {
        who.post(&format!("/events/{}/seats/{what}", sale.event), &json!({"ticketIds": sale.ids(seats)}))
    };
    let seats = format!("{}/seats", path_of(&sale));
    for what in ["block", "kill", "unblock", "restore"] {
        house(&ann, what, &[0]).expect_problem(403, "forbidden");
        house(&stranger, what, &[0]).expect_problem(403, "forbidden");
    }
    let blocked = house(&operator, "block", &[0, 1]).expect(200);
    assert_eq!(
        (&blocked["tickets"][1]["id"], &blocked["tickets"][1]["status"]),
        (&json!(sale.tickets[1]), &json!("blocked"))
    );
    sale.hold(&ann, &[0]).expect_problem(409, "seat-unavailable");
    house(&operator, "unblock", &[1]).expect(200);
    assert_eq!(house(&operator, "kill", &[0, 2]).expect(200)["tickets"][1]["killed"], true);
    house(&operator, "block", &[1]).expect(200);
    let seen = |who: &Client, seat: usize| who.get(&seats).expect(200)["seats"][seat].clone();
    for (seat, killed) in [(0, json!(true)), (1, Value::Null), (2, json!(true))] {
        let (by_all, by_operator) = (seen(&ann, seat), seen(&operator, seat));
        assert_eq!((&by_all["status"], &by_operator["status"]), (&json!("blocked"), &json!("blocked")));
        assert_eq!((&by_all["killed"], &by_operator["killed"]), (&Value::Null, &killed), "{seat}");
    }
    let tag = operator.get(&seats).header("etag").expect("a tag").to_owned();
    house(&operator, "kill", &[1]).expect(200);
    let again = operator.send("GET", &seats, &[("if-none-match", &tag)], None).expect(200);
    assert_eq!(again["seats"][1]["killed"], true, "another answer, though no status has changed");
    house(&operator, "unblock", &[0]).expect_problem(409, "seat-unavailable");
    assert_eq!(house(&operator, "restore", &[0]).expect(200)["tickets"][0]["status"], "available");

    let comp = |who: &Client, user: &Value| {
        let body = json!({"ticketIds": sale.ids(&[3, 4, 5]), "userId": user});
        who.post_keyed(&format!("/events/{}/seats/comp", sale.event), "comp", &body)
    };
    let ann_id = id_of(&ann, "ann");
    comp(&ann, &ann_id).expect_problem(403, "forbidden");
    comp(&operator, &json!("usr_0000000000000")).expect_problem(422, "validation-failed");
    let given = comp(&operator, &ann_id);
    let booking = given.expect(201);
    assert_eq!((&booking["total"]["amount"], &booking["status"]), (&json!(0), &json!("booked")));
    assert_eq!((&booking["userId"], sale.status(&operator, 5)), (&ann_id, "booked".to_owned()));
    assert_eq!(comp(&operator, &ann_id).bytes, given.bytes, "given once");
    assert_eq!(ann.get("/bookings").expect(200)["items"][0]["id"], booking["id"]);

    let to = |seat: usize| json!({"to": sale.tickets[seat]});
    let move_of = |seat: usize| format!("{}/tickets/{}/move", booking_path(&booking), sale.tickets[seat]);
    ann.post(&move_of(3), &to(6)).expect_problem(403, "forbidden");
    stranger.post(&move_of(3), &to(6)).expect_problem(404, "not-found");
    operator.post(&move_of(3), &to(2)).expect_problem(409, "seat-unavailable");
    let moved = operator.post(&move_of(3), &to(6)).expect(200);
    assert_eq!(moved["tickets"][0]["id"], sale.tickets[6].as_str());
    let code = |booking: &Value| text(&booking["tickets"][0]["code"]);
    assert_ne!(code(&moved), code(&booking));
    assert_eq!((sale.status(&ann, 3), sale.status(&ann, 6)), ("available".into(), "booked".into()));
    assert_eq!(ann.get(&booking_path(&booking)).expect(200)["tickets"][0]["seat"], "7");
    operator.post(&move_of(3), &to(7)).expect_problem(404, "not-found");
}

#[test]
fn price_types_fees_and_taxes_make_up_the_total() {
    let cluster = Cluster::of(3);
    let charges = json!({
        "priceTypes": [{"id": "child", "name": "Child", "percent": 50}, {"id": "club", "name": "Club", "prices": {"floor": 1999}}],
        "fees": [{"name": "Service", "amount": 150, "per": "ticket"}, {"name": "Handling", "percent": 2.5, "per": "booking"}],
        "taxes": [{"name": "City tax", "percent": 10, "included": false}, {"name": "VAT", "percent": 7, "included": true}],
    });
    let sale = cluster.sale(10, &charges);
    let node = not_the_owner(&cluster);
    let ann = cluster.client(node).sign_up("ann");
    let shown = event(&ann, &sale);
    for name in ["priceTypes", "fees"] {
        let (shown, given) =
            (shown[name].as_array().expect("a list"), charges[name].as_array().expect("a list"));
        assert!(given.iter().all(|given| shown.contains(given)), "{name}: {shown:?}");
    }
    let ticket =
        |seat: usize, price_type: &str| json!({"ticketId": sale.tickets[seat], "priceType": price_type});
    let hold_of =
        |tickets: Vec<Value>| ann.post(&format!("{}/holds", path_of(&sale)), &json!({"tickets": tickets}));
    hold_of(vec![ticket(0, "pensioner")]).expect_problem(422, "validation-failed");
    let plain = json!({"ticketId": sale.tickets[2]});
    let hold = hold_of(vec![ticket(0, "child"), ticket(1, "club"), plain]).expect(201);
    let prices: Vec<_> = (0..3).map(|at| hold["tickets"][at]["price"]["amount"].as_i64().unwrap()).collect();
    assert_eq!(prices, [1250, 1999, 2500]);
    assert_eq!(
        (&hold["tickets"][0]["priceType"], &hold["tickets"][2]["priceType"]),
        (&json!("child"), &json!("adult"))
    );
    let sum = |answer: &Value| -> i64 {
        answer["lines"]
            .as_array()
            .expect("lines")
            .iter()
            .map(|line| line["amount"]["amount"].as_i64().unwrap())
            .sum()
    };
    // 5749 + 450 + 144, and a tenth of it.
    assert_eq!((sum(&hold), &hold["total"]["amount"]), (6977, &json!(6977)));
    assert_eq!(hold["includedTaxes"][0]["name"], "VAT");

    let booking =
        ann.post("/bookings", &json!({"holdId": hold["id"], "payment": tokens("tok_visa")})).expect(201);
    assert_eq!((&booking["total"], &booking["lines"]), (&hold["total"], &hold["lines"]));
    let path = booking_path(&booking);
    let one = ann.delete(&format!("{path}/tickets/{}", sale.tickets[1])).expect(200);
    let back = one["refunded"]["amount"].as_i64().unwrap();
    assert!((1999..6977).contains(&back), "{back}");
    let all = ann.delete(&path).expect(200);
    assert_eq!(all["refunded"]["amount"], 6977, "what was paid comes back, fees included");

    let exact = sale.hold(&ann, &[4]).expect(201);
    assert_eq!(sum(&exact), exact["total"]["amount"].as_i64().unwrap());
    let none =
        cluster.operator(node).put(&path_of(&sale), &json!({"priceTypes": null, "fees": [], "taxes": null}));
    assert!(none.expect(200).get("fees").is_none());
    eventually("fees are gone", SOON, || {
        let hold = sale.hold(&ann, &[5]).expect(201);
        ann.delete(&format!("/holds/{}", text(&hold["id"]))).expect(204);
        (hold.get("lines").is_none() && hold["total"]["amount"] == 2500).then_some(())
    });
}
