//! The document as it is served, and the page that shows it: compiled in, and without anything from another place.

use std::sync::OnceLock;

use axum::extract::State;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::call::get;
use super::document::document;
use super::routes::{Part, Routes};
use crate::http::App;
use crate::http::cache::{Audience, Tag};
use crate::http::router::described;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The page loads what is beside it and speaks to nobody else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// It says the same on every node, so it is written once.
static DOCUMENT: OnceLock<Vec<u8>> = OnceLock::new();

/// The routes of this module.
pub(in crate::http) fn routes() -> Routes {
    Routes::of(Part::Service)
        .route("/openapi.json", get(show, "This document").gives::<Value>(StatusCode::OK))
        .route("/docs", get(page, "A page that shows it").gives_bytes(StatusCode::OK, HTML))
        .route("/docs/page.css", get(style, "Its style").gives_bytes(StatusCode::OK, CSS))
        .route("/docs/page.js", get(script, "Its script").gives_bytes(StatusCode::OK, SCRIPT))
}

async fn show(State(app): State<App>, headers: HeaderMap) -> Response {
    let document = DOCUMENT.get_or_init(|| {
        let document = document(described(&app.config.http));
        document.to_json().expect("names, texts and numbers are JSON").into_bytes()
    });
    still("application/json", document, &headers)
}

async fn page(State(_): State<App>, headers: HeaderMap) -> Response {
    still(HTML, include_bytes!("page.html"), &headers)
}

async fn style(State(_): State<App>, headers: HeaderMap) -> Response {
    still(CSS, include_bytes!("page.css"), &headers)
}

async fn script(State(_): State<App>, headers: HeaderMap) -> Response {
    still(SCRIPT, include_bytes!("page.js"), &headers)
}

/// What does not change while the node runs.
fn still(media_type: &'static str, body: &[u8], headers: &HeaderMap) -> Response {
    let guard = Tag::of(body).guard(headers, Audience::Public);
    let body = if guard.is_unchanged() { Vec::new() } else { body.to_vec() };
    let mut response = guard.respond(media_type, body);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
