//! Finding events over HTTP: on one node, on every node of a cluster and its gateway, and after the index was lost.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Client, Cluster, Node, NodeOptions, eventually};

/// What the contract allows, and as much again for a machine that has more to do.
const VISIBLE_WITHIN: Duration = Duration::from_secs(20);

/// An organizer with some venues and performers.
struct Town {
    organizer: Client,
    berlin: String,
    munich: String,
    new_york: String,
}

impl Town {
    fn new(organizer: Client) -> Self {
        let venue = |name: &str, city: &str, country: &str, lat: f64, lon: f64, zone: &str| {
            let row = json!({"name": "1", "seats": 2});
            let sections = json!([
                {"name": "A", "category": "floor", "rows": [row]},
                {"name": "B", "category": "balcony", "rows": [row]},
            ]);
            let venue = json!({
                "name": name, "address": "Main Street 1", "city": city, "country": country,
                "location": {"lat": lat, "lon": lon}, "timezone": zone, "seatMap": {"sections": sections},
            });
            id(&organizer.post("/venues", &venue).expect(201))
        };
        let berlin = venue("Spree Hall", "Berlin", "Germany", 52.52, 13.405, "Europe/Berlin");
        let munich = venue("Isar Hall", "München", "DE", 48.137, 11.575, "Europe/Berlin");
        let new_york = venue("Hudson Hall", "New York", "USA", 40.713, -74.006, "America/New_York");
        Self { organizer, berlin, munich, new_york }
    }

    fn performer(&self, name: &str) -> String {
        let performer = json!({"name": name, "genre": "folk", "bio": "Some of them."});
        id(&self.organizer.post("/performers", &performer).expect(201))
    }

    fn event(&self, name: &str, venue: &str, starts_at: &str, extra: &Value) -> String {
        let mut event = json!({
            "name": name, "description": "", "type": "concert", "performerIds": [], "venueId": venue,
            "startsAt": starts_at, "currency": "EUR", "prices": {"floor": 5000, "balcony": 2000},
        });
        for (member, value) in extra.as_object().expect("members") {
            event[member] = value.clone();
        }
        id(&self.organizer.post("/events", &event).expect(201))
    }
}

