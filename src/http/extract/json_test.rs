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
    let mut reader = serde_json::Deserializer::from_str(body);
    let error = serde_path_to_error::deserialize::<_, Order>(ObjectsOnly(&mut reader));
    explain(&error.unwrap_err()).pointer
}

#[test]
fn what_is_not_json_has_a_line_and_a_column() {
    for body in ["", "{", "{\"name\": 5, nonsense", "{\"name\":\"a\",\"seats\":[]} x", "\u{1}"] {
        let (code, text) = refused(body);
        assert_eq!(code, Code::MalformedRequest, "{body}");
        assert!(text.contains("\"line\"") && text.contains("\"column\""), "{text}");
    }
    for body in [&b"\"\xff\""[..], b"{\"name\": 5,\n \"seats\": \"\xff"] {
        assert_eq!(parse::<Order>(body).unwrap_err().code(), Code::MalformedRequest, "{body:?}");
    }
    let problem = format!("{:?}", parse::<Order>(b"\n \xff").unwrap_err());
    assert!(problem.contains("line 2, column 2"), "{problem}");
}

#[test]
fn nesting_has_an_end() {
    assert_eq!(refused(&"[".repeat(100_000)).0, Code::MalformedRequest);
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(refused(&nested(32)).0, Code::ValidationFailed);
    let (code, text) = refused(&format!("[\n{}]", nested(32)));
    assert_eq!(code, Code::MalformedRequest);
    assert!(text.contains("line 2, column 32"), "{text}");
    let text = format!(r#"{{"name": "{}\"", "seats": []}}"#, "[".repeat(100));
    assert!(parse::<Order>(text.as_bytes()).is_ok(), "within a text they are letters");
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
        (r#"{"name": "a", "seats": [{"row": 1e400}]}"#, "/seats/0/row"),
        (r#"{"name": "\ud800", "seats": []}"#, "/name"),
        (r#"{"name": "a", "seats": [[1]]}"#, "/seats/0"),
        (r#"["a", [], null]"#, ""),
        ("null", ""),
    ] {
        assert_eq!(refused(body).0, Code::ValidationFailed, "{body}");
        assert_eq!(pointer_of(body), pointer, "{body}");
    }
}
