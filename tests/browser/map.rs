//! A stadium of fifty thousand on one canvas. How smoothly it moves is told, not judged: machines differ.

use bench::stadium;
use serde_json::{Value, json};

use crate::people::open;
use crate::support::webdriver::Driver;
use crate::support::{Node, Sale};
use crate::{in_turn, is_well_behaved};

/// Pans for so many frames at a size; gives the middle and the worst time for drawing one, and from one to the next, in
/// milliseconds.
const PAN: &str = "const [scale, done] = arguments; const map = document.getElementById('map').map; const { camera } = map;
    const [drawn, between] = [[], []]; let last = performance.now();
    camera.stop(); camera.jump({ x: camera.bounds[0] * 0.7, y: 0, scale });
    const told = (times) => { times.sort((one, other) => one - other); return times.map((time) => time.toFixed(1)); };
    const step = () => {
        if (drawn.length === 60) return done([told(drawn), told(between)].flatMap((times) => [times[30], times[59]]));
        camera.pan(-6, 2);
        requestAnimationFrame((now) => { drawn.push(map.canvas.drawMs); between.push(now - last); last = now; step(); });
    }; step();";

#[test]
fn fifty_thousand_seats_are_drawn_and_can_be_picked() {
    let _turn = in_turn();
    let Some(driver) = Driver::start() else { return };
    let node = Node::start();
    let event = stadium(&node);
    let browser = driver.open(1280, 800);
    browser.go(&format!("{}/", node.http()));
    open(&browser, &event);
    browser.says("#left", "50,000 seats free");
    assert_eq!(browser.run("return document.getElementById('map').map.plan.count;", &json!([])), 50_000);
    for (what, scale) in [("sections", 1.5), ("small seats", 5.0), ("seats", 14.0)] {
        let told = browser.run_async(PAN, &json!([scale]));
        let [drawn, slowest, between, longest] =
            [0, 1, 2, 3].map(|at| told[at].as_str().unwrap_or("?").to_owned());
        eprintln!(
            "panning, {what}: drawn in {drawn} ms (at worst {slowest}), a frame every {between} ms ({longest})"
        );
    }
    // From afar a click leads to the section, and there to the seat.
    browser.run("document.getElementById('map').map.camera.jump({ x: 0, y: 0, scale: 1.2 });", &json!([]));
    pick_on_map(&browser, 400);
    browser.until(
        "(({ camera }) => camera.scale > 9 && camera.flight === 0)(document.getElementById('map').map)",
    );
    browser.run("const { map } = document.getElementById('map'); map.camera.jump({ x: map.layout.x[400], y: map.layout.y[400], scale: 24 });", &json!([]));
    pick_on_map(&browser, 400);
    browser.shows("#account");
    is_well_behaved(&browser, node.http());
}

#[test]
fn two_fingers_make_it_larger() {
    let _turn = in_turn();
    let Some(driver) = Driver::start() else { return };
    let node = Node::start();
    let sale = Sale::open(&node, 150, &json!({}));
    let browser = driver.open(390, 844);
    browser.go(&format!("{}/", node.http()));
    open(&browser, &sale.event);
    let scale =
        || browser.until("document.getElementById('map').map.camera.scale").as_f64().expect("a number");
    let before = scale();
    browser.pinch("#map", 4.0);
    assert!(scale() > 2.0 * before, "{before} became {}", scale());
    is_well_behaved(&browser, node.http());
}

/// Clicks a seat where it is drawn.
#[track_caller]
pub(crate) fn pick_on_map(browser: &crate::Browser<'_>, seat: u32) {
    let script = "const canvas = document.getElementById('map'); const { map } = canvas ?? {}; \
        if (!map || map.frame || map.camera.flight || canvas.clientWidth === 0) return null; \
        const box = canvas.getBoundingClientRect(), [x, y] = map.pixelOf(arguments[0]); return [box.left + x, box.top + y];";
    browser.click_at(script, &json!([seat]));
}

fn stadium(node: &Node) -> String {
    let operator = node.operator();
    let plan = stadium::plan().expect("a stadium");
    let venue = json!({
        "name": "Olympia Park", "address": "1 Ring Road", "city": "Berlin", "country": "DE",
        "location": {"lat": 52.52, "lon": 13.405}, "timezone": "Europe/Berlin", "seatMap": plan.seat_map,
    });
    let venue = operator.post("/venues", &venue).expect(201);
    let performer = json!({"name": "Velvet Foxes", "genre": "rock", "bio": "Four of them."});
    let performer = operator.post("/performers", &performer).expect(201);
    let event = json!({
        "name": "Velvet Foxes at the stadium", "description": "One night only.", "type": "concert",
        "performerIds": [performer["id"]], "venueId": venue["id"],
        "startsAt": "2099-05-01T19:30:00.000Z", "currency": plan.prices.currency, "prices": plan.prices.prices,
    });
    let event: Value = operator.post("/events", &event).expect(201);
    event["id"].as_str().expect("an id").to_owned()
}
