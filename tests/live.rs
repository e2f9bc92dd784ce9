//! Seats as they change, at every node of a cluster and at a gateway: every call of the contract's "Live", over real
//! processes.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::cluster::SETTLES_WITHIN;
use support::{Client, Cluster, Node, NodeOptions, Sale, Seats, Stream, eventually};

const HELD: u8 = 1;
const BOOKED: u8 = 2;
const GATEWAY: u32 = 4;

/// Three nodes and a gateway, with short patience.
fn cluster() -> Cluster {
    let env = [("ONSALE_LIVE__POLL_MS", "400"), ("ONSALE_LIVE__HEARTBEAT_MS", "300")];
    let mut cluster = Cluster::with(3, &env);
    cluster.join_gateway(GATEWAY);
    cluster
}

/// Clients of all nodes, once each knows the event.
fn everywhere(cluster: &Cluster, sale: &Sale) -> Vec<Client> {
    let clients: Vec<Client> = [1, 2, 3, GATEWAY].map(|number| cluster.client(number)).into();
    for client in &clients {
        let path = format!("/events/{}?tickets=false", sale.event);
        eventually("the event", SETTLES_WITHIN, || (client.get(&path).status == 200).then_some(()));
    }
    clients
}

fn figure(cluster: &Cluster, number: u32, name: &str) -> f64 {
    let text = String::from_utf8(cluster.node(number).admin().get("/metrics").bytes).expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}")).parse().expect("a number")
}

fn poll(client: &Client, sale: &Sale, since: Option<u64>) -> support::Answer {
    let since = since.map(|version| format!("?since={version}")).unwrap_or_default();
    client.get(&format!("/events/{}/seats/poll{since}", sale.event))
}

/// Polls until `done`, from what is known on.
fn poll_until(client: &Client, sale: &Sale, seats: &mut Seats, done: impl Fn(&Seats) -> bool) {
    eventually("the polls tell it", SETTLES_WITHIN, || {
        let since = (!seats.statuses.is_empty()).then_some(seats.version);
        let answer = poll(client, sale, since);
        match answer.status {
            200 => seats.learn(&answer.json(), sale),
            204 => assert!(answer.bytes.is_empty()),
            _ => panic!("{answer:?}"),
        }
        done(seats).then_some(())
    });
}

fn id(body: &Value) -> &str {
    body["id"].as_str().expect("an id")
}

#[test]
fn every_node_tells_every_change() {
    let cluster = cluster();
    let sale = cluster.sale(20, &json!({}));
    let clients = everywhere(&cluster, &sale);
    let ann = cluster.node(1).customer("ann");
    let mut watching: Vec<(Stream, Seats)> = Vec::new();
    for client in &clients {
        // Several of the gateway's clients have one feed together.
        watching.extend((0..5).map(|_| (Stream::open(client, &sale.event, None), Seats::default())));
    }
    for (stream, seats) in &mut watching {
        assert!(stream.head.contains("content-type: text/event-stream"), "{}", stream.head);
        assert!(stream.head.contains("x-request-id: "), "{}", stream.head);
        seats.take(&stream.next().expect("a snapshot"), &sale);
        assert_eq!(seats.count(HELD), 0);
    }
    let mut polled = vec![Seats::default(); clients.len()];
    for (client, seats) in clients.iter().zip(&mut polled) {
        poll_until(client, &sale, seats, |seats| seats.statuses.len() == 20);
    }

    let hold = sale.hold(&ann, &[3, 4, 5]).expect(201);
    let released = sale.hold(&ann, &[9]).expect(201);
    ann.delete(&format!("/holds/{}", id(&released))).expect(204);
    let payment = json!({"holdId": hold["id"], "payment": support::tokens("tok_visa")});
    let booking = ann.post("/bookings", &payment).expect(201);
    ann.delete(&format!("/bookings/{}/tickets/{}", id(&booking), sale.tickets[4])).expect(200);
    sale.hold(&ann, &[7]).expect(201);
    let truth = Seats::read(&cluster.client(cluster.owner()), &sale.event);
    assert_eq!((truth.count(BOOKED), truth.count(HELD)), (2, 1));
    for (stream, seats) in &mut watching {
        stream.follow(seats, &sale, |seats| seats.version >= truth.version);
        assert_eq!(*seats, truth);
    }
    for (client, seats) in clients.iter().zip(&mut polled) {
        poll_until(client, &sale, seats, |seats| seats.version >= truth.version);
        assert_eq!(*seats, truth);
        assert_eq!(poll(client, &sale, Some(truth.version)).status, 204, "nothing more changes");
    }
    assert_eq!(figure(&cluster, GATEWAY, "onsale_live_streams"), 5.0);
    assert_eq!(figure(&cluster, GATEWAY, "onsale_seat_feed_subscriptions"), 1.0);

    // A sign of life where nothing changes, and no place is kept for those who have gone.
    let (stream, _) = watching.pop().expect("one at the gateway");
    assert!(stream.next_of_all().expect("a comment").name.is_empty());
    drop((stream, watching));
    eventually("their places are free", SETTLES_WITHIN, || {
        (figure(&cluster, GATEWAY, "onsale_live_streams") == 0.0).then_some(())
    });

    for client in &clients {
        resumes(client, &sale, &truth);
    }
    errors(&clients, &sale);
    // An event that is called off is told of as well.
    let last = Stream::open(&clients[3], &sale.event, Some(truth.version));
    let mut seats = truth.clone();
    cluster.operator(1).delete(&format!("/events/{}?tickets=false", sale.event)).expect(200);
    last.follow(&mut seats, &sale, |seats| seats.count(BOOKED) + seats.count(HELD) == 0);
}

