//! JSON bodies. Owns the split between what is not JSON (400, with line and column) and what is JSON with the wrong
//! fields (422, with JSON pointers).
//!
//! Fields inside `untagged`, `flatten` or internally tagged types lose their pointers: DTOs here use none of these.

use axum::body::Bytes;
use axum::body::HttpBody;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use domain::invalid::Invalid;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use crate::http::problem::{Code, Problem};

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

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        require_json_body(request.headers())?;
        let raw = Bytes::from_request(request, state).await.map_err(|rejection| unreadable(&rejection))?;
        let value = if raw.len() < PARSE_ELSEWHERE_BYTES {
            parse(&raw)?
        } else {
            let raw = raw.clone();
            tokio::task::spawn_blocking(move || parse(&raw)).await.map_err(Problem::internal)??
        };
        Ok(Self { value, raw })
    }
}

/// A JSON body that may be left out, which means what an empty object means.
#[derive(Debug)]
pub struct OptionalJson<T> {
    /// What it says.
    pub value: T,
    /// What it was.
    pub raw: Bytes,
}

impl<T, S> FromRequest<S> for OptionalJson<T>
where
    T: DeserializeOwned + Default + Send + 'static,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if request.body().size_hint().exact() == Some(0) {
            return Ok(Self { value: T::default(), raw: Bytes::new() });
        }
        let ApiJson { value, raw } = ApiJson::from_request(request, state).await?;
        Ok(Self { value, raw })
    }
}

fn require_json_body(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if media_type == "application/json"
        || media_type.starts_with("application/") && media_type.ends_with("+json")
    {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType, "Send JSON with the header Content-Type: application/json."))
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(Code::BodyTooLarge, "The body has more bytes than this call takes.")
        }
        _ => Problem::malformed("The body ended before it was complete."),
    }
}

/// Reads `bytes` as JSON of the shape of `T`.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let error = match serde_path_to_error::deserialize(&mut reader) {
        Ok(value) => return reader.end().map(|()| value).map_err(|error| not_json(&error)),
        Err(error) => error,
    };
    // A wrong field may come before a broken end: what is not JSON as a whole is 400, whatever it begins with.
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return Err(not_json(&error));
    }
    if matches!(error.inner().classify(), Category::Data) {
        Err(Problem::invalid(&[explain(&error)]))
    } else {
        Err(not_json(error.inner()))
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::malformed(format!(
        "The body is not JSON: {}, line {line}, column {column}.",
        bare_message(error)
    ))
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
