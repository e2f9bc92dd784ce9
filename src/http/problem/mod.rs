//! Step ⑦, the unhappy half: every "no" and every fault as RFC 9457 `application/problem+json`.
//!
//! Owns the table of codes ([`Code`]), the mapping from refusals and faults (`mapping`), and the rendering. A
//! [`Problem`] travels as an extension of an empty response; [`super::envelope`] writes the body, because only it knows
//! the request id. Hazard: outside of the envelope a problem has no body.

mod codes;
mod mapping;

use std::borrow::Cow;
use std::fmt::Display;

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::invalid::Invalid;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

pub use codes::Code;

/// What a client reads instead of the answer it wanted.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    code: Code,
    detail: Cow<'static, str>,
    members: Vec<(&'static str, Value)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log only.
    cause: Option<String>,
}

impl Problem {
    /// A problem of this code; `detail` says what is wrong here and what to do next. The retryable ones (503) get
    /// their `Retry-After`, the unauthenticated ones their challenge.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let header = match code {
            Code::OwnerUnavailable | Code::Overloaded => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            Code::Unauthenticated => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Code::TokenExpired => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\"")))
            }
            _ => None,
        };
        let headers = header.into_iter().collect();
        Self(Box::new(Parts { code, detail: detail.into(), members: Vec::new(), headers, cause: None }))
    }

    /// With one more member beside the standard ones.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.members.push((name, value.into()));
        self
    }

    /// With one more header.
    #[must_use]
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Something broke. The client learns nothing of `cause`; the log gets it once, with the request id.
    pub fn internal(cause: impl Display) -> Self {
        let mut problem =
            Self::new(Code::Internal, "Something broke on our side. Quote the requestId when you ask.");
        problem.0.cause = Some(cause.to_string());
        problem
    }

    /// There is no such thing, or the caller may not see it.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// The caller may see but not do this.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Forbidden, detail)
    }

    /// Something refers to it; `why` says what.
    pub fn in_use(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InUse, why)
    }

    /// The event will not take place.
    #[must_use]
    pub fn event_cancelled() -> Self {
        Self::new(Code::EventCancelled, "The event is cancelled; what was booked is refunded by itself.")
    }

    /// A broken header, path, query or body syntax.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::MalformedRequest, detail)
    }

    /// The token is missing or not one of ours.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(
            Code::Unauthenticated,
            "Send the header Authorization: Bearer <accessToken of POST /users/login>.",
        )
    }

    /// Fields outside what is allowed.
    #[must_use]
    pub fn invalid(errors: &[Invalid]) -> Self {
        let detail = match errors {
            [only] if only.pointer.is_empty() => format!("The body: {}.", only.message),
            [only] => format!("{}: {}", only.pointer, only.message),
            _ => format!("{} fields are not valid; see errors.", errors.len()),
        };
        let errors: Vec<Value> =
            errors.iter().map(|error| json!({"pointer": error.pointer, "message": error.message})).collect();
        Self::new(Code::ValidationFailed, detail).with("errors", errors)
    }

    /// The one field at `pointer` is outside what is allowed.
    #[must_use]
    pub fn invalid_field(pointer: &str, message: &str) -> Self {
        Self::invalid(&[Invalid::new(pointer, message)])
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What to log about it, where it is a fault of ours.
    #[must_use]
    pub(super) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Writes the body into `response`, which [`IntoResponse`] left empty.
    pub(super) fn render(&self, request_id: &str, response: &mut Response) {
        let (_, body) = self.alone(request_id);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        *response.body_mut() = Body::from(body);
    }

    /// Status and body where there is no response to write them into.
    pub(super) fn alone(&self, request_id: &str) -> (StatusCode, Vec<u8>) {
        let body = serde_json::to_vec(&Rendered { parts: &self.0, request_id: Some(request_id) });
        (self.0.code.status(), body.expect("strings and JSON values always serialise"))
    }

    /// The same body as a value within another one, whose header has the request's id.
    pub(in crate::http) fn as_member(&self) -> impl Serialize + '_ {
        Rendered { parts: &self.0, request_id: None }
    }

    /// The router knows the path but not with this method; the router itself adds `Allow`.
    #[must_use]
    pub fn method_not_allowed(method: &axum::http::Method) -> Self {
        Self::new(Code::MethodNotAllowed, format!("{method} is not defined here; see the header {ALLOW}."))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.code.status().into_response();
        response.headers_mut().extend(self.0.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }
}

struct Rendered<'a> {
    parts: &'a Parts,
    request_id: Option<&'a str>,
}

impl Serialize for Rendered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let code = self.parts.code;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &format_args!("urn:onsale:problem:{}", code.as_str()))?;
        map.serialize_entry("title", code.title())?;
        map.serialize_entry("status", &code.status().as_u16())?;
        map.serialize_entry("detail", &self.parts.detail)?;
        map.serialize_entry("code", code.as_str())?;
        if let Some(request_id) = self.request_id {
            map.serialize_entry("requestId", request_id)?;
        }
        for (name, value) in &self.parts.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
