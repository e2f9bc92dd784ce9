//! ⑧ Answers to searches that many make: kept for a second, and dropped as soon as the index moves on.
//!
//! Owns two bounded caches: whole answers, by address, as long as their counts of free seats may be shown; and a few seconds
//! longer what was found, by what was asked for. Hazard: an answer is for everybody, so nothing of the caller may be in it.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use moka::sync::Cache;
use search::{Found, Query};

use super::cache::Tag;

/// How old the counts of an answer may be.
const FRESH: Duration = Duration::from_secs(1);
/// How long an event that has begun may still be found.
const FOUND: Duration = Duration::from_secs(5);
/// What stands for the rest of an entry.
const OVERHEAD: usize = 256;
/// Longer addresses are not kept.
const LONGEST_ADDRESS: usize = 1_024;
/// That is for how long others may keep it, too.
const FOR_A_MOMENT: HeaderValue = HeaderValue::from_static("public, max-age=1, stale-while-revalidate=1");

/// The caches.
pub struct SearchCache {
    answers: Cache<String, Arc<Kept>>,
    found: Cache<String, (u64, Arc<Found>)>,
}

/// An answer.
pub(super) struct Kept {
    pub(super) body: Bytes,
    pub(super) tag: Tag,
    pub(super) next: Option<HeaderValue>,
    /// Of the index that it is from.
    pub(super) generation: u64,
}

impl SearchCache {
    /// Of `bytes` at most.
    #[must_use]
    pub fn new(bytes: u64) -> Self {
        let size = |bytes: usize| u32::try_from(bytes + OVERHEAD).unwrap_or(u32::MAX);
        let answers = Cache::builder()
            .weigher(move |address: &String, kept: &Arc<Kept>| size(address.len() + kept.body.len()))
            .max_capacity(bytes - bytes / 4)
            .time_to_live(FRESH);
        let found = Cache::builder()
            .weigher(move |asked: &String, (_, found): &(u64, Arc<Found>)| {
                size(asked.len() + found.numbers.len() * 8 + if found.facets.is_some() { 8_192 } else { 0 })
            })
            .max_capacity(bytes / 4)
            .time_to_live(FOUND);
        Self { answers: answers.build(), found: found.build() }
    }

    /// The answer that `address` had, if it is as good as a new one.
    pub(super) fn answer(&self, address: &str, generation: u64) -> Option<Arc<Kept>> {
        self.answers.get(address).filter(|kept| kept.generation == generation)
    }

    /// Keeps it.
    pub(super) fn keep(&self, address: &str, kept: &Arc<Kept>) {
        if address.len() <= LONGEST_ADDRESS {
            self.answers.insert(address.to_owned(), kept.clone());
        }
    }

    /// What was found for `query` in this index.
    pub(super) fn found(&self, query: &Query, generation: u64) -> Option<Arc<Found>> {
        let (of, found) = self.found.get(&key(query))?;
        (of == generation).then_some(found)
    }

    /// Keeps it.
    pub(super) fn keep_found(&self, query: &Query, generation: u64, found: &Arc<Found>) {
        self.found.insert(key(query), (generation, found.clone()));
    }
}

/// The same for the same query.
fn key(query: &Query) -> String {
    format!("{query:?}")
}

impl Kept {
    /// As a response; 304 where the client has it.
    pub(super) fn respond(&self, headers: &HeaderMap) -> Response {
        let mut response = if self.tag.is_known_to(headers) {
            axum::http::StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::new(Body::from(self.body.clone()))
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ETAG, self.tag.header());
        headers.insert(CACHE_CONTROL, FOR_A_MOMENT);
        headers.insert(VARY, HeaderValue::from_static("Accept"));
        if let Some(next) = &self.next {
            headers.insert(LINK, next.clone());
        }
        response
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_of_another_index_is_not_given() {
        let cache = SearchCache::new(1 << 20);
        let kept = Arc::new(Kept {
            body: Bytes::from_static(b"{}"),
            tag: Tag::of(b"{}"),
            next: None,
            generation: 3,
        });
        cache.keep("/search?term=a", &kept);
        assert!(cache.answer("/search?term=a", 3).is_some());
        assert!(cache.answer("/search?term=a", 4).is_none());
        assert!(cache.answer("/search?term=b", 3).is_none());
        let found = Arc::new(Found::default());
        cache.keep_found(&Query::default(), 3, &found);
        assert_eq!(cache.found(&Query::default(), 3), Some(found));
        assert_eq!(cache.found(&Query { skip: 20, ..Query::default() }, 3), None);
        assert_eq!(cache.found(&Query::default(), 4), None);
    }
}
