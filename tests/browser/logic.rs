//! The parts of the page that need no page: loaded from a node and asked in a browser, by logic.js beside this file.

use serde_json::json;

use crate::in_turn;
use crate::support::Node;
use crate::support::webdriver::Driver;

#[test]
fn what_the_modules_work_out_is_right() {
    let _turn = in_turn();
    let Some(driver) = Driver::start() else { return };
    let node = Node::start();
    let browser = driver.open(1280, 800);
    browser.go(&format!("{}/", node.http()));
    let told = browser.run_async(include_str!("logic.js"), &json!([]));
    let failed = told["failed"].as_array().unwrap_or_else(|| panic!("it did not end well: {told}"));
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(told["passed"].as_u64().is_some_and(|passed| passed > 40), "{told}");
}
