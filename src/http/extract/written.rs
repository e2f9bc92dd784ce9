//! A JSON body as it was written, whatever it means, borrowed from its bytes: what a fingerprint is made of.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::BodyHash;

/// A JSON value. Spaces and the order of fields are not kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Written<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Self>),
    /// An object, its fields in the order of their names.
    Object(Vec<(Name<'a>, Self)>),
}

/// The name of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
pub struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Written<'_> {
    /// Leaves a field of an object out.
    pub fn remove(&mut self, name: &str) {
        if let Self::Object(fields) = self {
            fields.retain(|(Name(own), _)| own != name);
        }
    }

    /// Tells `hash` all of it.
    pub fn feed(&self, hash: &mut BodyHash) {
        match self {
            Self::Null => hash.null(),
            Self::Flag(yes) => hash.flag(*yes),
            Self::Number(number) => hash.number(number),
            Self::Text(text) => hash.text(text),
            Self::List(elements) => {
                hash.list(elements.len());
                elements.iter().for_each(|element| element.feed(hash));
            }
            Self::Object(fields) => {
                hash.object(fields.len());
                for (Name(name), value) in fields {
                    hash.name(name);
                    value.feed(hash);
                }
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Written<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Written<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Written::Null)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Self::Value, E> {
        Ok(Written::Flag(yes))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Written::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Written::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Number::from_f64(number).map(Written::Number).ok_or_else(|| E::custom("no number of JSON"))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Written::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Written::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Written::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields: Vec<(Name<'de>, Written<'de>)> = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        fields.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Written::Object(fields))
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn read(text: &str) -> Written<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn it_is_the_same_however_it_is_spaced_ordered_and_escaped() {
        let one = read(r#"{"b": [1, -2, 2.50, null], "a": {"y": true, "x": "é"}}"#);
        assert_eq!(read(r#"{"a":{"x":"\u00e9","\u0079":true},"b":[1,-2,2.5,null]}"#), one);
        for other in
            [r#"{"b": [1, -2, 2.5], "a": {"x": "é", "y": true}}"#, r#"{"b": [1, -2, 2.5, null]}"#, "[]"]
        {
            assert_ne!(read(other), one);
        }
    }

    #[test]
    fn a_field_can_be_left_out() {
        let mut value = read(r#"{"b": 1, "a": {"b": 2}}"#);
        value.remove("b");
        value.remove("c");
        assert_eq!(value, read(r#"{"a": {"b": 2}}"#));
    }
}
