//! Who may do what: every call of the API document, by nobody, a customer, an organizer and an operator, about what is their
//! own and what is another's, at a node that owns it, at one that forwards, and at a gateway.
//!
//! What is expected is in `expected`: it follows from what the document says of a call and from whose the things in its path
//! are; the few calls that have rules of their own are in a table. Who may not is told nothing but a problem.

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod expected;
mod operators;
mod stage;

use serde_json::Value;
use support::{Answer, Client};

use expected::{Outcome, expected};
use stage::{Call, Stage, Who};

/// What must not be in an answer to somebody who may not see it.
const PRIVATE: [&str; 7] =
    ["@example.org", "\"code\":\"tkt", "total", "tickets", "payment\"", "items", "accessToken"];

#[test]
fn nobody_does_what_they_may_not_and_everybody_what_they_may() {
    let stage = Stage::set();
    let calls = stage.calls();
    assert!(calls.len() > 40, "the document has only {} calls", calls.len());
    let mut wrong = Vec::new();
    let mut asked = 0;
    for call in &calls {
        for who in Who::ALL {
            for (place, target) in stage.targets(call) {
                let expected = expected(call, who);
                if expected == Outcome::Allowed && call.does_something() {
                    // Whether it works is for other tests: here it would take the stage apart.
                    continue;
                }
                asked += 1;
                let answer = call.ask(&stage.by(who, &target));
                if let Err(why) = judge(call, &answer, expected) {
                    wrong.push(format!("{} by {who:?} at {place}: {why}", call.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}

fn judge(call: &Call, answer: &Answer, expected: Outcome) -> Result<(), String> {
    let status = answer.status;
    let text = String::from_utf8_lossy(&answer.bytes);
    let as_expected = match expected {
        Outcome::Unauthenticated => status == 401,
        Outcome::Forbidden => status == 403,
        Outcome::Hidden => matches!(status, 403 | 404),
        Outcome::Taken => status == 409,
        Outcome::Empty => status == 200 && answer.json()["total"] == 0,
        Outcome::Allowed => {
            !matches!(status, 401 | 403) && status < 500 && !(call.is_there() && status == 404)
        }
    };
    let as_expected = as_expected
        || status == 404 && !call.is_filled()
        || expected == Outcome::Hidden && status == 422 && call.is_bodiless();
    if !as_expected {
        return Err(format!("{expected:?} was expected, but it is {status}: {text}"));
    }
    if matches!(expected, Outcome::Allowed | Outcome::Empty) {
        return Ok(());
    }
    let problem: Value =
        serde_json::from_slice(&answer.bytes).map_err(|error| format!("no problem: {error}"))?;
    let told =
        PRIVATE.iter().find(|word| text.contains(**word) && !problem["detail"].to_string().contains(**word));
    match told {
        Some(word) => Err(format!("{word} is told: {text}")),
        None => Ok(()),
    }
}

#[test]
fn a_client_is_nobody_whatever_its_headers_say() {
    let stage = Stage::set();
    let nobody = stage.by(Who::Nobody, &stage.node(1));
    for (name, value) in [
        ("x-onsale-user", "usr_0000000000001"),
        ("onsale-relayed", "1"),
        ("x-onsale-role", "operator"),
        ("x-forwarded-user", "operator"),
        ("cookie", "accessToken=x"),
    ] {
        let send = |client: &Client| client.send("GET", "/bookings", &[(name, value)], None);
        send(&nobody).expect_problem(401, "unauthenticated");
        send(&stage.by(Who::Nobody, &stage.gateway())).expect_problem(401, "unauthenticated");
    }
}
