//! Events over HTTP: making, changing and ending one, the list, one with its tickets.

use axum::extract::State;
use axum::http::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};
use axum::response::{IntoResponse, Response};
use domain::catalogue::{Author, Catalogue, add_event, cancel_event, change_event, remove_event};
use domain::event::{Caller, Command, Reply};
use domain::ids::EventId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::auth::{Customer, Organizer, Visitor};
use super::cache::{Audience, Tag};
use super::encoded::What;
use super::event_change::EventChange;
use super::event_view::{EventBody, Found, status_name};
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch};
use super::new_event::NewEvent;
use super::openapi::{Part, Routes, delete, get, post, put};
use super::page::PageQuery;
use super::problem::{Code, Problem};
use super::seats_now::SeatsNow;
use super::wire::Id;
use crate::dispatch::ways;

/// From here on tickets are rendered off the threads that serve requests.
const RENDER_ELSEWHERE_SEATS: u32 = 5_000;

/// The routes of this module; `/event/{id}` is the short-hand of the classic write-ups.
pub(super) fn routes() -> Routes {
    let ok = StatusCode::OK;
    let shown =
        || get(show, "An event with its venue, performers and tickets").gives::<EventBody<'_, ()>>(ok);
    Routes::of(Part::Catalogue)
        .route("/events", post(create, "Make an event").gives::<EventBody<'_, ()>>(StatusCode::CREATED))
        .route("/events", get(list, "All events to come, soonest first").gives_page::<EventBody<'_, ()>>())
        .route("/events/{id}", shown())
        .route(
            "/events/{id}",
            put(change, "Change an event")
                .says("What is left out stays as it is. What is held keeps its price, what is sold its seat.")
                .gives::<EventBody<'_, ()>>(ok)
                .refuses(&[Code::InUse, Code::EventCancelled]),
        )
        .route(
            "/events/{id}",
            delete(end, "Cancel an event, or remove one that was never booked")
                .says(
                    "Answers when the sale is closed for good; every booking is refunded in full after that.",
                )
                .gives::<EventBody<'_, ()>>(ok)
                .gives_nothing(StatusCode::NO_CONTENT)
                .refuses(&[Code::InUse]),
        )
        .merge(Routes::of(Part::Shorthand).route("/event/{id}", shown()))
}

/// `?tickets=false` leaves the tickets out.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
struct Shown {
    /// `false` leaves the tickets out.
    tickets: Option<bool>,
}

/// `?purge=true` removes an event that has no bookings, instead of cancelling it.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
struct End {
    /// `true` removes an event that was never booked, instead of cancelling it.
    purge: Option<bool>,
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
    let draft = body.value.draft()?;
    app.cluster.update_catalogue(move |catalogue: &_| add_event(catalogue, id, &draft, author)).await??;
    let found = Found::get(&app, id)?;
    let seats = found.untouched();
    let body = render(&app, found, seats, shown).await?;
    let headers = [(LOCATION, format!("/events/{id}")), (CONTENT_TYPE, "application/json".to_owned())];
    Ok((StatusCode::CREATED, headers, body).into_response())
}

async fn change(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<EventId>>,
    Organizer(caller): Organizer,
    if_match: IfMatch,
    ApiQuery(shown): ApiQuery<Shown>,
    body: ApiJson<EventChange>,
) -> Result<Response, Problem> {
    let changed = app.cluster.update_catalogue(move |catalogue: &Catalogue| {
        let before = catalogue.event(id).ok_or_else(|| Problem::not_found("event"))?;
        let (draft, postponed) = body.value.of(catalogue, before)?;
        let changed = change_event(catalogue, id, &draft, postponed, caller.into())?;
        if_match.require_revision(before.revision)?;
        Ok::<_, Problem>(changed)
    });
    changed.await??;
    app.dispatch.listed(id).await;
    answer(&app, id, caller, shown).await
}

async fn end(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<EventId>>,
    Organizer(caller): Organizer,
    if_match: IfMatch,
    ApiQuery(End { purge, tickets }): ApiQuery<End>,
) -> Result<Response, Problem> {
    if purge == Some(true) {
        remove(&app, id, caller.into(), if_match).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    // Said first, so that the sale is closed by its owner also if this node ends here; but true when the sale says so.
    let cancelled = app.cluster.update_catalogue(move |catalogue: &Catalogue| {
        let before = catalogue.event(id).ok_or_else(|| Problem::not_found("event"))?;
        let cancelled = cancel_event(catalogue, id, caller.into())?;
        if_match.require_revision(before.revision)?;
        Ok::<_, Problem>(cancelled)
    });
    cancelled.await??;
    close(&app, id, caller.into(), false).await?;
    answer(&app, id, caller, Shown { tickets }).await
}

/// The sale is closed before the event is gone, so that nothing is sold of an event that nobody can look up. Whoever owns
/// the sale lets go of it when the directory has let go of the event.
async fn remove(app: &App, id: EventId, by: Caller, if_match: IfMatch) -> Result<(), Problem> {
    let removed = move |catalogue: &Catalogue| {
        let before = catalogue.event(id).ok_or_else(|| Problem::not_found("event"))?;
        let removed = remove_event(catalogue, id, by)?;
        if_match.require_revision(before.revision)?;
        Ok::<_, Problem>(removed)
    };
    app.cluster.with_catalogue(|catalogue| removed.clone()(catalogue).map(drop))?;
    close(app, id, by, true).await?;
    app.cluster.update_catalogue(removed).await??;
    app.dispatch.listed(id).await;
    Ok(())
}

/// Returns when nothing is sold any more.
async fn close(app: &App, id: EventId, by: Caller, unsold: bool) -> Result<(), Problem> {
    let closed = app.dispatch.command(id, Command::Close { unsold }, by, None).await;
    match closed.map_err(|no| Problem::no_reply(id, no))? {
        Reply::Closed => Ok(()),
        other => Err(Problem::internal(format!("an unexpected reply: {other:?}"))),
    }
}

/// The event after a change, as everybody sees it.
async fn answer(app: &App, id: EventId, caller: Customer, shown: Shown) -> Result<Response, Problem> {
    let found = Found::get(app, id)?;
    let seats = found.seats_now(app, None).await?;
    let tag = tag(app, &found, &seats, Some(caller), &format!("{shown:?}"));
    let body = render(app, found, seats, shown).await?;
    Ok(tag.guard(&HeaderMap::new(), Audience::Private).respond("application/json", body))
}

async fn show(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<EventId>>,
    Visitor(caller): Visitor,
    ApiQuery(shown): ApiQuery<Shown>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = Found::get(&app, id)?;
    app.dispatch.caught_up(ways::State::Sale(id)).await;
    if shown.tickets != Some(false) && found.is_as_to_all(&app, caller) {
        return found.as_to_all(&app, What::Event, caller, &headers).await;
    }
    let seats = found.seats_now(&app, caller).await?;
    let age = seats.age();
    let guard = tag(&app, &found, &seats, caller, &format!("{shown:?}")).guard(&headers, audience(caller));
    let body = if guard.is_unchanged() { Vec::new() } else { render(&app, found, seats, shown).await? };
    Ok(SeatsNow::dated(age, guard.respond("application/json", body)))
}

async fn render(app: &App, found: Found, seats: SeatsNow, shown: Shown) -> Result<Vec<u8>, Problem> {
    let now = app.now();
    if shown.tickets == Some(false) {
        let body: EventBody<'_, ()> = found.body(now, seats.counts, None).winding_up(seats.progress);
        return serde_json::to_vec(&body).map_err(Problem::internal);
    }
    rendered(found.seats(), move || {
        let scene = found.scene();
        let tickets = scene.tickets(&found.event.terms.prices_minor, |_, seat| Some(seats.of(seat)));
        serde_json::to_vec(&found.body(now, seats.counts, Some(tickets)).winding_up(seats.progress))
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
pub(super) fn tag(app: &App, found: &Found, seats: &SeatsNow, caller: Option<Customer>, shape: &str) -> Tag {
    let event = &found.event;
    let status = status_name(event.status(app.now()));
    // An organizer sees more than a customer does, so a change of role is another answer too.
    let reader = caller.map(|caller| (caller.user, caller.runs_event_of(event.terms.organizer)));
    let (version, killed, progress) = (seats.version, seats.killed(), seats.progress);
    let content = format!("{} {version} {killed} {status} {reader:?} {progress:?} {shape}", event.id);
    Tag::of_revision(event.revision, content.as_bytes())
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
