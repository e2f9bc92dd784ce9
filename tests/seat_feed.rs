//! A gateway, which has no replica of anything, shows the seats as they are elsewhere, and refuses what is taken; over
//! real processes.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, Node, NodeOptions, Sale, eventually, signal};

fn options(args: &[&str]) -> NodeOptions {
    NodeOptions {
        env: vec![
            ("ONSALE_CLUSTER__SHARDS", "4".to_owned()),
            ("ONSALE_CLUSTER__SECRET", "a secret of the tests, of more than 32 bytes".to_owned()),
        ],
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        ..NodeOptions::default()
    }
}

/// A node that owns everything, and a gateway.
fn two() -> (Node, Node) {
    let owner = Node::start_with(&options(&["--node", "1"]));
    let gateway = Node::start_with(&options(&["--node", "2", "--join", owner.peer(), "--gateway"]));
    (owner, gateway)
}

fn available(body: &Value) -> &Value {
    &body["availability"]["available"]
}

fn figure(node: &Node, name: &str) -> f64 {
    let text = String::from_utf8(node.admin().get("/metrics").bytes).expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}")).parse().expect("a number")
}

/// Its first byte behind the head: two bits for each of the first four seats.
fn first_seats(client: &Client, event: &str) -> u8 {
    let accept = [("accept", "application/vnd.onsale.seats")];
    client.send("GET", &format!("/events/{event}/seats"), &accept, None).bytes[16]
}

#[test]
fn a_gateway_shows_what_happens_elsewhere() {
    let (owner, gateway) = two();
    let sale = Sale::open(&owner, 4, &json!({}));
    let ann = owner.customer("ann");
    let (visitor, path) = (gateway.client(), format!("/events/{}", sale.event));
    eventually("the event", Duration::from_secs(5), || (visitor.get(&path).status == 200).then_some(()));
    assert_eq!(available(&visitor.get(&path).expect(200)), 4);
    assert_eq!(sale.status(&visitor, 0), "available");

    let hold = sale.hold(&ann, &[0]).expect(201);
    eventually("the hold", Duration::from_secs(1), || (sale.status(&visitor, 0) == "held").then_some(()));
    assert_eq!(first_seats(&visitor, &sale.event), 0b01);
    let shown = visitor.get(&path);
    assert_eq!((available(&shown.expect(200)), shown.header("age")), (&json!(3), None));
    for list in ["/events", "/search?term=Velvet"] {
        assert_eq!(available(&visitor.get(list).expect(200)["items"][0]), 3, "{list}");
    }
    let known = [("if-none-match", shown.header("etag").expect("a tag"))];
    assert_eq!(visitor.send("GET", &path, &known, None).status, 304);

    // What the gateway has answered, it shows at once.
    let here = ann.at(&visitor);
    sale.hold(&here, &[1]).expect(201);
    assert_eq!(sale.status(&visitor, 1), "held");
    here.delete(&format!("/holds/{}", hold["id"].as_str().expect("an id"))).expect(204);
    assert_eq!(sale.status(&visitor, 0), "available");
    sale.hold(&here, &[0]).expect(201);
    assert_eq!(figure(&gateway, "onsale_seat_feed_subscriptions"), 1.0);
}

