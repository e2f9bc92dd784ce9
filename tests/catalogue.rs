//! The catalogue over three nodes and a gateway: changing, ending and removing what is in it, what live sales make of that,
//! the seats of the house, price types with fees and taxes, and seating plans as they are.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::cluster::SETTLES_WITHIN;
use support::{Client, Cluster, Sale, eventually, tokens};

/// What the contract allows from a change to its being seen everywhere; machines that have more to do get more.
const SOON: Duration = Duration::from_secs(10);

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Somebody new at a node, whom the operator has made an organizer.
fn organizer(cluster: &Cluster, number: u32, name: &str) -> Client {
    let client = cluster.client(number).sign_up(name);
    let login =
        client.post("/users/login", &json!({"username": name, "password": "correct horse"})).expect(200);
    let path = format!("/users/{}/role", text(&login["user"]["id"]));
    cluster.operator(number).put(&path, &json!({"role": "organizer"})).expect(200);
    client
}

fn id_of(client: &Client, name: &str) -> Value {
    let login =
        client.post("/users/login", &json!({"username": name, "password": "correct horse"})).expect(200);
    login["user"]["id"].clone()
}

fn path_of(sale: &Sale) -> String {
    format!("/events/{}", sale.event)
}

/// An event without tickets, as `client` sees it.
fn event(client: &Client, sale: &Sale) -> Value {
    client.get(&format!("{}?tickets=false", path_of(sale))).expect(200)
}

fn book(buyer: &Client, sale: &Sale, seats: &[usize]) -> Value {
    let body = json!({"ticketIds": sale.ids(seats), "paymentDetails": tokens("tok_visa")});
    buyer.post(&format!("/bookings/{}", sale.event), &body).expect(201)
}

fn booking_path(booking: &Value) -> String {
    format!("/bookings/{}", text(&booking["id"]))
}

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

