//! Seating plans and catalogues that come from elsewhere.

use serde_json::json;

use crate::support::{self, Cluster, eventually};
use crate::{SOON, organizer, text};

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
