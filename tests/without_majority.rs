//! Two of three nodes are dead: everything can still be read, and says how old it is; nothing is sold.

mod support;

use serde_json::{Value, json};
use support::cluster::SETTLES_WITHIN;
use support::load::await_seat;
use support::{Client, Cluster, Sale, Seats, Stream, eventually};

const GATEWAY: u32 = 4;
const HELD: u8 = 1;

fn age(client: &Client, path: &str) -> Option<u64> {
    let answer = client.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.bytes));
    answer.header("age").map(|age| age.parse().expect("seconds"))
}

/// The answer, which must say how old it is.
#[track_caller]
fn aged(client: &Client, path: &str) -> Value {
    let age = eventually("its age", SETTLES_WITHIN, || age(client, path));
    assert!(age >= 1, "{path} is {age} s old");
    client.get(path).expect(200)
}

#[test]
fn what_is_known_is_shown_and_nothing_is_sold() {
    let mut cluster = Cluster::with(3, &[("ONSALE_LIVE__POLL_MS", "400")]);
    cluster.join_gateway(GATEWAY);
    let sale = cluster.sale(6, &json!({}));
    let ann = cluster.node(1).customer("ann");
    sale.hold(&ann, &[0]).expect(201);
    for number in [1, 2, 3, GATEWAY] {
        let path = format!("/events/{}?tickets=false", sale.event);
        let client = cluster.client(number);
        eventually("the event", SETTLES_WITHIN, || (client.get(&path).status == 200).then_some(()));
        await_seat(&cluster, &sale, number, 0, "held");
    }
    let owner = cluster.owner();
    let survivor = cluster.other_than(owner);
    let dead: Vec<u32> = cluster.living().into_iter().filter(|number| *number != survivor).collect();
    dead.iter().for_each(|number| cluster.kill(*number));

    for number in [survivor, GATEWAY] {
        reads(&cluster.client(number), &sale);
        let buyer = ann.at(&cluster.client(number));
        let refused = eventually("nothing is sold", SETTLES_WITHIN, || {
            let answer = sale.hold(&buyer, &[1]);
            (answer.header("retry-after").is_some()).then_some(answer)
        });
        refused.expect_problem(503, "owner-unavailable");
    }

    cluster.start_all(&dead);
    for number in [survivor, GATEWAY] {
        let buyer = ann.at(&cluster.client(number));
        let body = json!({"ticketIds": sale.ids(&[1])});
        eventually("it is sold again", SETTLES_WITHIN, || {
            let answer = buyer.post_keyed(&format!("/events/{}/holds", sale.event), "k", &body);
            (answer.status == 201).then_some(())
        });
        let path = format!("/events/{}/seats", sale.event);
        let fresh = || age(&cluster.client(number), &path).is_none().then_some(());
        eventually("nothing is old any more", SETTLES_WITHIN, fresh);
        await_seat(&cluster, &sale, number, 1, "held");
    }
}

fn reads(client: &Client, sale: &Sale) {
    let event = format!("/events/{}", sale.event);
    assert_eq!(aged(client, &format!("{event}/seats"))["seats"][0]["status"], "held");
    for path in [event.clone(), format!("{event}?tickets=false")] {
        assert_eq!(aged(client, &path)["availability"]["held"], 1, "{path}");
    }
    for path in ["/events", "/events/search?keyword=Velvet", "/search?term=Velvet"] {
        let found = eventually("the event is found", SETTLES_WITHIN, || {
            let list = client.get(path);
            (list.status == 200).then(|| list.json())
        });
        assert_eq!(found["items"][0]["id"], sale.event.as_str(), "{path}");
        assert_eq!(found["items"][0]["availability"]["held"], 1, "{path}");
    }
    assert!(age(client, "/events").is_some());
    assert_eq!(Seats::read(client, &sale.event).count(HELD), 1);
    assert!(age(client, &format!("{event}/seats?section=A")).is_some());
    let mut seats = Seats::default();
    seats.take(&Stream::open(client, &sale.event, None).next().expect("a snapshot"), sale);
    assert_eq!(seats.count(HELD), 1);
    let poll = format!("{event}/seats/poll");
    assert_eq!(client.get(&poll).expect(200)["version"], seats.version);
    assert_eq!(client.get(&format!("{poll}?since={}", seats.version)).status, 204);
}
