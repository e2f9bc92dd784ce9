//! Events over HTTP: making one, the list, one with its tickets.

use axum::extract::State;
use axum::http::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};
use axum::response::{IntoResponse, Response};
use domain::catalogue::{Author, EventDraft, add_event};
use domain::ids::EventId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::auth::{Customer, Organizer, Visitor};
use super::cache::{Audience, Tag};
use super::event_view::{EventBody, Found, status_name};
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::new_event::NewEvent;
use super::openapi::{Part, Routes, get, post};
use super::page::PageQuery;
use super::problem::Problem;
use super::seats_now::SeatsNow;
use super::wire::Id;

/// From here on tickets are rendered off the threads that serve requests.
const RENDER_ELSEWHERE_SEATS: u32 = 5_000;

/// The routes of this module; `/event/{id}` is the short-hand of the classic write-ups.
pub(super) fn routes() -> Routes {
    let shown = || {
        get(show, "An event with its venue, performers and tickets")
            .gives::<EventBody<'_, ()>>(StatusCode::OK)
    };
    Routes::of(Part::Catalogue)
        .route("/events", post(create, "Make an event").gives::<EventBody<'_, ()>>(StatusCode::CREATED))
        .route("/events", get(list, "All events to come, soonest first").gives_page::<EventBody<'_, ()>>())
        .route("/events/{id}", shown())
        .merge(Routes::of(Part::Shorthand).route("/event/{id}", shown()))
}

/// `?tickets=false` leaves the tickets out.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
struct Shown {
    /// `false` leaves the tickets out.
    tickets: Option<bool>,
}

async fn create(
    State(app): State<App>,
    Organizer(caller): Organizer,
    ApiQuery(shown): ApiQuery<Shown>,
    body: ApiJson<NewEvent>,
) -> Result<Response, Problem> {
    let id = EventId::new(app.new_number());
    let author = Author { organizer: caller.user, at: app.now() };
    let draft = EventDraft::from(body.value);
    app.cluster.update_catalogue(move |catalogue: &_| add_event(catalogue, id, &draft, author)).await??;
    let found = Found::get(&app, id)?;
    let seats = found.untouched();
    let body = render(&app, found, seats, shown).await?;
    let headers = [(LOCATION, format!("/events/{id}")), (CONTENT_TYPE, "application/json".to_owned())];
    Ok((StatusCode::CREATED, headers, body).into_response())
}

async fn show(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<EventId>>,
    Visitor(caller): Visitor,
    ApiQuery(shown): ApiQuery<Shown>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = Found::get(&app, id)?;
    let seats = found.seats_now(&app, caller).await?;
    let age = seats.age();
    let guard =
        tag(&app, &found, seats.version, caller, &format!("{shown:?}")).guard(&headers, audience(caller));
    let body = if guard.is_unchanged() { Vec::new() } else { render(&app, found, seats, shown).await? };
    Ok(SeatsNow::dated(age, guard.respond("application/json", body)))
}

async fn render(app: &App, found: Found, seats: SeatsNow, shown: Shown) -> Result<Vec<u8>, Problem> {
    let now = app.now();
    if shown.tickets == Some(false) {
        let body: EventBody<'_, ()> = found.body(now, seats.counts, None);
        return serde_json::to_vec(&body).map_err(Problem::internal);
    }
    rendered(found.seats(), move || {
        let scene = found.scene();
        let tickets = scene.tickets(&found.event.terms.prices_minor, |_, seat| Some(seats.of(seat)));
        serde_json::to_vec(&found.body(now, seats.counts, Some(tickets)))
    })
    .await
}

/// Runs `render` here or, for many `seats`, where it holds nobody up.
pub(super) async fn rendered(
    seats: u32,
    render: impl FnOnce() -> serde_json::Result<Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>, Problem> {
    if seats < RENDER_ELSEWHERE_SEATS {
        return render().map_err(Problem::internal);
    }
    tokio::task::spawn_blocking(render).await.map_err(Problem::internal)?.map_err(Problem::internal)
}

/// Everything that what `caller` sees of an event depends on; `shape` tells the kinds of answer apart.
pub(super) fn tag(app: &App, found: &Found, version: u64, caller: Option<Customer>, shape: &str) -> Tag {
    let event = &found.event;
    let status = status_name(event.status(app.now()));
    // An organizer sees more than a customer does, so a change of role is another answer too.
    let reader = caller.map(|caller| (caller.user, caller.runs_event_of(event.terms.organizer)));
    Tag::of(format!("{} {} {version} {status} {reader:?} {shape}", event.id, event.revision).as_bytes())
}

/// Who may keep what `caller` sees.
pub(super) fn audience(caller: Option<Customer>) -> Audience {
    if caller.is_some() { Audience::Private } else { Audience::Public }
}

async fn list(
    State(app): State<App>,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = app.now();
    let (found, total) = app.cluster.with_catalogue(|catalogue| {
        let (events, total) = page.cut(catalogue.upcoming(now));
        let found: Vec<Found> = events.into_iter().filter_map(|event| Found::of(catalogue, event)).collect();
        (found, total)
    });
    let (shown, age) = Found::summaries(&app, &found, now).await?;
    let response = page.respond(&headers, Audience::Public, "/events", &shown, total)?;
    Ok(SeatsNow::dated(age, response))
}