fn id(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

/// The address of a search.
fn search(query: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    format!("/events/search?{}", pairs.join("&"))
}

/// The names of what is found.
#[track_caller]
fn names(client: &Client, query: &[(&str, &str)]) -> Vec<String> {
    let found = client.get(&search(query)).expect(200);
    let names: Vec<String> =
        items(&found).iter().map(|event| event["name"].as_str().expect("a name").to_owned()).collect();
    assert!(found["total"].as_u64().is_some_and(|total| total >= names.len() as u64), "{found}");
    names
}

fn items(found: &Value) -> &[Value] {
    found["items"].as_array().expect("items")
}

#[test]
fn every_parameter_says_what_is_wanted() {
    let node = Node::start();
    let town = Town::new(node.operator());
    let foxes = town.performer("Velvet Foxes");
    let (berlin, munich, new_york) = (&town.berlin, &town.munich, &town.new_york);
    town.event("Hamilton Mixtape", berlin, "2098-06-01T19:00:00Z", &json!({}));
    town.event(
        "Hamilton",
        berlin,
        "2099-06-01T19:00:00Z",
        &json!({"type": "Play", "prices": {"floor": 9000, "balcony": 8000}}),
    );
    town.event("Hamiltons and Friends", munich, "2098-05-01T19:00:00Z", &json!({}));
    town.event("Café Łódź", munich, "2098-07-01T19:00:00Z", &json!({"performerIds": [foxes]}));
    town.event(
        "悲慘世界",
        new_york,
        "2098-08-01T00:30:00Z",
        &json!({"description": "One night of revolution."}),
    );
    let anybody = node.client();
    for (query, found) in [
        (&[("keyword", "hamilton")][..], &["Hamilton", "Hamilton Mixtape", "Hamiltons and Friends"][..]),
        (&[("term", "hmailton")], &["Hamilton", "Hamilton Mixtape", "Hamiltons and Friends"]),
        (
            &[("keyword", "hamilton"), ("sort", "date")],
            &["Hamiltons and Friends", "Hamilton Mixtape", "Hamilton"],
        ),
        (
            &[("keyword", "hamilton"), ("sort", "price")],
            &["Hamiltons and Friends", "Hamilton Mixtape", "Hamilton"],
        ),
        (&[("keyword", "vamilton")], &[]),
        (&[("keyword", "cafe lodz")], &["Café Łódź"]),
        (&[("keyword", "CAFÉ L")], &["Café Łódź"]),
        (&[("keyword", "velvet foxse")], &["Café Łódź"]),
        (&[("keyword", "isar hall friends")], &["Hamiltons and Friends"]),
        (&[("keyword", "慘世")], &["悲慘世界"]),
        (&[("keyword", "night revolution")], &["悲慘世界"]),
        (&[("keyword", "hamilton"), ("type", "play")], &["Hamilton"]),
        (&[("keyword", "hamilton"), ("location", "Munich")], &["Hamiltons and Friends"]),
        (&[("location", "Muenchen")], &["Hamiltons and Friends", "Café Łódź"]),
        (
            &[("location", "Deutschland"), ("keyword", "hamilton")],
            &["Hamilton", "Hamilton Mixtape", "Hamiltons and Friends"],
        ),
        (&[("location", "紐約")], &["悲慘世界"]),
        (&[("location", "Isar Hall"), ("keyword", "hamilton")], &["Hamiltons and Friends"]),
        (&[("date", "2098-07-31")], &["悲慘世界"]),
        (&[("date", "2098-08-01")], &[]),
        (&[("start", "2098-06-02"), ("end", "2098-08-01T00:30:00Z")], &["Café Łódź", "悲慘世界"]),
        (&[("minPrice", "8500")], &["Hamilton"]),
        (&[("maxPrice", "2000"), ("location", "Berlin")], &["Hamilton Mixtape"]),
        (&[("lat", "48.2"), ("lon", "11.5"), ("radiusKm", "20")], &["Hamiltons and Friends", "Café Łódź"]),
        (&[("lat", "48.2"), ("lon", "11.5")], &["Hamiltons and Friends", "Café Łódź"]),
        (
            &[("lat", "52.5"), ("lon", "13.4"), ("sort", "distance")],
            &["Hamilton Mixtape", "Hamilton", "Hamiltons and Friends", "Café Łódź", "悲慘世界"],
        ),
    ] {
        assert_eq!(names(&anybody, query), found, "{query:?}");
    }
    let short_hand =
        anybody.get("/search?term=hamilton&location=berlin&type=play&date=2099-06-01").expect(200);
    assert_eq!((&short_hand["total"], &short_hand["items"][0]["name"]), (&json!(1), &json!("Hamilton")));
    let item = &short_hand["items"][0];
    assert!(item.get("tickets").is_none() && short_hand.get("facets").is_none());
    assert_eq!((&item["availability"]["available"], &item["venue"]["city"]), (&json!(4), &json!("Berlin")));
}

#[test]
fn pages_facets_and_what_is_called_off() {
    let node = Node::start();
    let town = Town::new(node.operator());
    for number in 1..=5 {
        town.event(&format!("Velvet Night {number}"), &town.berlin, "2098-06-01T19:00:00Z", &json!({}));
    }
    let gone = town.event("Velvet Morning", &town.munich, "2098-07-01T19:00:00Z", &json!({"type": "brunch"}));
    let anybody = node.client();
    let mut seen = Vec::new();
    let mut next = Some("/search?term=velvet&facets=true&pageSize=2".to_owned());
    while let Some(page) = next {
        let answer = anybody.get(&page);
        let found = answer.expect(200);
        assert_eq!((&found["total"], &found["pageSize"]), (&json!(6), &json!(2)));
        assert_eq!(
            found["facets"]["type"],
            json!([{"value": "concert", "count": 5}, {"value": "brunch", "count": 1}])
        );
        assert_eq!(
            found["facets"]["city"],
            json!([{"value": "Berlin", "count": 5}, {"value": "München", "count": 1}])
        );
        assert_eq!(
            found["facets"]["month"],
            json!([{"value": "2098-06", "count": 5}, {"value": "2098-07", "count": 1}])
        );
        seen.extend(items(&found).iter().map(id));
        next = answer.header("link").map(|link| link[1..link.find('>').expect("a link")].to_owned());
    }
    // The shorter name is better covered by the word, so it comes before sooner ones.
    assert_eq!((seen.len(), seen.first()), (6, Some(&gone)));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6);

    town.organizer.delete(&format!("/events/{gone}")).expect(200);
    assert_eq!(names(&anybody, &[("keyword", "morning")]), [] as [&str; 0]);
    let all = anybody.get(&search(&[("keyword", "morning"), ("status", "all")])).expect(200);
    assert_eq!((&all["total"], &all["items"][0]["status"]), (&json!(1), &json!("cancelled")));
}

