//! Reads that a client may keep: `ETag`, `If-None-Match`, `Cache-Control`.
//!
//! Every read is to be asked for again each time (`no-cache`), as seats change by the second; an unchanged one costs a
//! 304 and no body.

use std::fmt;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// Who may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Anyone: it is the same for all.
    Public,
    /// Only who asked.
    Private,
}

/// A validator of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// Made from everything that the answer depends on.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let hash = Sha256::digest(content);
        let digits: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("\"{digits}\""))
    }

    /// That of a small JSON read, as [`json`] answers it.
    ///
    /// # Errors
    /// A fault where `value` does not serialise.
    pub fn of_json(value: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self::of(&serde_json::to_vec(value).map_err(Problem::internal)?))
    }

    /// The same with the revision of the thing in front, for whoever wants to change that and cares for no more.
    #[must_use]
    pub fn of_revision(revision: u64, content: &[u8]) -> Self {
        let Self(tag) = Self::of(content);
        Self(format!("\"{revision}-{}", &tag[1..]))
    }

    /// Whether `text`, from a client, names this tag.
    #[must_use]
    pub fn is_named(&self, text: &str) -> bool {
        text == "*" || text.strip_prefix("W/").unwrap_or(text) == self.0
    }

    /// Whether `text`, from a client, names a tag of this revision.
    #[must_use]
    pub fn is_of_revision(text: &str, revision: u64) -> bool {
        let tag = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
        text == "*" || tag.split_once('-').is_some_and(|(of, _)| of == revision.to_string())
    }

    /// Whether the client has this already.
    pub(super) fn is_known_to(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|tag| tag.trim())
            .any(|tag| self.is_named(tag))
    }

    /// As the value of its header.
    pub(super) fn header(&self) -> HeaderValue {
        HeaderValue::try_from(&self.0).expect("quoted hexadecimal digits are a header value")
    }

    /// 304 if the client has it, else what `answer` makes.
    pub fn guard(&self, headers: &HeaderMap, audience: Audience) -> Guard {
        let cache_control = match audience {
            Audience::Public => "no-cache",
            Audience::Private => "private, no-cache",
        };
        Guard { tag: self.0.clone(), cache_control, unchanged: self.is_known_to(headers) }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What to do with a read, once its tag is known.
#[derive(Debug)]
pub struct Guard {
    tag: String,
    cache_control: &'static str,
    unchanged: bool,
}

impl Guard {
    /// Whether the client has it already: then nothing need be rendered.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.unchanged
    }

    /// The answer with its headers; 304 without a body if it is unchanged.
    pub fn respond(self, content_type: &'static str, body: impl Into<Body>) -> Response {
        let mut response = if self.unchanged {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(CONTENT_TYPE, HeaderValue::from_static(content_type))], body.into()).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(
            ETAG,
            HeaderValue::try_from(self.tag).expect("quoted hexadecimal digits are a header value"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.cache_control));
        headers.insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding, Authorization"));
        response
    }
}

/// A small JSON read, tagged by its content.
///
/// # Errors
/// A fault where `value` does not serialise.
pub fn json(headers: &HeaderMap, audience: Audience, value: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(Problem::internal)?;
    Ok(Tag::of(&body).guard(headers, audience).respond("application/json", body))
}

#[cfg(test)]
mod test {
    use super::*;

    fn asked(if_none_match: &str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, if_none_match.parse().unwrap());
        json(&headers, Audience::Public, &[1, 2]).unwrap()
    }

    #[test]
    fn a_client_that_has_it_gets_nothing_again() {
        let first = asked("\"other\"");
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = asked(&known);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(again.headers()[ETAG], tag.as_str());
        }
    }
}