/// With the version that is shown nothing is told again; any other is gone on from, or there is a snapshot.
fn resumes(client: &Client, sale: &Sale, truth: &Seats) {
    let here = Stream::open(client, &sale.event, Some(truth.version));
    assert!(here.next_of_all().expect("a sign of life").name.is_empty());
    for known in [Some(truth.version + 1_000_000), Some(0), None] {
        let told = Stream::open(client, &sale.event, known).next().expect("a snapshot");
        let mut seats = Seats::default();
        seats.take(&told, sale);
        assert_eq!((&*told.name, &seats), ("snapshot", truth), "{known:?}");
    }
}

fn errors(clients: &[Client], sale: &Sale) {
    let unknown = "evt_0000000000001";
    for client in clients {
        for call in ["stream", "poll"] {
            let path = |event: &str| format!("/events/{event}/seats/{call}");
            client.get(&path(unknown)).expect_problem(404, "not-found");
            client.get(&path("nonsense")).expect_problem(404, "not-found");
            let plain = [("accept", "text/plain")];
            client.send("GET", &path(&sale.event), &plain, None).expect_problem(406, "not-acceptable");
            client.post(&path(&sale.event), &json!({})).expect_problem(405, "method-not-allowed");
        }
        let path = format!("/events/{}/seats", sale.event);
        client.get(&format!("{path}/poll?since=x")).expect_problem(400, "malformed-request");
        let head = client.send("HEAD", &format!("{path}/stream"), &[], None);
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    }
}

#[test]
fn who_comes_back_to_the_same_node_misses_nothing_and_is_told_nothing_twice() {
    let node = Node::start();
    let sale = Sale::open(&node, 6, &json!({}));
    let (client, ann) = (node.client(), node.customer("ann"));
    let mut seats = Seats::default();
    let first = Stream::open(&client, &sale.event, None);
    seats.take(&first.next().expect("a snapshot"), &sale);
    sale.hold(&ann, &[0]).expect(201);
    first.follow(&mut seats, &sale, |seats| seats.count(HELD) == 1);
    drop(first);
    for seat in [1, 2, 3] {
        sale.hold(&ann, &[seat]).expect(201);
        // What it is told next is another update each time, not one for all.
        let version = seats.version + seat as u64;
        eventually("the node tells of it", SETTLES_WITHIN, || {
            let news = client.get(&format!("/events/{}/seats/poll?since={}", sale.event, seats.version));
            (news.expect(200)["version"] == version).then_some(())
        });
    }
    let again = Stream::open(&client, &sale.event, Some(seats.version));
    let mut told = 0;
    while seats.count(HELD) < 4 {
        let news = again.next().expect("it goes on");
        assert_eq!(news.name, "seats", "no snapshot: {news:?}");
        told += news.data["changes"].as_array().expect("changes").len();
        seats.take(&news, &sale);
    }
    assert_eq!(told, 3);
    assert_eq!(seats, Seats::read(&client, &sale.event));
}

