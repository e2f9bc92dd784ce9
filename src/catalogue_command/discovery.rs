//! Ticketmaster Discovery v2 responses in a file: one page, a list, or a line each.

use serde_json::{Map, Value};

/// What a file has.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    /// In order.
    pub(super) events: Vec<Value>,
    /// The numbers of the lines that cannot be read.
    pub(super) broken: Vec<usize>,
}

/// The events in `text`.
pub(super) fn events(text: &str) -> Result<Found, String> {
    let mut found = Found::default();
    if let Ok(whole) = serde_json::from_str(text) {
        take(whole, &mut found.events);
    } else {
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(value) => take(value, &mut found.events),
                Err(_) => found.broken.push(at + 1),
            }
        }
    }
    if found.events.is_empty() {
        return Err(
            "there is no event in it; give a Discovery v2 response, a list of events, or one on each line"
                .to_owned(),
        );
    }
    Ok(found)
}

/// A page has its events in `_embedded`; whatever else is an object is taken for an event, and found out later.
fn take(value: Value, events: &mut Vec<Value>) {
    match value {
        Value::Array(list) => list.into_iter().for_each(|value| take(value, events)),
        Value::Object(mut object) => match page_of(&mut object) {
            Some(page @ Value::Array(_)) => take(page, events),
            // A page of nothing.
            _ if object.contains_key("page") => {}
            _ => events.push(Value::Object(object)),
        },
        _ => {}
    }
}

fn page_of(object: &mut Map<String, Value>) -> Option<Value> {
    object.get_mut("_embedded")?.as_object_mut()?.remove("events")
}

#[cfg(test)]
mod test {
    use serde_json::json;

    use super::*;

    fn ids(text: &str) -> Vec<String> {
        let found = events(text).unwrap();
        found.events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_page_a_list_and_lines_are_read() {
        let page = json!({"_embedded": {"events": [{"id": "a"}, {"id": "b"}]}, "page": {"size": 2}});
        assert_eq!(ids(&page.to_string()), ["a", "b"]);
        assert_eq!(ids(&json!([{"id": "a"}, page]).to_string()), ["a", "a", "b"]);
        assert_eq!(ids(&format!("{{\"id\": \"c\"}}\n\n{page}\n")), ["c", "a", "b"]);
    }

    #[test]
    fn a_broken_line_is_told_by_its_number() {
        let found = events("{\"id\": \"a\"}\n{\"id\": \n{\"id\": \"b\"}").unwrap();
        assert_eq!((found.events.len(), found.broken), (2, vec![2]));
        for nothing in ["", "nonsense", "[]", r#"{"page": {"totalElements": 0}}"#, "7"] {
            assert!(events(nothing).is_err(), "{nothing}");
        }
    }
}
