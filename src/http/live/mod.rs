//! Step ⑦ and ⑧ of the seats of an event as they change: as a stream of server-sent events, or by long polls.
//!
//! `boards` keeps a `board` of every event that somebody watches here; a `watching` client is told from it, in the words
//! of `frame`. Everybody sees the same, so nobody is asked who they are.
//!
//! Owns both calls. Hazard: a stream takes a connection for as long as somebody looks at a page; there are places for so
//! many, and none of them may keep the node from stopping.

mod board;
mod boards;
mod frame;
mod watching;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::ids::EventId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::detached::Endless;
use super::event_view::{Found, unknown};
use super::extract::{ApiPath, ApiQuery, accepted};
use super::openapi::{Part, Routes, get};
use super::problem::{Code, Problem};
use super::wire::Id;
use crate::dispatch::Asking;
use crate::dispatch::ways;
use boards::NoBoard;
pub use boards::{Boards, LiveFigures};
use frame::SeatNews;
use watching::{Watcher, next};

const EVENTS: &str = "text/event-stream";
/// What is left of a request's time to write its answer.
const IN_TIME: Duration = Duration::from_millis(500);

/// The routes of this module: the poll answers JSON.
pub(super) fn routes() -> Routes {
    let ok = StatusCode::OK;
    Routes::of(Part::Live).route(
        "/events/{id}/seats/poll",
        get(poll, "The next change of the seats of an event")
            .says(
                "Without `since` all seats, at once. With the `version` of an earlier answer: what has changed since, \
                 as soon as anything has, as `changes`; all `seats` where it is not known what has. 204 where nothing \
                 has for 25 seconds: ask again.",
            )
            .gives::<SeatNews>(ok)
            .gives_nothing(StatusCode::NO_CONTENT),
    )
}

/// And the stream.
pub(super) fn stream_routes() -> Routes {
    Routes::of(Part::Live).route(
        "/events/{id}/seats/stream",
        get(stream, "The seats of an event and all that changes, as server-sent events")
            .says(
                "First `event: snapshot` with `{version, seats}`, the seats in base64 of the binary form of \
                 `GET /events/{id}/seats`; then `event: seats` with `{version, changes: [{ticketId, status}]}`, ten times \
                 a second at most. `id:` is the version; sent as `Last-Event-ID` the stream goes on after it, or begins \
                 with a snapshot. A snapshot may come at any time and takes the place of all before.",
            )
            .gives_bytes(StatusCode::OK, EVENTS)
            .refuses(&[Code::NotAcceptable]),
    )
}

/// What a client has.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
struct Since {
    /// The version that you have.
    since: Option<u64>,
}

/// A client that reads server-sent events, and the version that it has, where it has one. What is no version of ours was
/// never sent by us, and is as good as none.
pub(super) struct EventReader(Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for EventReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        accepted(&parts.headers, &[EVENTS])?;
        let last = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse().ok());
        Ok(Self(last))
    }
}

async fn board(app: &App, id: EventId) -> Result<std::sync::Arc<board::Board>, Problem> {
    let found = Found::get(app, id)?;
    app.dispatch.caught_up(ways::State::Sale(id)).await;
    app.live.open(id, found.seats()).await.map_err(Problem::from)
}

async fn stream(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<EventId>>,
    EventReader(has): EventReader,
) -> Result<Response, Problem> {
    let board = board(&app, id).await?;
    let place = app.live.place().ok_or(NoBoard::TooMany)?;
    let watcher = Watcher { board, has, place, metrics: app.metrics.clone() };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(EVENTS)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    let mut response = (headers, Body::empty()).into_response();
    response.extensions_mut().insert(Endless::new(app.config.live.stalled, |outlet| watcher.tell(outlet)));
    Ok(response)
}

async fn poll(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<EventId>>,
    ApiQuery(Since { since }): ApiQuery<Since>,
) -> Result<Response, Problem> {
    let board = board(&app, id).await?;
    let left = Asking::current(app.config.http.request_deadline).until.left();
    let patience = app.config.live.poll.min(left.saturating_sub(IN_TIME));
    let cache = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(match next(&board, since, patience).await {
        Some(news) => {
            let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
            ([json, cache], Body::from(news.json())).into_response()
        }
        None => (StatusCode::NO_CONTENT, [cache]).into_response(),
    })
}

impl From<NoBoard> for Problem {
    fn from(why: NoBoard) -> Self {
        match why {
            NoBoard::Unknown => unknown(),
            NoBoard::TooMany => {
                Self::new(Code::Overloaded, "Too many watch seats at this node; try another one.")
            }
            NoBoard::Ended => Self::new(Code::Overloaded, "The node is stopping; try another one."),
        }
    }
}
