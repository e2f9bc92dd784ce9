//! An admin listener of a cluster of four, in which three have a replica of each of two shards.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Book {
    /// How often somebody looked; the replicas are complete from the third time on.
    looks: u32,
    /// Who has shard 1, which is the one with a sale.
    wanted: Vec<u32>,
    orders: u64,
    asked: u64,
}

type Shared = Arc<Mutex<Book>>;

/// Starts it; its address.
pub(crate) async fn start() -> String {
    let book = Book { wanted: vec![2, 3, 1], ..Book::default() };
    let router = Router::new()
        .route(
            "/users/login",
            post(|| async { Json(json!({ "accessToken": "t", "user": { "id": "usr_1" } })) }),
        )
        .route("/admin/cluster", get(cluster))
        .route("/admin/shards/{id}/move", post(order))
        .route("/admin/operations/{id}", get(operation))
        .with_state(Arc::new(Mutex::new(book)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn cluster(State(shared): State<Shared>) -> Json<Value> {
    let mut book = shared.lock().unwrap();
    book.looks += 1;
    let node = |id: u32| json!({ "id": id, "state": "active", "alive": true, "gateway": false });
    let group = |wanted: &[u32]| {
        let voters = if book.looks < 3 { &wanted[..1] } else { wanted };
        json!({ "leader": wanted[0], "voters": voters, "wanted": wanted })
    };
    let shard = |id: u32, wanted: &[u32]| {
        let mut shard = group(wanted);
        (shard["id"], shard["events"]) = (json!(id), json!(id));
        shard
    };
    Json(json!({
        "replication": 3,
        "nodes": [node(1), node(2), node(3), node(4)],
        "shards": [shard(0, &[1, 2, 3]), shard(1, &book.wanted)],
        "directory": group(&[1, 2, 3]),
        "accounts": group(&[1, 2, 3]),
    }))
}

async fn order(
    State(shared): State<Shared>,
    Path(id): Path<u32>,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let mut book = shared.lock().unwrap();
    let (from, to) = (body["from"].as_u64().unwrap() as u32, body["to"].as_u64().unwrap() as u32);
    if id != 1 || from != book.wanted[0] || book.wanted.contains(&to) || book.looks < 3 {
        return (StatusCode::CONFLICT, Json(json!({ "code": "has-replica", "detail": "not so" })));
    }
    book.wanted[0] = to;
    book.orders += 1;
    (StatusCode::OK, Json(json!({ "dryRun": false, "operationId": book.orders })))
}

/// Under way when it is asked about first, and done then.
async fn operation(State(shared): State<Shared>, Path(id): Path<u64>) -> Json<Value> {
    let mut book = shared.lock().unwrap();
    let state = if book.asked < id { "running" } else { "done" };
    book.asked = book.asked.max(id);
    Json(json!({ "id": id, "state": state }))
}
