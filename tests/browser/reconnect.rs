//! A node that dies under a page, and comes back.

use serde_json::json;

use crate::people::{list, open};
use crate::support::Cluster;
use crate::support::webdriver::Driver;
use crate::{in_turn, is_well_behaved};

const IS_LIVE: &str = "document.getElementById('live').textContent === 'Live'";

#[test]
fn the_map_is_live_again_when_its_node_is_back() {
    let _turn = in_turn();
    let Some(driver) = Driver::start() else { return };
    let mut cluster = Cluster::of(3);
    let sale = cluster.sale(24, &json!({}));
    let (mine, other) = (3, 1);
    let origin = cluster.node(mine).http().to_owned();
    let buyer = cluster.client(other).patient().sign_up("ann");
    let browser = driver.open(1280, 800);
    browser.go(&format!("{origin}/"));
    open(&browser, &sale.event);
    list(&browser, "A");
    browser.until(IS_LIVE);
    // An owner may change meanwhile: whoever asks again does so under the same key.
    let hold = |seat: usize| {
        let (path, wanted) =
            (format!("/events/{}/holds", sale.event), json!({"ticketIds": sale.ids(&[seat])}));
        buyer.post_keyed(&path, &format!("seat {seat}"), &wanted).expect(201);
    };
    hold(4);
    browser.shows("[data-seat=\"4\"].held");

    cluster.kill(mine);
    browser.shows("#live.lost");
    browser.shows("[data-seat=\"4\"].held");
    hold(9);
    cluster.start(mine);
    browser.shows("[data-seat=\"9\"].held");
    browser.until(IS_LIVE);
    hold(12);
    browser.shows("[data-seat=\"12\"].held");
    is_well_behaved(&browser, &origin);
}
