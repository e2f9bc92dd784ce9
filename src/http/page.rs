//! Lists in pages: `?page=1&pageSize=20` and `Link: rel=next`.

use std::num::NonZeroU32;

use axum::http::header::LINK;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::cache::{self, Audience};
use super::problem::Problem;

const DEFAULT_SIZE: u32 = 20;
const MAX_SIZE: u32 = 100;

/// Which page is asked for.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
pub struct PageQuery {
    /// Counted from 1, which is where it begins.
    #[param(value_type = Option<u32>, minimum = 1)]
    page: Option<NonZeroU32>,
    /// How many there are on a page: 20, unless said otherwise.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    page_size: Option<PageSize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a, T> {
    items: &'a [T],
    page: u32,
    page_size: u32,
    total: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
struct PageSize(u32);

impl TryFrom<u32> for PageSize {
    type Error = String;

    fn try_from(size: u32) -> Result<Self, String> {
        if (1..=MAX_SIZE).contains(&size) {
            Ok(Self(size))
        } else {
            Err(format!("must be from 1 to {MAX_SIZE}"))
        }
    }
}

impl PageQuery {
    /// The items of the page, and how many there are in all.
    pub fn cut<T>(&self, items: impl IntoIterator<Item = T>) -> (Vec<T>, u64) {
        let (page, size) = self.numbers();
        let first = u64::from(page - 1) * u64::from(size);
        let last = first + u64::from(size);
        let mut total = 0;
        let mut kept = Vec::new();
        for item in items {
            if (first..last).contains(&total) {
                kept.push(item);
            }
            total += 1;
        }
        (kept, total)
    }

    /// The answer: the page's `items`, which were [`cut`](Self::cut) out of `total`, unless the client has them
    /// already; `path` is where the next page is.
    ///
    /// # Errors
    /// A fault where an item does not serialise.
    pub fn respond<T: Serialize>(
        &self,
        headers: &HeaderMap,
        audience: Audience,
        path: &str,
        items: &[T],
        total: u64,
    ) -> Result<Response, Problem> {
        let (page, page_size) = self.numbers();
        let mut response = cache::json(headers, audience, &Page { items, page, page_size, total })?;
        if let Some(next) = self.next(path, total)? {
            response.headers_mut().insert(LINK, next);
        }
        Ok(response)
    }

    /// The `Link` to the next page of `total` items at `path`, if there is one.
    ///
    /// # Errors
    /// A fault where `path` cannot be told in a header.
    pub fn next(&self, path: &str, total: u64) -> Result<Option<HeaderValue>, Problem> {
        let (page, size) = self.numbers();
        if u64::from(page) * u64::from(size) >= total {
            return Ok(None);
        }
        let and = if path.contains('?') { '&' } else { '?' };
        let next = format!("<{path}{and}page={}&pageSize={size}>; rel=\"next\"", page.saturating_add(1));
        HeaderValue::try_from(next).map(Some).map_err(Problem::internal)
    }

    /// Which page it is, and how many items it has at most.
    #[must_use]
    pub fn numbers(&self) -> (u32, u32) {
        (self.page.map_or(1, NonZeroU32::get), self.page_size.map_or(DEFAULT_SIZE, |size| size.0))
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn query(text: &str) -> Option<PageQuery> {
        let uri = format!("/list?{text}").parse().unwrap();
        axum::extract::Query::try_from_uri(&uri).ok().map(|axum::extract::Query(page)| page)
    }

    #[test]
    fn pages_are_cut_and_lead_to_the_next_one() {
        for (text, kept, link) in [
            ("", (0..20).collect::<Vec<_>>(), Some("</list?page=2&pageSize=20>; rel=\"next\"")),
            ("page=3&pageSize=10", (20..25).collect(), None),
            ("page=1&pageSize=25", (0..25).collect(), None),
            ("page=4294967295&pageSize=100", vec![], None),
            ("other=1&pageSize=24", (0..24).collect(), Some("</list?page=2&pageSize=24>; rel=\"next\"")),
        ] {
            let page = query(text).unwrap();
            assert_eq!(page.cut(0..25), (kept.clone(), 25), "{text}");
            let response = page.respond(&HeaderMap::new(), Audience::Public, "/list", &kept, 25).unwrap();
            assert_eq!(response.headers().get(LINK).map(|link| link.to_str().unwrap()), link, "{text}");
        }
    }

    #[test]
    fn odd_pages_are_refused() {
        for text in ["page=0", "page=-1", "page=x", "pageSize=0", "pageSize=101", "page=1&page=2"] {
            assert!(query(text).is_none(), "{text}");
        }
    }
}
