//! JSON bodies. Owns the split between what is not JSON (400, with line and column) and what is JSON with the wrong
//! fields (422, with JSON pointers).
//!
//! Fields inside `untagged`, `flatten` or internally tagged types lose their pointers: DTOs here use none of these.

use std::error::Error;
use std::iter::successors;

use axum::RequestExt;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use domain::invalid::Invalid;
use http_body_util::{BodyExt, Collected, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use super::objects::ObjectsOnly;
use crate::http::problem::{Code, Problem};

/// Nothing in the contract is nested half as deep.
const MOST_NESTED: u32 = 32;

/// Bodies from here on are parsed off the threads that serve requests.
const PARSE_ELSEWHERE_BYTES: usize = 256 * 1024;

/// A JSON body, parsed.
#[derive(Debug)]
pub struct ApiJson<T> {
    /// What it says.
    pub value: T,
    /// What it was, for [`IdempotencyKey::of_body`](super::IdempotencyKey::of_body).
    pub raw: Bytes,
}

impl<T, S> FromRequest<S> for ApiJson<T>
where
    T: DeserializeOwned + Send + 'static,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        require_json_body(request.headers())?;
        let raw = read_body(request).await?;
        Ok(Self { value: somewhere(&raw, parse).await?, raw })
    }
}

impl<T: DeserializeOwned + Send + 'static> ApiJson<T> {
    /// Of a body that has been read already.
    ///
    /// # Errors
    /// 415, 400 or 422, as for one that is extracted.
    pub async fn of(headers: &HeaderMap, raw: Bytes) -> Result<Self, Problem> {
        require_json_body(headers)?;
        Ok(Self { value: somewhere(&raw, parse).await?, raw })
    }
}

/// A JSON body that may be left out, which means what an empty object means.
#[derive(Debug)]
pub struct OptionalJson<T> {
    /// What it says.
    pub value: T,
    /// What it was: to a key, nothing and an empty object are the same.
    pub raw: Bytes,
}

impl<T, S> FromRequest<S> for OptionalJson<T>
where
    T: DeserializeOwned + Default + Send + 'static,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let is_json = require_json_body(request.headers());
        let raw = read_body(request).await?;
        if raw.is_empty() {
            return Ok(Self { value: T::default(), raw: Bytes::from_static(b"{}") });
        }
        is_json?;
        Ok(Self { value: somewhere(&raw, parse).await?, raw })
    }
}

/// The media type that the body is said to be of, in lower case and without parameters; empty where nothing is said.
#[must_use]
pub fn media_type(headers: &HeaderMap) -> String {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a body of this media type is JSON.
#[must_use]
pub fn is_json(media_type: &str) -> bool {
    media_type == "application/json"
        || media_type.starts_with("application/") && media_type.ends_with("+json")
}

fn require_json_body(headers: &HeaderMap) -> Result<(), Problem> {
    if is_json(&media_type(headers)) {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType, "Send JSON with the header Content-Type: application/json."))
}

/// All of the body. One that is announced to be too large is not waited for.
///
/// # Errors
/// 413 where it has more bytes than the call takes, 400 where it breaks off.
pub async fn read_body(request: Request) -> Result<Bytes, Problem> {
    let announced = request.body().size_hint().lower();
    collected(request.into_limited_body(), announced).await
}

/// All of `body`, which may have `most` bytes; for a body that no route has set a limit to.
///
/// # Errors
/// As [`read_body`].
pub async fn read_at_most(body: Body, most: usize) -> Result<Bytes, Problem> {
    let announced = body.size_hint().lower();
    collected(Body::new(Limited::new(body, most)), announced).await
}

async fn collected(body: Body, announced: u64) -> Result<Bytes, Problem> {
    if body.size_hint().upper().is_some_and(|most| most < announced) {
        return Err(too_large());
    }
    body.collect().await.map(Collected::to_bytes).map_err(|error| {
        let limited = successors(Some(&error as &dyn Error), |&error| error.source())
            .any(|error| error.is::<LengthLimitError>());
        if limited { too_large() } else { Problem::malformed("The body ended before it was complete.") }
    })
}

fn too_large() -> Problem {
    Problem::new(Code::BodyTooLarge, "The body has more bytes than this call takes.")
}

/// Has `read` parse a body; a large one where it holds nobody up.
///
/// # Errors
/// What `read` gives.
pub async fn somewhere<T: Send + 'static>(
    raw: &Bytes,
    read: impl FnOnce(&[u8]) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    if raw.len() < PARSE_ELSEWHERE_BYTES {
        return read(raw);
    }
    let raw = raw.clone();
    tokio::task::spawn_blocking(move || read(&raw)).await.map_err(Problem::internal)?
}

/// Reads `bytes` as JSON of the shape of `T`.
///
/// # Errors
/// 400 where it is not JSON, 422 with pointers where it has another shape.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    if let Some(at) = too_deep(bytes) {
        return Err(broken_at(bytes, at, &format!("more than {MOST_NESTED} levels")));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let error = match serde_path_to_error::deserialize(ObjectsOnly(&mut reader)) {
        Ok(value) => return reader.end().map(|()| value).map_err(|error| not_json(&error)),
        Err(error) => error,
    };
    // A wrong field may come before a broken end: what is not JSON as a whole is 400, whatever it begins with. And the
    // other way round: half a surrogate pair or 1e400 is JSON, only nothing that a field here can be.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| not_json(&error))?;
    Err(Problem::invalid(&[explain(&error)]))
}

fn not_json(error: &serde_json::Error) -> Problem {
    broken(&bare_message(error), error.line(), error.column())
}

fn not_utf8(bytes: &[u8], valid: usize) -> Problem {
    broken_at(bytes, valid, "bytes that are not UTF-8")
}

/// Where lists and objects are nested too deeply, if anywhere: nothing is read of what is made to cost.
fn too_deep(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_u32, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > MOST_NESTED {
                    return Some(at);
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn broken_at(bytes: &[u8], at: usize, what: &str) -> Problem {
    let (lines, last) = bytes[..at].iter().fold((1, 0), |(lines, column), byte| match byte {
        b'\n' => (lines + 1, 0),
        _ => (lines, column + 1),
    });
    broken(what, lines, last + 1)
}

fn broken(what: &str, line: usize, column: usize) -> Problem {
    Problem::malformed(format!("The body is not JSON: {what}, line {line}, column {column}."))
        .with("line", line)
        .with("column", column)
}

/// The message without the place that serde_json appends to it.
fn bare_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> Invalid {
    let message = bare_message(error.inner());
    let mut pointer = pointer(error.path());
    if let Some(field) = field_named_in(&message) {
        let last = format!("/{}", escape(field));
        if !pointer.ends_with(&last) {
            pointer.push_str(&last);
        }
    }
    Invalid { pointer, message }
}

/// serde says which field is missing, unknown or double only in words; the path ends at the object around it.
fn field_named_in(message: &str) -> Option<&str> {
    ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))
        .and_then(|rest| rest.split('`').next())
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&escape(key));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// RFC 6901: `~` and `/` inside a name.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
#[path = "json_test.rs"]
mod test;
