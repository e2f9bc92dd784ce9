//! From an empty catalogue to a ticket, and back.

use std::time::Duration;

use serde_json::json;

use crate::map::pick_on_map;
use crate::people::{list, sign_up};
use crate::support::webdriver::{Browser, Driver};
use crate::support::{Node, Sale, eventually};
use crate::{in_turn, is_well_behaved};

#[test]
fn somebody_finds_a_show_takes_two_seats_pays_and_gives_them_back() {
    let _turn = in_turn();
    let Some(driver) = Driver::start() else { return };
    let node = Node::start();
    let browser = driver.open(1280, 800);

    browser.go(&format!("{}/", node.http()));
    browser.says("#first-start", "nothing is on sale yet");
    let sale = Sale::open(&node, 24, &json!({}));
    eventually("the show is found", Duration::from_secs(20), || {
        let found = node.client().get("/events/search?keyword=velvt%20foxs").expect(200);
        (found["total"] == 1).then_some(())
    });

    browser.fill("#keyword", "velvt foxs");
    browser.says("#summary", "1 event found");
    browser.click(&format!("a.event-card[href='#/event/{}']", sale.event));
    browser.shows("#map");

    pick_one_in_the_list_and_one_on_the_map(&browser);
    let before = seconds(&browser);
    browser.reload();
    browser.shows_count("#basket .tickets li:not(.pending)", 2);
    assert!(seconds(&browser) <= before, "the clock goes on");
    assert_eq!(sale.status(&node.client(), 3), "held");

    pay(&browser);
    let booking = browser.until("/#.booking.(bkg_\\w+)/.exec(location.hash)?.[1]");
    browser.until(
        "[...document.querySelectorAll('.qr img')].filter((image) => image.complete && image.naturalWidth > 100).length === 2",
    );
    assert_eq!(sale.status(&node.client(), 3), "booked");
    let paid = node.operator().get(&format!("/bookings/{}", booking.as_str().unwrap())).expect(200);
    assert_eq!((&paid["status"], &paid["total"]["amount"]), (&json!("booked"), &json!(5000)));

    browser.click("#my-bookings");
    browser.shows_count(".booking-card[data-status=booked]", 1);
    browser.click(".booking-card");
    browser.click("#cancel-booking");
    browser.click("[data-confirm]");
    browser.shows(".booking[data-status=cancelled]");
    browser.shows_count(".qr img", 0);
    assert_eq!(sale.status(&node.client(), 3), "available");

    browser.click("#log-out");
    browser.shows("#log-in");
    assert_eq!(browser.run("return sessionStorage.length;", &json!([])), 0, "nothing is left behind");
    is_well_behaved(&browser, node.http());
}

/// Seat 3 by its button, which asks who it is for; seat 5 where it is drawn.
fn pick_one_in_the_list_and_one_on_the_map(browser: &Browser<'_>) {
    list(browser, "A");
    browser.click("[data-seat=\"3\"]");
    sign_up(browser, "ann");
    browser.shows(".seat.mine[data-seat=\"3\"][aria-pressed=true]");
    browser.shows_count("#basket .tickets li:not(.pending)", 1);
    browser.click("#as-map");
    pick_on_map(browser, 5);
    browser.shows_count("#basket .tickets li:not(.pending)", 2);
    browser.says("#total", "50.00");
}

/// First with a card that is no good: then the seats are still there.
fn pay(browser: &Browser<'_>) {
    browser.click("#checkout");
    browser.click("input[value=tok_declined]");
    browser.click("#pay");
    browser.says("#payment-problem", "declined");
    browser.click("input[value=tok_visa]");
    browser.click("#pay");
}

/// What the countdown shows.
fn seconds(browser: &Browser<'_>) -> u64 {
    let shown = browser.until("document.getElementById('countdown')?.textContent");
    let (minutes, seconds) =
        shown.as_str().and_then(|text| text.split_once(':')).expect("minutes and seconds");
    minutes.parse::<u64>().expect("minutes") * 60 + seconds.parse::<u64>().expect("seconds")
}