#[test]
fn a_change_shows_at_once_where_it_was_made() {
    let node = Node::start();
    let town = Town::new(node.operator());
    let foxes = town.performer("Velvet Foxes");
    let event =
        town.event("Spring Ball", &town.berlin, "2098-06-01T19:00:00Z", &json!({"performerIds": [foxes]}));
    let anybody = node.client();
    let found = |keyword: &str| names(&anybody, &[("keyword", keyword)]).len();
    assert_eq!((found("spring ball"), found("autumn"), found("velvet"), found("sirens")), (1, 0, 1, 0));
    let change = json!({
        "name": "Autumn Ball", "description": "", "type": "concert", "performerIds": [foxes], "venueId": town.berlin,
        "startsAt": "2098-06-01T19:00:00Z", "currency": "EUR", "prices": {"floor": 5000, "balcony": 2000},
    });
    town.organizer.put(&format!("/events/{event}"), &change).expect(200);
    assert_eq!((found("spring ball"), found("autumn")), (0, 1));
    let renamed = json!({"name": "Silent Sirens", "genre": "folk", "bio": ""});
    town.organizer.put(&format!("/performers/{foxes}"), &renamed).expect(200);
    assert_eq!((found("velvet"), found("sirens")), (0, 1));
    town.organizer.delete(&format!("/events/{event}?purge=true")).expect(204);
    assert_eq!(found("autumn"), 0);
}

