//! A node that takes down who holds what, and nothing else: as quick as a test needs it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard};

/// Of every event: more than a run in a test can hold.
const SEATS: usize = 40_000;
const ROW: usize = 50;

/// What is wrong with the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It acknowledges holds that are none.
    Nonsense,
}

struct Book {
    fault: Fault,
    events: u64,
    answers: u64,
    held: HashSet<String>,
}

type Shared = Arc<Mutex<Book>>;

/// Starts a node; it lives as long as the runtime. Its address, for clients and operators alike.
pub(crate) async fn start(fault: Fault) -> String {
    let book = Book { fault, events: 0, answers: 0, held: HashSet::new() };
    let made = |id: &'static str| async move { (StatusCode::CREATED, Json(json!({ "id": id }))) };
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/users", post(move || made("usr_1")))
        .route(
            "/users/login",
            post(|| async { Json(json!({ "accessToken": "t", "user": { "id": "usr_1" } })) }),
        )
        .route("/venues", post(move || made("ven_1")))
        .route("/performers", post(move || made("prf_1")))
        .route("/events", post(event))
        .route("/events/{id}/seats", get(seats))
        .route("/events/{id}/holds", post(hold))
        .route("/events/{id}/holds/batch", post(batch))
        .route("/bookings", post(move || made("bkg_1")))
        .with_state(Arc::new(Mutex::new(book)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address.to_string()
}

fn lock(shared: &Shared) -> MutexGuard<'_, Book> {
    shared.lock().unwrap()
}

async fn metrics(State(shared): State<Shared>) -> String {
    format!("onsale_allocations_total {}\n", lock(&shared).answers * 10)
}

async fn event(State(shared): State<Shared>) -> Response {
    let mut book = lock(&shared);
    book.events += 1;
    (StatusCode::CREATED, Json(json!({ "id": format!("evt_{}", book.events) }))).into_response()
}

async fn seats(Path(event): Path<String>) -> String {
    let mut body = format!(r#"{{"eventId":"{event}","seats":["#);
    for seat in 0..SEATS {
        let (comma, row) = (if seat == 0 { "" } else { "," }, seat / ROW);
        let section = if seat < SEATS / 2 { "A" } else { "B" };
        write!(
            body,
            r#"{comma}{{"id":"tkt_{event}_{seat}","section":"{section}","row":"{row}","seat":"{seat}","status":"available"}}"#
        )
        .unwrap();
    }
    body + "]}"
}

async fn hold(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let (status, body) = lock(&shared).hold(&body);
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

async fn batch(State(shared): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    let mut book = lock(&shared);
    let results = body["holds"].as_array().unwrap().iter().map(|hold| {
        assert!(hold["idempotencyKey"].is_string());
        let (status, body) = book.hold(hold);
        json!({ "status": status, "hold": body })
    });
    let results: Vec<Value> = results.collect();
    Json(json!({ "results": results }))
}

impl Book {
    fn hold(&mut self, wanted: &Value) -> (u16, Value) {
        self.answers += 1;
        let ids: Vec<&str> =
            wanted["ticketIds"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        if self.fault == Fault::Nonsense {
            return (201, json!({ "id": "nothing", "tickets": [] }));
        }
        if ids.iter().any(|id| self.held.contains(*id)) {
            return (409, json!({ "code": "seat-unavailable" }));
        }
        let tickets: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        self.held.extend(ids.into_iter().map(str::to_owned));
        (201, json!({ "id": format!("hld_{}", self.answers), "tickets": tickets }))
    }
}
