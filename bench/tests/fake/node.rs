//! A node of a few routes: seats in a vector behind a mutex, right or wrong in one planted way.

// A fake node is a program of its own, with a clock of its own.
#![allow(clippy::disallowed_methods)]

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// What is wrong with the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Nothing, but it often says that it does not know, having done what was asked or not.
    Shaky,
    /// Some holds take seats that are booked.
    SellsTwice,
    /// Every tenth booking is gone afterwards.
    LosesBookings,
    /// Of several nodes, only the first has time for those who buy.
    OnlyOneAnswers,
}

#[derive(Clone, Debug)]
struct Seat {
    section: String,
    row: Option<String>,
    name: String,
    taken: Option<(String, String)>,
}

#[derive(Debug)]
struct Hold {
    user: String,
    seats: Vec<usize>,
    until: Instant,
}

#[derive(Debug, Default)]
struct Sale {
    fault: Option<Fault>,
    seats: Vec<Seat>,
    holds: BTreeMap<String, Hold>,
    bookings: BTreeMap<String, (String, Vec<usize>, &'static str)>,
    answers: HashMap<String, (u16, Value)>,
    users: HashMap<String, String>,
    made: u64,
    requests: u64,
}

type Shared = Arc<Mutex<Sale>>;
type Ask = (State<Shared>, HeaderMap);

/// Starts a node; it lives as long as the runtime. Its address.
pub(crate) async fn start(fault: Fault) -> String {
    start_many(fault, 1).await.remove(0)
}

/// Starts so many nodes that always agree. Their addresses.
pub(crate) async fn start_many(fault: Fault, count: usize) -> Vec<String> {
    let shared = Arc::new(Mutex::new(Sale { fault: Some(fault), ..Sale::default() }));
    let mut addresses = Vec::new();
    for number in 0..count {
        let mut router = router(shared.clone());
        if fault == Fault::OnlyOneAnswers && number > 0 {
            let busy = || async { answer(503, json!({ "code": "owner-unavailable" })) };
            let selling = Router::new()
                .route("/events/{id}/holds", post(busy))
                .route("/holds/{id}", delete(busy))
                .route("/bookings", post(busy).get(bookings))
                .route("/bookings/{id}", get(booking).delete(busy));
            router = reading(shared.clone()).merge(selling.with_state(shared.clone()));
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    addresses
}

fn router(shared: Shared) -> Router {
    let selling = Router::new()
        .route("/events/{id}/holds", post(hold))
        .route("/holds/{id}", delete(release))
        .route("/bookings", post(book).get(bookings))
        .route("/bookings/{id}", get(booking).delete(cancel));
    reading(shared.clone()).merge(selling.with_state(shared))
}

/// All but selling.
fn reading(shared: Shared) -> Router {
    Router::new()
        .route("/readyz", get(|| async { "ready" }))
        .route("/users", post(sign_up))
        .route("/users/login", post(log_in))
        .route("/venues", post(venue))
        .route("/performers", post(|| async { (StatusCode::CREATED, Json(json!({ "id": "prf_1" }))) }))
        .route("/events", post(event))
        .route("/events/{id}", get(|| async { Json(json!({ "id": "evt_1" })) }))
        .route("/events/{id}/seats", get(seats))
        .with_state(shared)
}

fn lock(shared: &Shared) -> MutexGuard<'_, Sale> {
    let mut sale = shared.lock().unwrap();
    sale.requests += 1;
    sale.expire();
    sale
}

fn answer(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

fn problem(status: u16, code: &str) -> (u16, Value) {
    (status, json!({ "code": code, "status": status }))
}

fn user(headers: &HeaderMap) -> String {
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    bearer.trim_start_matches("Bearer token-").to_owned()
}

async fn sign_up(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut sale = lock(&shared);
    let id = format!("usr_{}", sale.users.len());
    sale.users.insert(body["username"].as_str().unwrap().into(), id.clone());
    answer(201, json!({ "id": id }))
}

async fn log_in(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let known = lock(&shared).users.get(body["username"].as_str().unwrap()).cloned();
    let id = known.unwrap_or_else(|| "operator".into());
    answer(200, json!({ "accessToken": format!("token-{id}"), "user": { "id": id } }))
}

async fn venue((State(shared), headers): Ask, Json(body): Json<Value>) -> Response {
    if user(&headers) != "operator" {
        return answer(403, json!({ "code": "forbidden" }));
    }
    let mut sale = lock(&shared);
    for section in body["seatMap"]["sections"].as_array().unwrap() {
        let name = section["name"].as_str().unwrap();
        let mut add = |row: Option<&str>, seat: String| {
            let row = row.map(Into::into);
            sale.seats.push(Seat { section: name.into(), row, name: seat, taken: None });
        };
        for row in section["rows"].as_array().into_iter().flatten() {
            for number in 1..=row["seats"].as_u64().unwrap() {
                add(row["name"].as_str(), number.to_string());
            }
        }
        for number in 1..=section["capacity"].as_u64().unwrap_or_default() {
            add(None, number.to_string());
        }
    }
    answer(201, json!({ "id": "ven_1" }))
}

async fn event(Json(body): Json<Value>) -> Response {
    assert!(body["prices"].as_object().is_some_and(|prices| !prices.is_empty()));
    assert_eq!(body["venueId"], "ven_1");
    answer(201, json!({ "id": "evt_1" }))
}

async fn seats((State(shared), headers): Ask) -> Response {
    let sale = lock(&shared);
    let all: Vec<usize> = (0..sale.seats.len()).collect();
    answer(200, json!({ "eventId": "evt_1", "seats": sale.tickets(&all, user(&headers) == "operator", "") }))
}

async fn hold((State(shared), headers): Ask, Json(body): Json<Value>) -> Response {
    let user = user(&headers);
    lock(&shared).once(&headers, |sale| {
        let wanted: Option<Vec<usize>> = match body["ticketIds"].as_array() {
            Some(ids) => {
                let index = |id: &Value| id.as_str().unwrap().trim_start_matches("tkt_").parse().unwrap();
                Some(ids.iter().map(index).collect())
            }
            None => sale.best(&body["bestAvailable"]),
        };
        let Some(wanted) = wanted else { return problem(409, "sold-out") };
        if sale.fault != Some(Fault::SellsTwice)
            && wanted.iter().any(|seat| sale.seats[*seat].taken.is_some())
        {
            return problem(409, "seat-unavailable");
        }
        sale.made += 1;
        let id = format!("hld_{}", sale.made);
        for seat in &wanted {
            sale.seats[*seat].taken = Some((user.clone(), id.clone()));
        }
        let tickets = sale.tickets(&wanted, false, "");
        let until = Instant::now() + Duration::from_secs(body["ttlSeconds"].as_u64().unwrap());
        sale.holds.insert(id.clone(), Hold { user: user.clone(), seats: wanted, until });
        (201, json!({ "id": id, "eventId": "evt_1", "tickets": tickets }))
    })
}

async fn release((State(shared), headers): Ask, Path(id): Path<String>) -> Response {
    lock(&shared).once(&headers, |sale| match sale.holds.remove(&id) {
        None => problem(410, "hold-expired"),
        Some(hold) => {
            hold.seats.iter().for_each(|seat| sale.seats[*seat].taken = None);
            (204, Value::Null)
        }
    })
}

async fn book((State(shared), headers): Ask, Json(body): Json<Value>) -> Response {
    lock(&shared).once(&headers, |sale| {
        let Some(hold) = sale.holds.remove(body["holdId"].as_str().unwrap()) else {
            return problem(410, "hold-expired");
        };
        sale.made += 1;
        let id = format!("bkg_{}", sale.made);
        for seat in &hold.seats {
            sale.seats[*seat].taken = Some((hold.user.clone(), id.clone()));
        }
        sale.bookings.insert(id.clone(), (hold.user, hold.seats, "booked"));
        let shown = sale.booking(&id).unwrap();
        if sale.fault == Some(Fault::LosesBookings) && sale.made.is_multiple_of(10) {
            sale.bookings.remove(&id);
        }
        (201, shown)
    })
}

async fn cancel((State(shared), headers): Ask, Path(id): Path<String>) -> Response {
    lock(&shared).once(&headers, |sale| {
        let Some((_, seats, status)) = sale.bookings.get_mut(&id) else { return problem(404, "not-found") };
        *status = "cancelled";
        for seat in seats.clone() {
            sale.seats[seat].taken = None;
        }
        (200, sale.booking(&id).unwrap())
    })
}

async fn booking((State(shared), _): Ask, Path(id): Path<String>) -> Response {
    match lock(&shared).booking(&id) {
        Some(booking) => answer(200, booking),
        None => answer(404, json!({ "code": "not-found" })),
    }
}

async fn bookings((State(shared), headers): Ask, Query(query): Query<HashMap<String, usize>>) -> Response {
    let sale = lock(&shared);
    let user = user(&headers);
    let own = sale.bookings.iter().filter(|(_, (owner, _, _))| *owner == user);
    let all: Vec<Value> = own.filter_map(|(id, _)| sale.booking(id)).collect();
    let page: Vec<&Value> =
        all.iter().skip((query["page"] - 1) * query["pageSize"]).take(query["pageSize"]).collect();
    answer(200, json!({ "items": page, "total": all.len() }))
}

impl Sale {
    fn expire(&mut self) {
        let now = Instant::now();
        let over: Vec<String> =
            self.holds.iter().filter(|(_, hold)| hold.until <= now).map(|(id, _)| id.clone()).collect();
        for id in over {
            for seat in self.holds.remove(&id).unwrap().seats {
                self.seats[seat].taken = None;
            }
        }
    }

    /// Does something once for its key; a shaky node now and then answers 503, before or after.
    fn once(&mut self, headers: &HeaderMap, act: impl FnOnce(&mut Self) -> (u16, Value)) -> Response {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        let turn = if self.fault == Some(Fault::Shaky) { self.requests % 5 } else { 2 };
        if turn == 0 {
            return answer(503, json!({ "code": "overloaded" }));
        }
        let result = match self.answers.get(&key) {
            Some(known) => known.clone(),
            None => act(self),
        };
        if result.0 < 300 {
            self.answers.insert(key, result.clone());
        }
        if turn == 1 {
            return answer(503, json!({ "code": "owner-unavailable" }));
        }
        match result {
            (204, _) => StatusCode::NO_CONTENT.into_response(),
            (status, body) => answer(status, body),
        }
    }

    fn best(&self, wanted: &Value) -> Option<Vec<usize>> {
        let quantity = wanted["quantity"].as_u64().unwrap() as usize;
        let fits = |seat: &&Seat| wanted["section"].as_str().is_none_or(|section| section == seat.section);
        let mut free: Vec<usize> = Vec::new();
        for (index, _) in self.seats.iter().enumerate().filter(|(_, seat)| fits(seat) && seat.taken.is_none())
        {
            free.push(index);
        }
        if free.len() < quantity && self.fault == Some(Fault::SellsTwice) {
            return Some((0..quantity).collect());
        }
        (free.len() >= quantity).then(|| free[..quantity].to_vec())
    }

    fn tickets(&self, seats: &[usize], with_owner: bool, issue: &str) -> Vec<Value> {
        let ticket = |index: &usize| {
            let seat = &self.seats[*index];
            let status = match &seat.taken {
                None => "available",
                Some((_, by)) if by.starts_with("hld_") => "held",
                Some(_) => "booked",
            };
            let mut ticket = json!({
                "id": format!("tkt_{index}"), "section": seat.section, "row": seat.row, "seat": seat.name,
                "status": status,
            });
            if let (true, Some((user, _))) = (with_owner, &seat.taken) {
                ticket["userId"] = json!(user);
            }
            if !issue.is_empty() {
                ticket["code"] = json!(format!("{issue}-{index}"));
            }
            ticket
        };
        seats.iter().map(ticket).collect()
    }

    fn booking(&self, id: &str) -> Option<Value> {
        let (user, seats, status) = self.bookings.get(id)?;
        let tickets = self.tickets(seats, false, id);
        Some(json!({ "id": id, "eventId": "evt_1", "userId": user, "tickets": tickets, "status": status }))
    }
}