#[test]
fn an_answer_may_be_kept_for_a_moment() {
    let node = Node::start();
    let town = Town::new(node.operator());
    town.event("Velvet Night", &town.berlin, "2098-06-01T19:00:00Z", &json!({}));
    let anybody = node.client();
    let first = anybody.get("/search?term=velvet");
    assert_eq!(first.header("cache-control"), Some("public, max-age=1, stale-while-revalidate=1"));
    let tag = first.header("etag").expect("a tag").to_owned();
    let again = anybody.send("GET", "/search?term=velvet", &[("if-none-match", &tag)], None);
    assert_eq!((again.status, again.bytes.len(), again.header("etag")), (304, 0, Some(tag.as_str())));
    assert_eq!(anybody.get("/search?term=velvet").bytes, first.bytes);
    assert_eq!(anybody.send("GET", "/search?term=velvet", &[("accept", "text/html")], None).status, 406);
    let event = id(&items(&first.expect(200))[0]);
    let tickets = anybody.get(&format!("/events/{event}")).expect(200);
    let ticket = &tickets["tickets"][0]["id"];
    node.customer("ann").post(&format!("/events/{event}/holds"), &json!({"ticketIds": [ticket]})).expect(201);
    eventually("the count follows", VISIBLE_WITHIN, || {
        let found = anybody.get("/search?term=velvet").expect(200);
        (items(&found)[0]["availability"]["available"] == 3).then_some(())
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    let node = Node::start();
    let anybody = node.client();
    let long = "x".repeat(300);
    for query in [
        ("lat", "1"),
        ("radiusKm", "5"),
        ("sort", "distance"),
        ("sort", "best"),
        ("date", "tomorrow"),
        ("date", "2027-02-30"),
        ("minPrice", "cheap"),
        ("page", "0"),
        ("pageSize", "101"),
        ("status", "maybe"),
        ("facets", "some"),
        ("keyword", &long),
    ] {
        anybody.get(&search(&[query])).expect_problem(400, "malformed-request");
    }
    for odd in ["\u{0}\u{1}", "((((", "*", "~", "AND OR NOT", "\u{202e}\u{fe0f}", "'; DROP", "🎭"] {
        assert_eq!(
            anybody.get(&search(&[("keyword", odd), ("location", odd)])).expect(200)["total"],
            0,
            "{odd:?}"
        );
    }
    let far = anybody.get("/search?page=4294967295&pageSize=100").expect(200);
    assert_eq!((items(&far).len(), &far["total"]), (0, &json!(0)));
}

#[test]
fn an_index_that_is_lost_or_damaged_is_made_again() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let options = NodeOptions::default();
    let node = Node::start_in(data.path(), &options);
    let town = Town::new(node.operator());
    town.event("Velvet Night", &town.berlin, "2098-06-01T19:00:00Z", &json!({}));
    let index = data.path().join("search");
    let found = |node: &Node| names(&node.client(), &[("keyword", "velvet")]);
    assert_eq!(found(&node), ["Velvet Night"]);
    drop(node.kill());

    let node = Node::start_in(data.path(), &options);
    assert_eq!(found(&node), ["Velvet Night"], "after a kill");
    drop(node.kill());
    std::fs::remove_dir_all(&index).expect("the index");

    let node = Node::start_in(data.path(), &options);
    assert_eq!(found(&node), ["Velvet Night"], "made again");
    drop(node.kill());
    for file in std::fs::read_dir(&index).expect("the index") {
        std::fs::write(file.expect("a file").path(), b"nonsense").expect("it can be written");
    }
    let node = Node::start_in(data.path(), &options);
    assert_eq!(found(&node), ["Velvet Night"], "mended");
    drop(node.kill());
    std::fs::remove_dir_all(&index).expect("the index");
    std::fs::write(&index, b"in the way").expect("it can be written");

    let node = Node::start_in(data.path(), &options);
    node.client().get("/search?term=velvet").expect_problem(503, "overloaded");
    assert_eq!(node.client().get("/events").expect(200)["total"], 1, "the rest of the node goes on");
}

#[test]
fn every_node_finds_what_any_of_them_was_told() {
    let mut cluster = Cluster::of(3);
    cluster.join_gateway(9);
    let town = Town::new(cluster.operator(2));
    town.event("Velvet Night", &town.munich, "2098-06-01T19:00:00Z", &json!({}));
    let query: &[(&str, &str)] = &[("keyword", "vlevet"), ("location", "Munich")];
    assert_eq!(names(&cluster.client(2), query), ["Velvet Night"], "at once where it was made");
    for number in [1, 3, 9] {
        eventually("the other nodes follow", VISIBLE_WITHIN, || {
            (names(&cluster.client(number), query) == ["Velvet Night"]).then_some(())
        });
    }
    // Nobody has a majority any more.
    cluster.kill(2);
    cluster.kill(3);
    for number in [1, 9] {
        let answer = cluster.client(number).get(&search(query));
        assert_eq!(items(&answer.expect(200)).len(), 1, "node {number}");
    }
}

#[test]
fn an_operator_adds_places_in_a_file_or_is_told_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("places.csv");
    let mut options = NodeOptions::default();
    options.env.push(("ONSALE_SEARCH__PLACES_FILE", file.display().to_string()));
    let data = folder.path().join("data");
    let Err(refused) = Node::try_start_in(&data, &options) else { panic!("it started") };
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.log.contains("search.places_file"), "{}", refused.log);
    std::fs::write(&file, "name,lat,lon,country,alternate_names\nSmallville,52.5,13.4,DE,Kleinstadt|小鎮\n")
        .expect("written");
    let node = Node::start_in(&data, &options);
    let town = Town::new(node.operator());
    town.event("Velvet Night", &town.berlin, "2098-06-01T19:00:00Z", &json!({}));
    assert_eq!(names(&node.client(), &[("location", "小鎮")]), ["Velvet Night"]);
}
