//! A node that has no time just now, and a buyer who takes too long.

use serde_json::json;

use crate::people::{list, open_as};
use crate::support::webdriver::Driver;
use crate::support::{Node, Sale};
use crate::{in_turn, is_well_behaved};

/// The first hold is answered as an overloaded node would; the keys of all of them are kept.
const BUSY: &str = "const send = window.fetch; window.keys = []; window.fetch = (address, options) => {
    if (options?.method !== 'POST') return send(address, options);
    window.keys.push(options.headers['idempotency-key']);
    if (window.keys.length > 1) return send(address, options);
    return Promise.resolve(new Response('{\"code\": \"overloaded\"}', { status: 503, headers: { 'retry-after': '1' } }));
};";

#[test]
fn a_busy_node_is_asked_again_under_the_same_key() {
    let _turn = in_turn();
    let Some(driver) = Driver::start() else { return };
    let node = Node::start();
    let sale = Sale::open(&node, 24, &json!({}));
    let browser = driver.open(1280, 800);
    open_as(&browser, &node, "ann", &sale.event);
    list(&browser, "A");
    browser.run(BUSY, &json!([]));
    browser.click("[data-seat=\"2\"]");
    browser.shows_count("#basket .tickets li:not(.pending)", 1);
    let keys = browser.run("return window.keys;", &json!([]));
    let keys: Vec<&str> = keys.as_array().expect("keys").iter().filter_map(|key| key.as_str()).collect();
    assert!(keys.len() == 2 && keys[0] == keys[1] && keys[0].len() >= 16, "{keys:?}");
    is_well_behaved(&browser, node.http());
}

#[test]
fn a_hold_that_runs_out_is_told_and_its_seats_can_be_had_again() {
    let _turn = in_turn();
    let Some(driver) = Driver::start() else { return };
    let node = Node::start();
    let sale = Sale::open(&node, 24, &json!({"holdSeconds": 2}));
    let browser = driver.open(1280, 800);
    open_as(&browser, &node, "ann", &sale.event);
    list(&browser, "A");
    browser.click("[data-seat=\"2\"]");
    browser.says("#notices", "The time ran out");
    browser.shows("#best");
    browser.shows("[data-seat=\"2\"].available");
    assert_eq!(
        browser.run("return sessionStorage.length;", &json!([])),
        1,
        "nothing but the session is kept"
    );
    assert_eq!(sale.status(&node.client(), 2), "available");
    is_well_behaved(&browser, node.http());
}
