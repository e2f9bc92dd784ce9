//! Finding events: reads the query, asks [`Filter`], renders the list.
//!
//! Looks at every upcoming event, which is quick enough for some thousands of them.

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::App;
use super::cache::Audience;
use super::event_view::{EventBody, Found};
use super::extract::ApiQuery;
use super::openapi::{Part, Routes, get};
use super::page::PageQuery;
use super::problem::Problem;
use super::search_filter::{Filter, SearchQuery};
use super::seats_now::SeatsNow;

/// The routes of this module; `/search` is the short-hand of the classic write-ups.
pub(super) fn routes() -> Routes {
    let search = || get(search, "Events by what, where and when").gives_page::<EventBody<'_, ()>>();
    Routes::of(Part::Catalogue)
        .route("/events/search", search())
        .merge(Routes::of(Part::Shorthand).route("/search", search()))
}

async fn search(
    State(app): State<App>,
    ApiQuery(page): ApiQuery<PageQuery>,
    ApiQuery(query): ApiQuery<SearchQuery>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let filter = Filter::new(query)?;
    let now = app.now();
    let upcoming: Vec<Found> = app.cluster.with_catalogue(|catalogue| {
        catalogue.upcoming(now).filter_map(|event| Found::of(catalogue, event)).collect()
    });
    let mut found: Vec<Found> = upcoming.into_iter().filter(|found| filter.fits(found)).collect();
    filter.sort(&mut found);
    let (found, total) = page.cut(found);
    let (shown, age) = Found::summaries(&app, &found, now).await?;
    let response = page.respond(&headers, Audience::Public, &without_page(&uri), &shown, total)?;
    Ok(SeatsNow::dated(age, response))
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
