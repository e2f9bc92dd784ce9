//! Who sits in front of a browser, and how they get to the seats of an event.

use serde_json::json;

use crate::support::Node;
use crate::support::webdriver::Browser;

/// Signs up by the dialog that is open, or about to be.
#[track_caller]
pub(crate) fn sign_up(browser: &Browser<'_>, name: &str) {
    browser.click("#to-sign-up");
    for (field, value) in [
        ("name", name.to_owned()),
        ("email", format!("{name}@example.org")),
        ("username", name.to_owned()),
        ("password", "correct horse".to_owned()),
    ] {
        browser.fill(&format!("#account input[name={field}]"), &value);
    }
    browser.click("#account button[type=submit]");
    browser.shows("#log-out");
}

/// Opens an event as somebody who has an account and is logged in already.
#[track_caller]
pub(crate) fn open_as(browser: &Browser<'_>, node: &Node, name: &str, event: &str) {
    node.customer(name);
    browser.go(&format!("{}/", node.http()));
    browser.click("#log-in");
    browser.fill("#account input[name=username]", name);
    browser.fill("#account input[name=password]", "correct horse");
    browser.click("#account button[type=submit]");
    browser.shows("#log-out");
    open(browser, event);
}

/// Goes to an event.
#[track_caller]
pub(crate) fn open(browser: &Browser<'_>, event: &str) {
    browser.run("location.hash = arguments[0];", &json!([format!("#/event/{event}")]));
    browser.shows("#map");
}

/// Shows the seats of a section as a list.
#[track_caller]
pub(crate) fn list(browser: &Browser<'_>, section: &str) {
    browser.click("#as-list");
    browser.click(&format!("[data-section=\"{section}\"]"));
    browser.shows("[data-seat=\"0\"]");
}
