//! Venues over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::LOCATION};
use axum::response::{IntoResponse, Response};
use domain::catalogue::{Author, Venue, VenueDraft, add_venue};
use domain::ids::VenueId;
use domain::invalid::Invalid;
use domain::seat_map::SeatMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::auth::Organizer;
use super::cache::{self, Audience};
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::openapi::{Part, Routes, get, post};
use super::page::PageQuery;
use super::problem::Problem;
use super::seat_plan::SeatPlan;
use super::wire::{Id, Timestamp, ids};

/// The routes of this module; seat maps may have `seat_map_limit_bytes`.
pub(super) fn routes(seat_map_limit_bytes: usize) -> Routes {
    Routes::of(Part::Catalogue)
        .route(
            "/venues",
            post(create, "Make a venue with its seat map")
                .gives::<VenueBody<'_>>(StatusCode::CREATED)
                .body_limit(seat_map_limit_bytes),
        )
        .route("/venues", get(list, "All venues").gives_page::<VenueBody<'_>>())
        .route("/venues/{id}", get(show, "A venue, without its seats").gives::<VenueBody<'_>>(StatusCode::OK))
}

#[derive(Deserialize, ToSchema)]
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

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Location {
    lat: f64,
    lon: f64,
}

/// A venue, without its seats.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Venue)]
pub(super) struct VenueBody<'a> {
    id: ids::Venue,
    name: &'a str,
    address: &'a str,
    city: &'a str,
    country: &'a str,
    location: Location,
    timezone: &'a str,
    capacity: u32,
    categories: &'a [String],
    organizer_id: ids::User,
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
