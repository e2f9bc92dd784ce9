use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[allow(dead_code)]
struct Order {
    name: String,
    seats: Vec<Seat>,
    prices: Option<BTreeMap<String, i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Seat {
    row: u32,
}

fn refused(body: &str) -> (Code, String) {
    let problem = parse::<Order>(body.as_bytes()).unwrap_err();
    let mut response = axum::response::Response::default();
    problem.render("r", &mut response);
    (problem.code(), format!("{problem:?}"))
}

fn pointer_of(body: &str) -> String {
    let error = serde_path_to_error::deserialize::<_, Order>(&mut serde_json::Deserializer::from_str(body));
    explain(&error.unwrap_err()).pointer
}

#[test]
fn what_is_not_json_has_a_line_and_a_column() {
    for body in [
        "",
        "{",
        "{\"name\": 5, nonsense",
        "{\"name\":\"a\",\"seats\":[]} x",
        "\u{1}",
        "{\"name\":\"\\ud800\"}",
    ] {
        let (code, text) = refused(body);
        assert_eq!(code, Code::MalformedRequest, "{body}");
        assert!(text.contains("\"line\"") && text.contains("\"column\""), "{text}");
    }
    assert_eq!(parse::<Order>(&[b'"', 0xff, b'"']).unwrap_err().code(), Code::MalformedRequest);
}

#[test]
fn nesting_has_an_end() {
    assert_eq!(refused(&"[".repeat(100_000)).0, Code::MalformedRequest);
}

#[test]
fn a_wrong_field_is_pointed_at() {
    for (body, pointer) in [
        (r#"{"seats": []}"#, "/name"),
        (r#"{"name": 5, "seats": []}"#, "/name"),
        (r#"{"name": "a", "name": "b", "seats": []}"#, "/name"),
        (r#"{"name": "a", "seats": [], "extra": 1}"#, "/extra"),
        (r#"{"name": "a", "seats": [{"row": 1}, {"row": -1}]}"#, "/seats/1/row"),
        (r#"{"name": "a", "seats": [{"row": 1}, {}]}"#, "/seats/1/row"),
        (r#"{"name": "a", "seats": [{"row": 1, "x/y": 2}]}"#, "/seats/0/x~1y"),
        (r#"{"name": "a", "seats": [], "prices": {"a/b": "x"}}"#, "/prices/a~1b"),
        ("[]", ""),
        ("null", ""),
    ] {
        assert_eq!(refused(body).0, Code::ValidationFailed, "{body}");
        assert_eq!(pointer_of(body), pointer, "{body}");
    }
}
