//! Venues over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::LOCATION};
use axum::response::{IntoResponse, Response};
use domain::catalogue::{Author, Catalogue, Venue, VenueDraft, add_venue, change_venue, remove_venue};
use domain::ids::VenueId;
use domain::seat_map::SeatMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::auth::Organizer;
use super::cache::{self, Audience, Tag};
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch, given};
use super::openapi::{Part, Routes, delete, get, post, put};
use super::page::PageQuery;
use super::problem::{Code, Problem};
use super::seat_plan::SeatPlan;
use super::wire::{Id, Timestamp, ids};

/// The routes of this module; seat maps may have `seat_map_limit_bytes`.
pub(super) fn routes(seat_map_limit_bytes: usize) -> Routes {
    let ok = StatusCode::OK;
    Routes::of(Part::Catalogue)
        .route(
            "/venues",
            post(create, "Make a venue with its seat map")
                .gives::<VenueBody<'_>>(StatusCode::CREATED)
                .body_limit(seat_map_limit_bytes),
        )
        .route("/venues", get(list, "All venues").gives_page::<VenueBody<'_>>())
        .route("/venues/{id}", get(show, "A venue, without its seats").gives::<VenueBody<'_>>(ok))
        .route(
            "/venues/{id}",
            put(change, "Change a venue")
                .says("What is left out stays as it is.")
                .gives::<VenueBody<'_>>(ok)
                .refuses(&[Code::InUse])
                .body_limit(seat_map_limit_bytes),
        )
        .route(
            "/venues/{id}",
            delete(remove, "Remove a venue to which no event refers")
                .gives_nothing(StatusCode::NO_CONTENT)
                .refuses(&[Code::InUse]),
        )
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

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct VenueChange {
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    address: Option<String>,
    #[serde(default, deserialize_with = "given")]
    city: Option<String>,
    #[serde(default, deserialize_with = "given")]
    country: Option<String>,
    #[serde(default, deserialize_with = "given")]
    location: Option<Location>,
    #[serde(default, deserialize_with = "given")]
    timezone: Option<String>,
    #[serde(default, deserialize_with = "given")]
    seat_map: Option<SeatPlan>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Location {
    pub(super) lat: f64,
    pub(super) lon: f64,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
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
            external_id: venue.external_id.as_deref(),
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
    Ok(VenueDraft {
        name: new.name,
        address: new.address,
        city: new.city,
        country: new.country,
        lat: new.location.lat,
        lon: new.location.lon,
        timezone: new.timezone,
        seat_map: new.seat_map.build("/seatMap")?,
        external_id: None,
    })
}

async fn change(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<VenueId>>,
    Organizer(caller): Organizer,
    if_match: IfMatch,
    body: ApiJson<VenueChange>,
) -> Result<Response, Problem> {
    let mut change = body.value;
    let plan = change.seat_map.take();
    let built = move || plan.map(|plan| plan.build("/seatMap")).transpose();
    let seat_map = tokio::task::spawn_blocking(built).await.map_err(Problem::internal)??;
    let changed = app.cluster.update_catalogue(move |catalogue: &Catalogue| {
        let before = catalogue.venue(id).ok_or_else(|| Problem::not_found("venue"))?;
        if_match.require(&tag(before)?)?;
        let draft = change.of(before, seat_map);
        Ok::<_, Problem>(change_venue(catalogue, id, &draft, caller.into())?)
    });
    let venue = changed.await??;
    let body = serde_json::to_vec(&VenueBody::new(&venue)).map_err(Problem::internal)?;
    let guard = Tag::of(&body).guard(&HeaderMap::new(), Audience::Private);
    Ok(guard.respond("application/json", body))
}

impl VenueChange {
    fn of(self, before: &Venue, seat_map: Option<Arc<SeatMap>>) -> VenueDraft {
        let Location { lat, lon } = self.location.unwrap_or(Location { lat: before.lat, lon: before.lon });
        VenueDraft {
            name: self.name.unwrap_or_else(|| before.name.clone()),
            address: self.address.unwrap_or_else(|| before.address.clone()),
            city: self.city.unwrap_or_else(|| before.city.clone()),
            country: self.country.unwrap_or_else(|| before.country.clone()),
            lat,
            lon,
            timezone: self.timezone.unwrap_or_else(|| before.timezone.clone()),
            seat_map: seat_map.unwrap_or_else(|| before.seat_map.clone()),
            external_id: None,
        }
    }
}

async fn remove(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<VenueId>>,
    Organizer(caller): Organizer,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let removed = app.cluster.update_catalogue(move |catalogue: &Catalogue| {
        let before = catalogue.venue(id).ok_or_else(|| Problem::not_found("venue"))?;
        if_match.require(&tag(before)?)?;
        Ok::<_, Problem>(remove_venue(catalogue, id, caller.into())?)
    });
    removed.await??;
    Ok(StatusCode::NO_CONTENT)
}

/// As a read has it.
fn tag(venue: &Venue) -> Result<Tag, Problem> {
    Tag::of_json(&VenueBody::new(venue))
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
