//! Venues over HTTP.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header::LOCATION};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::catalogue::{Author, Venue, VenueDraft, add_venue};
use domain::ids::{UserId, VenueId};
use domain::invalid::Invalid;
use domain::seat_map::SeatMap;
use serde::{Deserialize, Serialize};

use super::App;
use super::auth::Organizer;
use super::cache::{self, Audience};
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::page::PageQuery;
use super::problem::Problem;
use super::seat_plan::SeatPlan;
use super::wire::{Id, Timestamp};

/// The routes of this module; seat maps may have `seat_map_limit_bytes`.
pub(super) fn routes(seat_map_limit_bytes: usize) -> Router<App> {
    let create = post(create).layer(DefaultBodyLimit::max(seat_map_limit_bytes));
    Router::new().route("/venues", create.get(list)).route("/venues/{id}", get(show))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewVenue {
    name: String,
    address: String,
    city: String,
    country: String,
    location: Location,
    timezone: String,
    seat_map: SeatPlan,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Location {
    lat: f64,
    lon: f64,
}

/// A venue, without its seats.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VenueBody<'a> {
    id: Id<VenueId>,
    name: &'a str,
    address: &'a str,
    city: &'a str,
    country: &'a str,
    location: Location,
    timezone: &'a str,
    capacity: u32,
    categories: &'a [String],
    organizer_id: Id<UserId>,
    created_at: Timestamp,
}

impl<'a> VenueBody<'a> {
    pub(super) fn new(venue: &'a Venue) -> Self {
        Self {
            id: Id(venue.id),
            name: &venue.name,
            address: &venue.address,
            city: &venue.city,
            country: &venue.country,
            location: Location { lat: venue.lat, lon: venue.lon },
            timezone: &venue.timezone,
            capacity: venue.seat_map.len(),
            categories: venue.seat_map.categories(),
            organizer_id: Id(venue.organizer),
            created_at: Timestamp(venue.created_at),
        }
    }
}

async fn create(
    State(app): State<App>,
    Organizer(caller): Organizer,
    body: ApiJson<NewVenue>,
) -> Result<Response, Problem> {
    // A map of 200,000 named seats takes its time to check.
    let draft = tokio::task::spawn_blocking(move || draft(body.value)).await.map_err(Problem::internal)??;
    let id = VenueId::new(app.new_number());
    let author = Author { organizer: caller.user, at: app.now() };
    let venue = app.cluster.update_catalogue(move |_: &_| add_venue(id, &draft, author)).await??;
    let location = [(LOCATION, format!("/venues/{}", venue.id))];
    Ok((StatusCode::CREATED, location, Json(VenueBody::new(&venue))).into_response())
}

fn draft(new: NewVenue) -> Result<VenueDraft, Problem> {
    let seat_map = SeatMap::build(new.seat_map.into_plan("/seatMap")?).map_err(|errors| {
        let invalid = |error: domain::seat_map::PlanError| {
            Invalid::new(format!("/seatMap{}", error.pointer), error.message)
        };
        errors.into_iter().map(invalid).collect::<Vec<_>>()
    })?;
    Ok(VenueDraft {
        name: new.name,
        address: new.address,
        city: new.city,
        country: new.country,
        lat: new.location.lat,
        lon: new.location.lon,
        timezone: new.timezone,
        seat_map: Arc::new(seat_map),
    })
}

async fn show(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<VenueId>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let venue = app.cluster.with_catalogue(|catalogue| catalogue.venue(id).cloned());
    let venue = venue.ok_or_else(|| Problem::not_found("venue"))?;
    cache::json(&headers, Audience::Public, &VenueBody::new(&venue))
}

async fn list(
    State(app): State<App>,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (venues, total) = app.cluster.with_catalogue(|catalogue| page.cut(catalogue.venues().cloned()));
    let shown: Vec<_> = venues.iter().map(|venue| VenueBody::new(venue)).collect();
    page.respond(&headers, Audience::Public, "/venues", &shown, total)
}
