//! Performers over HTTP.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::LOCATION};
use axum::response::{IntoResponse, Response};
use domain::catalogue::{Author, Performer, PerformerDraft, add_performer};
use domain::ids::PerformerId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::auth::Organizer;
use super::cache::{self, Audience};
use super::extract::{ApiJson, ApiPath, ApiQuery};
use super::openapi::{Part, Routes, get, post};
use super::page::PageQuery;
use super::problem::Problem;
use super::wire::{Id, Timestamp, ids};

/// The routes of this module.
pub(super) fn routes() -> Routes {
    Routes::of(Part::Catalogue)
        .route(
            "/performers",
            post(create, "Make a performer").gives::<PerformerBody<'_>>(StatusCode::CREATED),
        )
        .route("/performers", get(list, "All performers").gives_page::<PerformerBody<'_>>())
        .route("/performers/{id}", get(show, "A performer").gives::<PerformerBody<'_>>(StatusCode::OK))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPerformer {
    name: String,
    genre: String,
    bio: String,
}

/// A performer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Performer)]
pub(super) struct PerformerBody<'a> {
    id: ids::Performer,
    name: &'a str,
    genre: &'a str,
    bio: &'a str,
    organizer_id: ids::User,
    created_at: Timestamp,
}

impl<'a> PerformerBody<'a> {
    pub(super) fn new(performer: &'a Performer) -> Self {
        Self {
            id: Id(performer.id),
            name: &performer.name,
            genre: &performer.genre,
            bio: &performer.bio,
            organizer_id: Id(performer.organizer),
            created_at: Timestamp(performer.created_at),
        }
    }
}

async fn create(
    State(app): State<App>,
    Organizer(caller): Organizer,
    body: ApiJson<NewPerformer>,
) -> Result<Response, Problem> {
    let NewPerformer { name, genre, bio } = body.value;
    let draft = PerformerDraft { name, genre, bio };
    let id = PerformerId::new(app.new_number());
    let author = Author { organizer: caller.user, at: app.now() };
    let performer = app.cluster.update_catalogue(move |_: &_| add_performer(id, &draft, author)).await??;
    let location = [(LOCATION, format!("/performers/{}", performer.id))];
    Ok((StatusCode::CREATED, location, Json(PerformerBody::new(&performer))).into_response())
}

async fn show(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<PerformerId>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let performer = app.cluster.with_catalogue(|catalogue| catalogue.performer(id).cloned());
    let performer = performer.ok_or_else(|| Problem::not_found("performer"))?;
    cache::json(&headers, Audience::Public, &PerformerBody::new(&performer))
}

async fn list(
    State(app): State<App>,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (performers, total) =
        app.cluster.with_catalogue(|catalogue| page.cut(catalogue.performers().cloned()));
    let shown: Vec<_> = performers.iter().map(|performer| PerformerBody::new(performer)).collect();
    page.respond(&headers, Audience::Public, "/performers", &shown, total)
}