/// A node that does not own the only event.
fn not_the_owner(cluster: &Cluster) -> u32 {
    cluster.other_than(cluster.owner())
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
    house(&operator, "kill", &[0, 2]).expect(200);
    assert_eq!(sale.status(&ann, 2), "blocked");
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

#[test]
fn a_pretix_plan_is_a_seat_map() {
    let cluster = Cluster::alone();
    let operator = cluster.operator(1);
    let seat = |number: u32, x: u32| {
        json!({"seat_guid": format!("Hall-A-{number}"), "seat_number": number.to_string(), "category": "Stalls",
            "position": {"x": x, "y": 0}})
    };
    let plan = json!({
        "name": "Small hall", "size": {"width": 400, "height": 300}, "categories": [{"name": "Stalls", "color": "#123456"}],
        "zones": [{"name": "Hall", "position": {"x": 0, "y": 0}, "rows": [
            {"row_number": "A", "position": {"x": 10, "y": 10}, "seats": [seat(1, 0), seat(2, 25), seat(3, 100), seat(4, 125)]},
        ]}],
    });
    let mut venue = json!({
        "name": "Small hall", "address": "2 Market Square", "city": "Berlin", "country": "DE",
        "location": {"lat": 52.52, "lon": 13.405}, "timezone": "Europe/Berlin", "seatMap": plan,
    });
    let made = operator.post("/venues", &venue).expect(201);
    assert_eq!((&made["capacity"], &made["categories"]), (&json!(4), &json!(["Stalls"])));
    let show = json!({
        "name": "Chamber music", "description": "", "type": "concert", "performerIds": [], "venueId": made["id"],
        "startsAt": "2099-05-01T19:30:00.000Z", "currency": "EUR", "prices": {"Stalls": 1000},
    });
    let show = operator.post("/events", &show).expect(201);
    assert_eq!(
        (&show["tickets"][2]["section"], &show["tickets"][2]["row"], &show["tickets"][2]["seat"]),
        (&json!("Hall"), &json!("A"), &json!("3"))
    );
    let twice = seat(1, 25);
    venue["seatMap"]["zones"][0]["rows"][0]["seats"][1] = twice;
    let refused = operator.post("/venues", &venue).expect_problem(422, "validation-failed");
    assert_eq!(refused["errors"][0]["pointer"], "/seatMap/zones/0/rows/0/seats/1/seat_guid");
}

/// A page of three events, of which one has no time, and beside it a list of one more and of one that is called off.
fn discovery_files(home: &std::path::Path) -> [std::path::PathBuf; 2] {
    let event = |id: &str, venue: &str| {
        json!({
            "id": id, "name": format!("Show {id}"), "dates": {"start": {"dateTime": "2099-05-01T19:30:00Z"}, "status": {"code": "onsale"}},
            "priceRanges": [{"type": "standard", "currency": "USD", "min": 12.5, "max": 20.0}],
            "_embedded": {
                "venues": [{"id": venue, "name": format!("House {venue}"), "city": {"name": "Oakland"}, "country": {"countryCode": "US"},
                    "location": {"latitude": "37.8", "longitude": "-122.2"}, "timezone": "America/Los_Angeles"}],
                "attractions": [{"id": "A1", "name": "The Paper Moons"}],
            },
        })
    };
    let mut timeless = event("E3", "V1");
    timeless["dates"]["start"] = json!({"localDate": "2099-05-01"});
    let mut called_off = event("E5", "V2");
    called_off["dates"]["status"]["code"] = json!("cancelled");
    let page = json!({"_embedded": {"events": [event("E1", "V1"), event("E2", "V2"), timeless]}, "page": {"size": 3}});
    let lines = format!("{}\n{}\nnonsense\n", event("E4", "V2"), called_off);
    let files = [home.join("page.json"), home.join("lines.jsonl")];
    std::fs::write(&files[0], page.to_string()).expect("a file");
    std::fs::write(&files[1], lines).expect("a file");
    files
}

#[test]
fn an_import_run_twice_changes_nothing() {
    let cluster = Cluster::of(3);
    let home = tempfile::tempdir().expect("a temporary directory");
    let files = discovery_files(home.path());
    let import = |number: u32, file: &std::path::Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_onsale"));
        command.args(["catalogue", "import"]).arg(file).args(["--http", cluster.client(number).address()]);
        command.env("ONSALE_AUTH__OPERATOR_PASSWORD", support::PASSWORD);
        let output = command.output().expect("it runs");
        let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{said}{told}");
        said.into_owned()
    };
    let operator = cluster.operator(1);
    let events = || operator.get("/events?pageSize=100").expect(200);
    let first = import(2, &files[0]);
    assert!(first.contains("events: 2 added, 0 there before, 0 refused"), "{first}");
    assert!(first.contains("venues: 2 added") && first.contains("performers: 1 added"), "{first}");
    assert!(first.contains("skipped: 1") && first.contains("no time (dates.start.dateTime): E3"), "{first}");
    let more = import(3, &files[1]);
    assert!(more.contains("events: 1 added") && more.contains("venues: 0 added, 1 there before"), "{more}");
    assert!(more.contains("1 is cancelled: E5") && more.contains("1 is not JSON: line 3"), "{more}");
    let seen = eventually("all events are listed", SOON, || Some(events()).filter(|seen| seen["total"] == 3));
    let items = seen["items"].as_array().expect("items");
    let shown =
        items.iter().find(|event| event["externalId"] == "ticketmaster:event:E1").expect("it was added");
    assert_eq!(shown["prices"]["general"], 1250);
    assert_eq!(
        (&shown["venue"]["capacity"], &shown["performers"][0]["name"]),
        (&json!(500), &json!("The Paper Moons"))
    );

    let renamed = json!({"name": "Renamed"});
    operator.put(&format!("/events/{}", text(&shown["id"])), &renamed).expect(200);
    let before = events();
    for (at, file) in files.iter().enumerate() {
        let again = import(1 + at as u32, file);
        assert!(again.contains("events: 0 added"), "{again}");
    }
    assert_eq!(events(), before);

    let ann = cluster.client(2).sign_up("ann");
    organizer(&cluster, 3, "olga").post("/catalogue/batch", &json!({})).expect_problem(403, "forbidden");
    ann.post("/catalogue/batch", &json!({})).expect_problem(403, "forbidden");
    let wrong = json!({"performers": [{"externalId": "x:1", "name": "", "genre": "", "bio": ""}]});
    let answer = cluster.operator(2).post("/catalogue/batch", &wrong).expect(200);
    assert_eq!(
        (&answer["performers"][0]["outcome"], &answer["performers"][0]["errors"][0]["pointer"]),
        (&json!("refused"), &json!("/name"))
    );
}