#[test]
fn a_gateway_refuses_while_it_knows_and_asks_while_it_does_not() {
    let (owner, gateway) = two();
    let sale = Sale::open(&owner, 4, &json!({}));
    let (ann, ben) = (owner.customer("ann"), owner.customer("ben").at(&gateway.client()));
    sale.hold(&ann, &[0, 1]).expect(201);
    let visitor = gateway.client();
    eventually("the hold", Duration::from_secs(5), || {
        let seats = visitor.get(&format!("/events/{}", sale.event));
        (seats.status == 200 && available(&seats.json()) == 2).then_some(())
    });
    let refused = || figure(&gateway, "onsale_refused_at_the_edge_total");
    let before = refused();
    let own = sale.hold(&ben, &[2, 1]).expect_problem(409, "seat-unavailable");
    let asked = sale.hold(&ben.at(&owner.client()), &[2, 1]).expect_problem(409, "seat-unavailable");
    assert_eq!((&own["unavailable"], &own["detail"]), (&asked["unavailable"], &asked["detail"]));
    assert_eq!(refused(), before + 1.0, "one of the two did not reach the owner");
    let holds = format!("/events/{}/holds", sale.event);
    let exact = json!({"ticketIds": sale.ids(&[0])});
    ben.post_keyed(&holds, "k", &exact).expect_problem(409, "seat-unavailable");
    assert_eq!(refused(), before + 1.0, "with a key it is for the owner to answer");
    let best = json!({"bestAvailable": {"quantity": 3}});
    ben.post(&holds, &best).expect_problem(409, "sold-out");
    assert_eq!(refused(), before + 2.0);

    signal(owner.pid(), libc::SIGSTOP);
    let unavailable = eventually("what it knows is too old", Duration::from_secs(10), || {
        let answer = ben.post(&holds, &exact);
        (answer.status != 409).then_some(answer)
    });
    let edge = refused();
    unavailable.expect_problem(503, "owner-unavailable");
    let shown = eventually("its age", Duration::from_secs(5), || {
        let shown = visitor.get(&format!("/events/{}", sale.event));
        shown.header("age").is_some().then_some(shown)
    });
    assert_eq!(available(&shown.expect(200)), 2);
    let list = visitor.get("/events");
    assert_eq!((available(&list.expect(200)["items"][0]), list.header("age").is_some()), (&json!(2), true));
    ben.post(&holds, &exact).expect_problem(503, "owner-unavailable");
    assert_eq!(refused(), edge, "nothing more was refused from what is old");
    signal(owner.pid(), libc::SIGCONT);
    eventually("it is refused again", Duration::from_secs(20), || {
        (ben.post(&holds, &exact).status == 409 && refused() > edge).then_some(())
    });
}

#[test]
fn a_gateway_finds_the_next_owner() {
    let first = Node::start_with(&options(&["--node", "1"]));
    let join = |number: &str| Node::start_with(&options(&["--node", number, "--join", first.peer()]));
    let (second, third) = (join("2"), join("3"));
    let gateway = Node::start_with(&options(&["--node", "4", "--join", first.peer(), "--gateway"]));
    let sale = Sale::open(&first, 4, &json!({}));
    let ann = first.customer("ann");
    sale.hold(&ann, &[0]).expect(201);
    let operator = first.admin().login("operator", support::PASSWORD);
    let owner = eventually("three replicas of every shard", Duration::from_secs(60), || {
        let cluster = operator.get("/admin/cluster").expect(200);
        let shards = cluster["shards"].as_array().expect("shards").clone();
        let spread = shards.iter().all(|shard| shard["replicas"].as_array().map(Vec::len) == Some(3));
        let sold = shards.into_iter().find(|shard| shard["events"] == 1)?;
        sold["leader"].as_u64().filter(|_| spread)
    });
    let ben = eventually("the way", Duration::from_secs(10), || {
        let ben = ann.at(&gateway.client());
        (sale.hold(&ben, &[0]).status == 409).then_some(ben)
    });
    let refused = || figure(&gateway, "onsale_refused_at_the_edge_total");
    let refuses = || {
        let before = refused();
        (sale.hold(&ben, &[0]).status == 409 && refused() > before).then_some(())
    };
    eventually("it refuses", Duration::from_secs(10), refuses);
    let nodes = [first, second, third];
    signal(nodes[owner as usize - 1].pid(), libc::SIGKILL);
    let visitor = gateway.client();
    assert_eq!(sale.status(&visitor, 0), "held", "what is known is shown all the while");
    eventually("what it knows is too old", Duration::from_secs(5), || {
        let edge = refused();
        let _whatever = sale.hold(&ben, &[0]);
        (refused() == edge).then_some(())
    });
    eventually("it refuses again", Duration::from_secs(30), refuses);
    let (holds, seat) = (format!("/events/{}/holds", sale.event), json!({"ticketIds": sale.ids(&[1])}));
    let held = || (ben.post_keyed(&holds, "k", &seat).status == 201).then_some(());
    eventually("a hold", Duration::from_secs(10), held);
    assert_eq!(sale.status(&visitor, 1), "held");
}
