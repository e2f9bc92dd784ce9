//! Two who want the same seat.

use serde_json::json;

use crate::people::{list, open_as};
use crate::support::webdriver::Driver;
use crate::support::{Node, Sale};
use crate::{in_turn, is_well_behaved};

/// The request of whoever was quicker to click is kept back until the other one has the seat.
const KEEP_BACK: &str = "const send = window.fetch; window.fetch = (address, options) => options?.method === 'POST' \
    ? new Promise((go) => { window.letGo = go; }).then(() => send(address, options)) : send(address, options);";

#[test]
fn one_has_the_seat_and_the_other_is_offered_the_nearest_free_one() {
    let _turn = in_turn();
    let Some(driver) = Driver::start() else { return };
    let node = Node::start();
    let sale = Sale::open(&node, 24, &json!({}));
    let (ann, ben) = (driver.open(1280, 800), driver.open(390, 844));
    open_as(&ann, &node, "ann", &sale.event);
    open_as(&ben, &node, "ben", &sale.event);
    list(&ann, "A");
    list(&ben, "A");

    ben.run(KEEP_BACK, &json!([]));
    ben.click("[data-seat=\"7\"]");
    ben.until("!!window.letGo");
    ann.click("[data-seat=\"7\"]");
    ann.shows_count("#basket .tickets li:not(.pending)", 1);
    ben.run("window.letGo();", &json!([]));

    ben.says("#offer", "Somebody was faster");
    ben.says("#offer", "row 1, seat 8 is taken");
    let offered = ben.until("document.getElementById('take-instead')?.dataset.seats");
    assert!(["6", "8"].contains(&offered.as_str().expect("a seat")), "the nearest: {offered}");
    ben.shows_count("#basket .tickets li", 0);
    ben.run("delete window.letGo;", &json!([]));
    ben.click("#take-instead");
    ben.until("!!window.letGo");
    ben.run("window.letGo();", &json!([]));
    ben.shows_count("#basket .tickets li:not(.pending)", 1);
    ann.shows(&format!("[data-seat={offered}].held"));
    assert_eq!(sale.status(&node.client(), 7), "held");

    ann.click("#release");
    ben.shows("[data-seat=\"7\"].available");
    is_well_behaved(&ann, node.http());
    is_well_behaved(&ben, node.http());
}
