//! An organizer's webhooks over HTTP: where they are told what happens to their events. What is sent there, and how it is
//! signed, is in `notify::webhook`.
//!
//! Hazard: the secret is told in the answer that makes it and never again; nothing else may show it.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::catalogue::{
    Endpoint, EndpointRefusal, MAX_ENDPOINTS, WebhookKind, add_endpoint, remove_endpoint, rotate_endpoint,
};
use domain::ids::EndpointId;
use domain::invalid::{Findings, Invalid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::auth::Organizer;
use super::cache::{self, Audience};
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::openapi::{Part, Routes, delete, get, post};
use super::page::PageQuery;
use super::problem::{Code, Problem};
use super::wire::{Id, Timestamp, ids};

/// The routes of this module.
pub(super) fn routes() -> Routes {
    let ok = StatusCode::OK;
    Routes::of(Part::Catalogue)
        .route(
            "/webhooks",
            post(create, "Have a program told what happens to your events")
                .gives::<EndpointBody<'_>>(StatusCode::CREATED)
                .refuses(&[Code::LimitExceeded])
                .says("By the rules of Standard Webhooks. The secret is in this answer and in no other."),
        )
        .route("/webhooks", get(list, "Your webhooks").gives_page::<EndpointBody<'_>>())
        .route("/webhooks/{id}", get(show, "A webhook").gives::<EndpointBody<'_>>(ok))
        .route("/webhooks/{id}", delete(remove, "Delete a webhook").gives_nothing(StatusCode::NO_CONTENT))
        .route("/webhooks/{id}/rotate", post(rotate, "Get another secret").gives::<EndpointBody<'_>>(ok))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWebhook {
    /// An https address that is public.
    url: String,
    /// What it is told; everything where nothing is said.
    events: Option<Vec<Kind>>,
}

/// What an endpoint can be told.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = WebhookEvent)]
enum Kind {
    #[serde(rename = "booking.confirmed")]
    BookingConfirmed,
    #[serde(rename = "booking.cancelled")]
    BookingCancelled,
    #[serde(rename = "event.cancelled")]
    EventCancelled,
    #[serde(rename = "payment.refunded")]
    PaymentRefunded,
    #[serde(rename = "booking.changed")]
    BookingChanged,
}

impl From<WebhookKind> for Kind {
    fn from(kind: WebhookKind) -> Self {
        match kind {
            WebhookKind::BookingConfirmed => Self::BookingConfirmed,
            WebhookKind::BookingCancelled => Self::BookingCancelled,
            WebhookKind::EventCancelled => Self::EventCancelled,
            WebhookKind::PaymentRefunded => Self::PaymentRefunded,
            WebhookKind::BookingChanged => Self::BookingChanged,
        }
    }
}

impl From<Kind> for WebhookKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::BookingConfirmed => Self::BookingConfirmed,
            Kind::BookingCancelled => Self::BookingCancelled,
            Kind::EventCancelled => Self::EventCancelled,
            Kind::PaymentRefunded => Self::PaymentRefunded,
            Kind::BookingChanged => Self::BookingChanged,
        }
    }
}

/// Where an organizer is told.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
struct EndpointBody<'a> {
    id: ids::Endpoint,
    url: &'a str,
    events: Vec<Kind>,
    #[schema(pattern = "^(active|ended)$")]
    status: &'static str,
    created_at: Timestamp,
    rotated_at: Timestamp,
    /// Since it has answered 410.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// In the answer that makes it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl<'a> EndpointBody<'a> {
    fn new(endpoint: &'a Endpoint) -> Self {
        Self {
            id: Id(endpoint.id),
            url: &endpoint.url,
            events: endpoint.kinds.iter().copied().map(Kind::from).collect(),
            status: if endpoint.gone_at.is_none() { "active" } else { "ended" },
            created_at: Timestamp(endpoint.created_at),
            rotated_at: Timestamp(endpoint.rotated_at),
            ended_at: endpoint.gone_at.map(Timestamp),
            secret: None,
        }
    }

    /// With its secret, for the one answer that tells it.
    fn revealing(app: &App, endpoint: &'a Endpoint) -> Self {
        let secret = app.webhooks.signing().secret(endpoint).reveal().to_owned();
        Self { secret: Some(secret), ..Self::new(endpoint) }
    }
}

