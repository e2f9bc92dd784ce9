use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::net::TcpListener;

use super::super::testing;
use super::*;

/// A node that knows `password`, and of the cluster what `cluster` says.
async fn node(cluster: ClusterBody, logins: Arc<AtomicUsize>) -> (String, tokio::task::JoinHandle<()>) {
    let log_in = move |Json(body): Json<Value>| async move {
        let login = logins.fetch_add(1, Ordering::SeqCst);
        match body["password"] == "secret word" {
            true => (StatusCode::OK, Json(json!({ "accessToken": format!("token-{login}") }))),
            false => (StatusCode::UNAUTHORIZED, Json(json!({ "detail": "The password is wrong." }))),
        }
    };
    let show = move |headers: HeaderMap| async move {
        match headers.get("authorization").and_then(|token| token.to_str().ok()) {
            Some(token) if token != "Bearer token-0" => (StatusCode::OK, Json(json!(cluster))),
            _ => (StatusCode::UNAUTHORIZED, Json(json!({ "detail": "The token has run out." }))),
        }
    };
    let routes = Router::new().route("/users/login", post(log_in)).route("/admin/cluster", get(show));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = tokio::spawn(async move {
        axum::serve(listener, routes).await.unwrap();
    });
    (address, serving)
}

fn auth(password: Option<&str>) -> AuthConfig {
    let variables = password.map(|password| ("ONSALE_AUTH__OPERATOR_PASSWORD".into(), password.into()));
    crate::config::load(None, variables).unwrap().auth
}

#[tokio::test]
async fn a_token_that_has_run_out_is_renewed_and_a_dead_node_is_passed_over() {
    let logins = Arc::new(AtomicUsize::new(0));
    let (second, _serving) = node(testing::three_nodes(), logins.clone()).await;
    let mut cluster = testing::three_nodes();
    cluster.nodes[1].admin_addr = second;
    cluster.nodes[2].alive = false;
    let (first, serving) = node(cluster.clone(), logins.clone()).await;
    let mut session = Session::open(&first, &auth(Some("secret word"))).await.unwrap();
    let (raw, seen) = session.cluster().await.unwrap();
    assert_eq!((seen, raw), (cluster.clone(), json!(cluster).to_string()));
    assert_eq!(logins.load(Ordering::SeqCst), 2, "the first token was not taken");
    assert!(!session.nodes.contains(&"127.0.0.1:3081".to_owned()), "nobody asks the dead");

    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    // Connections to it that are open go on for as long as it lives, so that a new client meets its death at once.
    session.client = Client::new().with_token("token-1");
    session.nodes.retain(|node| !node.starts_with("127.0.0.1:1081"));
    let (_, seen) = session.cluster().await.unwrap();
    assert_eq!(seen, testing::three_nodes(), "the second node has answered");
}

#[tokio::test]
async fn who_cannot_log_in_is_told_why() {
    let without = Session::open("127.0.0.1:1", &auth(None)).await.err().unwrap();
    assert_eq!(without.exit_code(), 2);
    assert!(without.to_string().contains("ONSALE_AUTH__OPERATOR_PASSWORD"), "{without}");

    let (address, _serving) = node(testing::three_nodes(), Arc::default()).await;
    let wrong = Session::open(&address, &auth(Some("another word"))).await.err().unwrap();
    assert_eq!(wrong.exit_code(), 1);
    let wrong = wrong.to_string();
    assert!(wrong.contains("The password is wrong.") && !wrong.contains("another word"), "{wrong}");
}

#[tokio::test]
async fn who_reaches_nobody_or_something_else_is_told_where_to_go() {
    // Bound and not listening: whoever connects is refused, and nobody else gets the port meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let nobody = Session::open(&address, &auth(Some("secret word"))).await.err().unwrap().to_string();
    assert!(
        nobody.contains(&format!("no node answers at {address}")) && nobody.contains("--admin"),
        "{nobody}"
    );

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let other = Router::new().route("/users/login", post(|| async { "<html>hello" }));
    let _serving = tokio::spawn(async move { axum::serve(listener, other).await });
    let other = Session::open(&address, &auth(Some("secret word"))).await.err().unwrap().to_string();
    assert!(other.contains("not the admin listener of an onsale node"), "{other}");
}

#[test]
fn what_a_node_refuses_is_told_in_its_words() {
    let answer = |status, body: Value| Answer { status, text: body.to_string(), body };
    let drain_first = json!({ "code": "drain-first", "detail": "Node 3 is running; drain it first." });
    let refused = understood::<OrderedBody>("n:1", answer(StatusCode::CONFLICT, drain_first)).unwrap_err();
    assert_eq!(refused.to_string(), "Node 3 is running; drain it first.");
    let nowhere = json!({ "code": "not-found", "detail": "There is no such path as /admin/cluster." });
    let nowhere = understood::<ClusterBody>("n:1", answer(StatusCode::NOT_FOUND, nowhere)).unwrap_err();
    assert!(nowhere.to_string().contains("--admin ADDR"), "{nowhere}");
    let newer = understood::<ClusterBody>("n:1", answer(StatusCode::OK, json!({}))).unwrap_err();
    assert!(newer.to_string().contains("same version"), "{newer}");
}
