//! ⑧ Finding events: reads the query, asks the index of this node, and renders what the catalogue says of what was found.
//!
//! Owns the answer's shape. It needs no owner and no majority: what it shows is committed, and the counts are of this node's
//! replicas or its feed.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use domain::ids::EventId;
use search::{Facets, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::cache::Tag;
use super::event_view::{EventBody, Found};
use super::extract::ApiQuery;
use super::openapi::{Part, Routes, get};
use super::page::PageQuery;
use super::problem::{Code, Problem};
use super::search_cache::Kept;
use super::search_query::SearchQuery;
use super::seats_now::SeatsNow;
use crate::dispatch::ways;
use crate::search::NoAnswer;

/// The routes of this module; `/search` is the short-hand of the classic write-ups.
pub(super) fn routes() -> Routes {
    let search =
        || get(search, "Events by what, where and when").gives_page_with::<EventBody<'_, ()>, Told>();
    Routes::of(Part::Catalogue)
        .route("/events/search", search())
        .merge(Routes::of(Part::Shorthand).route("/search", search()))
}

/// A page of events, and what there is of each.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    items: &'a [EventBody<'a, ()>],
    page: u32,
    page_size: u32,
    total: u64,
    #[serde(flatten)]
    told: Told,
}

/// What a search may tell beside the events.
#[derive(Serialize, ToSchema)]
pub(super) struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<FacetsBody>,
}

/// How many there are of each, the most first; months in order.
#[derive(Serialize, ToSchema)]
struct FacetsBody {
    r#type: Vec<Counted>,
    city: Vec<Counted>,
    month: Vec<Counted>,
}

#[derive(Serialize, ToSchema)]
struct Counted {
    value: String,
    count: u64,
}

impl From<&Facets> for FacetsBody {
    fn from(facets: &Facets) -> Self {
        let counted = |(value, count): &(String, u64)| Counted { value: value.clone(), count: *count };
        Self {
            r#type: facets.kinds.iter().map(counted).collect(),
            city: facets.cities.iter().map(counted).collect(),
            month: facets.months.iter().map(counted).collect(),
        }
    }
}

async fn search(
    State(app): State<App>,
    ApiQuery(page): ApiQuery<PageQuery>,
    ApiQuery(query): ApiQuery<SearchQuery>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(kept) = kept(&app, &uri) {
        return Ok(kept.respond(&headers));
    }
    let (number, size) = page.numbers();
    let skip = (number as usize - 1).saturating_mul(size as usize);
    let query = query.checked(skip, size as usize)?;
    app.dispatch.caught_up(ways::State::Catalogue).await;
    // Before anything is found, so that nothing older is kept under a later number.
    let generation = app.search.generation();
    let found = find(&app, &query, generation).await?;
    let events: Vec<Found> = app.cluster.with_catalogue(|catalogue| {
        let known = found.numbers.iter().filter_map(|number| catalogue.event(EventId::new(*number)));
        known.filter_map(|event| Found::of(catalogue, event)).collect()
    });
    let (shown, age) = Found::summaries(&app, &events, app.now()).await?;
    let told = Told { facets: found.facets.as_ref().map(FacetsBody::from) };
    let answer = Answer { items: &shown, page: number, page_size: size, total: found.total, told };
    let body = serde_json::to_vec(&answer).map_err(Problem::internal)?;
    let next = page.next(&without_page(&uri), found.total)?;
    let kept = Arc::new(Kept { tag: Tag::of(&body), body: body.into(), next, generation });
    // Counts from a node that has fallen silent are old already.
    if age.is_none()
        && let Some(address) = uri.path_and_query()
    {
        app.answers.keep(address.as_str(), &kept);
    }
    Ok(SeatsNow::dated(age, kept.respond(&headers)))
}

/// The answer that this search had a moment ago, unless the catalogue has changed since.
pub(super) fn kept(app: &App, uri: &Uri) -> Option<Arc<Kept>> {
    let address = uri.path_and_query()?.as_str();
    app.search.is_up_to_date().then(|| app.answers.answer(address, app.search.generation()))?
}

async fn find(app: &App, query: &Query, generation: u64) -> Result<Arc<search::Found>, Problem> {
    if app.search.is_up_to_date()
        && let Some(found) = app.answers.found(query, generation)
    {
        return Ok(found);
    }
    let found = app.search.search(query.clone(), app.now()).await.map_err(|none| match none {
        NoAnswer::Busy => Problem::new(Code::Overloaded, "Too many search here right now. Try again."),
        NoAnswer::NoIndex => {
            Problem::new(Code::Overloaded, "The search index of this node is being made. Try again.")
        }
    })?;
    let found = Arc::new(found);
    app.answers.keep_found(query, generation, &found);
    Ok(found)
}

/// The address of the search, to which the next page's number is added.
fn without_page(uri: &Uri) -> String {
    let kept = |pair: &&str| !matches!(pair.split('=').next(), None | Some("" | "page" | "pageSize"));
    let query: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(kept).collect();
    if query.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), query.join("&")) }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_question() {
        for (asked, kept) in [
            ("/search", "/search"),
            ("/search?page=2", "/search"),
            ("/search?term=a%20b&page=2&pageSize=3&type=match", "/search?term=a%20b&type=match"),
        ] {
            assert_eq!(without_page(&asked.parse().unwrap()), kept);
        }
    }
}
