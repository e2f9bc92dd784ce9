//! Performers over HTTP.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header::LOCATION};
use axum::response::{IntoResponse, Response};
use domain::catalogue::{
    Author, Catalogue, Performer, PerformerDraft, add_performer, change_performer, remove_performer,
};
use domain::ids::PerformerId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::auth::Organizer;
use super::cache::{self, Audience, Tag};
use super::extract::{ApiJson, ApiPath, ApiQuery, IfMatch, given};
use super::openapi::{Part, Routes, delete, get, post, put};
use super::page::PageQuery;
use super::problem::{Code, Problem};
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
        .route(
            "/performers/{id}",
            put(change, "Change a performer")
                .says("What is left out stays as it is.")
                .gives::<PerformerBody<'_>>(StatusCode::OK),
        )
        .route(
            "/performers/{id}",
            delete(remove, "Remove a performer whom no event names")
                .gives_nothing(StatusCode::NO_CONTENT)
                .refuses(&[Code::InUse]),
        )
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPerformer {
    name: String,
    genre: String,
    bio: String,
}

/// What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PerformerChange {
    #[serde(default, deserialize_with = "given")]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    genre: Option<String>,
    #[serde(default, deserialize_with = "given")]
    bio: Option<String>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
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
            external_id: performer.external_id.as_deref(),
        }
    }
}

async fn create(
    State(app): State<App>,
    Organizer(caller): Organizer,
    body: ApiJson<NewPerformer>,
) -> Result<Response, Problem> {
    let NewPerformer { name, genre, bio } = body.value;
    let draft = PerformerDraft { name, genre, bio, external_id: None };
    let id = PerformerId::new(app.new_number());
    let author = Author { organizer: caller.user, at: app.now() };
    let performer = app.cluster.update_catalogue(move |_: &_| add_performer(id, &draft, author)).await??;
    let location = [(LOCATION, format!("/performers/{}", performer.id))];
    Ok((StatusCode::CREATED, location, Json(PerformerBody::new(&performer))).into_response())
}

async fn change(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<PerformerId>>,
    Organizer(caller): Organizer,
    if_match: IfMatch,
    body: ApiJson<PerformerChange>,
) -> Result<Response, Problem> {
    let PerformerChange { name, genre, bio } = body.value;
    let changed = app.cluster.update_catalogue(move |catalogue: &Catalogue| {
        let before = catalogue.performer(id).ok_or_else(|| Problem::not_found("performer"))?;
        if_match.require(&tag(before)?)?;
        let draft = PerformerDraft {
            name: name.unwrap_or_else(|| before.name.clone()),
            genre: genre.unwrap_or_else(|| before.genre.clone()),
            bio: bio.unwrap_or_else(|| before.bio.clone()),
            external_id: None,
        };
        Ok::<_, Problem>(change_performer(catalogue, id, &draft, caller.into())?)
    });
    let performer = changed.await??;
    let body = serde_json::to_vec(&PerformerBody::new(&performer)).map_err(Problem::internal)?;
    let guard = Tag::of(&body).guard(&HeaderMap::new(), Audience::Private);
    Ok(guard.respond("application/json", body))
}

async fn remove(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<PerformerId>>,
    Organizer(caller): Organizer,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let removed = app.cluster.update_catalogue(move |catalogue: &Catalogue| {
        let before = catalogue.performer(id).ok_or_else(|| Problem::not_found("performer"))?;
        if_match.require(&tag(before)?)?;
        Ok::<_, Problem>(remove_performer(catalogue, id, caller.into())?)
    });
    removed.await??;
    Ok(StatusCode::NO_CONTENT)
}

/// As a read has it.
fn tag(performer: &Performer) -> Result<Tag, Problem> {
    Tag::of_json(&PerformerBody::new(performer))
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