#[test]
fn streams_go_on_when_the_owner_dies() {
    let mut cluster = cluster();
    let sale = cluster.sale(200, &json!({}));
    everywhere(&cluster, &sale);
    let (owner, ann) = (cluster.owner(), cluster.node(1).customer("ann"));
    let survivors: Vec<u32> = cluster.living().into_iter().filter(|node| *node != owner).collect();
    let buyers: Vec<Client> = survivors.iter().map(|number| ann.at(&cluster.client(*number))).collect();
    let watch = |number: u32, last| Stream::open(&cluster.client(number), &sale.event, last);
    let mut watching: Vec<(Stream, Seats)> =
        survivors.iter().chain([&GATEWAY]).map(|number| (watch(*number, None), Seats::default())).collect();
    let (bereft, mut known) = (watch(owner, None), Seats::default());
    for seat in 0..10 {
        sale.hold(&buyers[seat % 2], &[seat]).expect(201);
    }
    bereft.follow(&mut known, &sale, |seats| seats.count(HELD) == 10);
    cluster.kill(owner);
    // What was under way when the node died ends the stream, or was told before.
    while let Some(told) = bereft.next() {
        known.take(&told, &sale);
    }
    let version = known.version;
    let back = Stream::open(&cluster.client(GATEWAY), &sale.event, Some(version));
    for seat in 10..20 {
        eventually("another owner", SETTLES_WITHIN, || {
            let key = format!("seat {seat}");
            let body = json!({"ticketIds": sale.ids(&[seat])});
            let held = buyers[seat % 2].post_keyed(&format!("/events/{}/holds", sale.event), &key, &body);
            (held.status == 201).then_some(())
        });
    }
    watching.push((back, known));
    let truth = Seats::read(&cluster.client(cluster.owner_after(owner)), &sale.event);
    assert_eq!(truth.count(HELD), 20);
    for (stream, seats) in &mut watching {
        stream.follow(seats, &sale, |seats| seats.version >= truth.version);
        assert_eq!(*seats, truth);
    }
}

#[test]
fn a_node_that_stops_ends_its_streams_and_waits_for_none() {
    let env = vec![("ONSALE_LIVE__STREAMS", "2".to_owned()), ("ONSALE_LIVE__POLL_MS", "60000".to_owned())];
    let node = Node::start_with(&NodeOptions { env, ..NodeOptions::default() });
    let sale = Sale::open(&node, 4, &json!({}));
    let client = node.client();
    let streams = [(), ()].map(|()| Stream::open(&client, &sale.event, None));
    let first = streams.each_ref().map(|stream| stream.next().expect("a snapshot"));
    let busy = client.get(&format!("/events/{}/seats/stream", sale.event));
    assert!(busy.header("retry-after").is_some());
    busy.expect_problem(503, "overloaded");
    let version = first[0].id.expect("a version");
    let (waiting, path) = (client.clone(), format!("/events/{}/seats/poll?since={version}", sale.event));
    let poll = std::thread::spawn(move || waiting.get(&path).status);
    let exit = node.terminate();
    assert!(exit.status.success(), "{}", exit.log);
    assert!(!exit.log.contains("still running"), "{}", exit.log);
    assert!(streams.iter().all(|stream| stream.next().is_none()), "they end");
    // A poll that came in time is answered; one that came late found nobody.
    drop(poll.join());
}

#[test]
fn who_does_not_read_is_cut_off() {
    let env = vec![("ONSALE_LIVE__STALLED_MS", "300".to_owned())];
    let node = Node::start_with(&NodeOptions { env, ..NodeOptions::default() });
    let operator = node.operator();
    let event = large_event(&operator);
    let figure = |name: &str| {
        let text = String::from_utf8(node.admin().get("/metrics").bytes).expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.expect("the figure").parse::<f64>().expect("a number")
    };
    let reads = Stream::open(&node.client(), &event, None);
    assert_eq!(reads.next().expect("a snapshot").name, "snapshot");
    // All seats in one event are more than the buffers of this connection hold.
    let connection = support::narrow_connection(node.client().address());
    support::stream::send_request(&connection, &event, None);
    eventually("it is cut off", Duration::from_secs(30), || {
        (figure("onsale_live_slow_streams_total") == 1.0).then_some(())
    });
    eventually("its place is free", Duration::from_secs(30), || {
        (figure("onsale_live_streams") == 1.0).then_some(())
    });
    drop(connection);
}

/// The largest there is, all standing.
fn large_event(operator: &Client) -> String {
    let venue = json!({
        "name": "Field", "address": "Out There 1", "city": "Berlin", "country": "DE",
        "location": {"lat": 52.52, "lon": 13.405}, "timezone": "Europe/Berlin",
        "seatMap": {"sections": [{"name": "Pit", "category": "standing", "capacity": 200_000}]},
    });
    let venue = operator.post("/venues", &venue).expect(201);
    let performer = json!({"name": "Velvet Foxes", "genre": "rock", "bio": ""});
    let performer = operator.post("/performers", &performer).expect(201);
    let event = json!({
        "name": "Velvet Foxes outdoors", "description": "", "type": "concert", "performerIds": [performer["id"]],
        "venueId": venue["id"], "startsAt": "2099-05-01T19:30:00.000Z", "currency": "EUR",
        "prices": {"standing": 2500},
    });
    id(&operator.post("/events?tickets=false", &event).expect(201)).to_owned()
}