async fn create(
    State(app): State<App>,
    Organizer(caller): Organizer,
    body: ApiJson<NewWebhook>,
) -> Result<Response, Problem> {
    let NewWebhook { url, events } = body.value;
    let kinds = kinds(events)?;
    if let Err(rule) = app.webhooks.reach().check(&url) {
        return Err(Problem::invalid(&[Invalid::new("/url", rule)]));
    }
    let now = app.now();
    let endpoint = Endpoint {
        id: EndpointId::new(app.new_number()),
        organizer: caller.user,
        url,
        kinds,
        generation: 1,
        rotated_at: now,
        created_at: now,
        gone_at: None,
    };
    let endpoint = app.cluster.update_catalogue(|catalogue| add_endpoint(catalogue, endpoint)).await??;
    let headers = [(LOCATION, format!("/webhooks/{}", endpoint.id)), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::CREATED, headers, Json(EndpointBody::revealing(&app, &endpoint))).into_response())
}

/// In order and each once; all where none are named.
fn kinds(events: Option<Vec<Kind>>) -> Result<Vec<WebhookKind>, Problem> {
    let Some(events) = events else { return Ok(WebhookKind::ALL.to_vec()) };
    let mut findings = Findings::default();
    let few = (1..=WebhookKind::ALL.len()).contains(&events.len());
    findings.check(few, "/events", format!("must name 1 to {}", WebhookKind::ALL.len()));
    findings.into_result()?;
    let mut kinds: Vec<_> = events.into_iter().map(WebhookKind::from).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

async fn list(
    State(app): State<App>,
    Organizer(caller): Organizer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (endpoints, total) =
        app.cluster.with_catalogue(|catalogue| page.cut(catalogue.endpoints_of(caller.user).cloned()));
    let shown: Vec<_> = endpoints.iter().map(|endpoint| EndpointBody::new(endpoint)).collect();
    page.respond(&headers, Audience::Private, "/webhooks", &shown, total)
}

async fn show(
    State(app): State<App>,
    Organizer(caller): Organizer,
    ApiPath(Id(id)): ApiPath<Id<EndpointId>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let endpoint = app.cluster.with_catalogue(|catalogue| catalogue.endpoint(caller.user, id).cloned());
    let endpoint = endpoint.ok_or(EndpointRefusal::NotFound)?;
    cache::json(&headers, Audience::Private, &EndpointBody::new(&endpoint))
}

/// Another secret from now on; the one before signs beside it for a day.
async fn rotate(
    State(app): State<App>,
    Organizer(caller): Organizer,
    ApiPath(Id(id)): ApiPath<Id<EndpointId>>,
) -> Result<Response, Problem> {
    let now = app.now();
    let rotated = app.cluster.update_catalogue(|catalogue| rotate_endpoint(catalogue, caller.user, id, now));
    let endpoint = rotated.await??;
    Ok(([(CACHE_CONTROL, "no-store")], Json(EndpointBody::revealing(&app, &endpoint))).into_response())
}

async fn remove(
    State(app): State<App>,
    Organizer(caller): Organizer,
    ApiPath(Id(id)): ApiPath<Id<EndpointId>>,
) -> Result<StatusCode, Problem> {
    app.cluster.update_catalogue(|catalogue| remove_endpoint(catalogue, caller.user, id)).await??;
    Ok(StatusCode::NO_CONTENT)
}

impl From<EndpointRefusal> for Problem {
    fn from(refusal: EndpointRefusal) -> Self {
        match refusal {
            EndpointRefusal::TooMany => {
                let detail = format!("An organizer may have {MAX_ENDPOINTS} webhooks. Delete one first.");
                Self::new(Code::LimitExceeded, detail).with("limit", MAX_ENDPOINTS)
            }
            EndpointRefusal::NotFound => Self::not_found("webhook"),
        }
    }
}
