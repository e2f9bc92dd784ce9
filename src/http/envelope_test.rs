use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn around() -> Arc<Envelope> {
    let clock: Arc<dyn domain::ports::Clock> = Arc::new(crate::clock::SystemClock::new());
    let limits = Limits::new(&crate::config::load(None, []).unwrap().limits, &clock);
    Envelope::new(Duration::from_millis(20), &Zeros, Arc::new(limits))
}

fn router() -> Router {
    async fn refuse() -> Problem {
        Problem::new(Code::SoldOut, "All gone.").with("left", 0)
    }
    async fn stall() {
        std::future::pending::<()>().await;
    }
    async fn fail() {
        panic!("a secret that no client may see");
    }
    Router::new()
        .route("/fine", get(|| async { "fine" }))
        .route("/refused", get(refuse))
        .route("/stalled", get(stall))
        .route("/panic", get(fail))
        .route("/bare", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .fallback(|| async { Problem::not_found("path") })
        .method_not_allowed_fallback(|method| async move { Problem::method_not_allowed(&method) })
        .layer(from_fn_with_state(around(), envelope))
}

async fn call(method: &str, path: &str, id: Option<&str>) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(id) = id {
        request = request.header(REQUEST_ID, id);
    }
    let response = router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    if let Some(length) = headers.get("content-length").filter(|_| method != "HEAD") {
        assert_eq!(length.to_str().unwrap(), body.len().to_string());
    }
    (status, headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn every_problem_is_complete() {
    for (method, path, status, code) in [
        ("GET", "/refused", 409, "sold-out"),
        ("GET", "/nowhere", 404, "not-found"),
        ("DELETE", "/fine", 405, "method-not-allowed"),
        ("GET", "/stalled", 503, "owner-unavailable"),
        ("GET", "/panic", 500, "internal"),
        ("GET", "/bare", 500, "internal"),
    ] {
        let (got, headers, body) = call(method, path, Some("abc-1")).await;
        assert_eq!(got.as_u16(), status, "{path}");
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(headers["x-request-id"], "abc-1");
        assert_eq!(body["code"], code);
        assert_eq!(body["type"], format!("urn:onsale:problem:{code}"));
        assert_eq!(body["status"], status);
        assert_eq!(body["requestId"], "abc-1");
        assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
        assert!(!body.to_string().contains("secret"));
        assert_eq!(headers.contains_key("retry-after"), status == 503);
        assert_eq!(headers.contains_key("allow"), status == 405);
    }
    assert_eq!(call("GET", "/refused", None).await.2["left"], 0);
}

#[tokio::test]
async fn an_id_is_kept_if_sane_and_made_if_not() {
    let (_, headers, _) = call("GET", "/fine", Some("3f-Z_.:+/=")).await;
    assert_eq!(headers["x-request-id"], "3f-Z_.:+/=");
    for odd in [None, Some(""), Some("a b"), Some(&"x".repeat(129) as &str)] {
        let (_, headers, _) = call("GET", "/fine", odd).await;
        assert!(headers["x-request-id"].to_str().unwrap().starts_with("req_"), "{odd:?}");
    }
}

#[tokio::test]
async fn a_head_request_gets_no_body() {
    for path in ["/fine", "/refused", "/nowhere"] {
        let (status, headers, _) = call("GET", path, Some("same")).await;
        assert_eq!(call("HEAD", path, Some("same")).await, (status, headers, Value::Null), "{path}");
    }
}
