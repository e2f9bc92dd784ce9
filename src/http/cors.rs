//! Which pages of other origins may call from a browser, by configuration: none, unless it says so.
//!
//! Hazard: a browser sends no cookies here, only the token that a page has itself; so an origin that is allowed can do what
//! its page was given a token for, and nothing more.

use std::time::Duration;

use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LINK, LOCATION, RETRY_AFTER,
};
use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::envelope::REQUEST_ID;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// How long a browser may keep the answer to its question.
const KEPT: Duration = Duration::from_secs(600);

/// The layer, which answers a browser's question before its request; none where no origin is allowed.
pub(super) fn cors(origins: &[String]) -> Option<CorsLayer> {
    let allowed = match origins {
        [] => return None,
        any if any.iter().any(|origin| origin == "*") => AllowOrigin::any(),
        some => AllowOrigin::list(some.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let sent = [ACCEPT, AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH];
    let own = [IDEMPOTENCY_KEY, LAST_EVENT_ID, REQUEST_ID];
    let read = [ETAG, LINK, LOCATION, RETRY_AFTER, RATE_LIMIT, RATE_LIMIT_POLICY, REQUEST_ID];
    let layer = CorsLayer::new().allow_origin(allowed).allow_methods(methods);
    Some(
        layer
            .allow_headers(sent.into_iter().chain(own).collect::<Vec<_>>())
            .expose_headers(read)
            .max_age(KEPT),
    )
}

#[cfg(test)]
mod test {
    use axum::Router;
    use axum::body::Body;
    use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn allowed(origins: &[&str], origin: &str, method: &str) -> (StatusCode, Option<String>) {
        let origins: Vec<String> = origins.iter().map(|origin| (*origin).to_owned()).collect();
        let routes = Router::new().route("/", get(|| async { "hello" }));
        let routes = match cors(&origins) {
            Some(layer) => routes.layer(layer),
            None => routes,
        };
        let request = Request::builder().method(method).header(ORIGIN, origin);
        let request = request.header("access-control-request-method", "GET").body(Body::empty()).unwrap();
        let response = routes.oneshot(request).await.unwrap();
        let allowed = response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
        (response.status(), allowed.map(|origin| origin.to_str().unwrap().to_owned()))
    }

    #[tokio::test]
    async fn only_the_configured_origins_are_allowed() {
        let own = "https://tickets.example";
        let ok = StatusCode::OK;
        assert_eq!(allowed(&[], own, "GET").await, (ok, None));
        assert_eq!(allowed(&[], own, "OPTIONS").await, (StatusCode::METHOD_NOT_ALLOWED, None));
        assert_eq!(allowed(&[own], own, "GET").await, (ok, Some(own.to_owned())));
        assert_eq!(allowed(&[own], own, "OPTIONS").await, (ok, Some(own.to_owned())));
        assert_eq!(allowed(&[own], "https://elsewhere.example", "GET").await, (ok, None));
        assert_eq!(allowed(&["*"], own, "GET").await, (ok, Some("*".to_owned())));
    }
}
