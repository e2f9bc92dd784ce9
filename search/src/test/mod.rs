//! What is found, and in which order.

mod places;
mod twin;
mod words;

use std::sync::Arc;

use tempfile::TempDir;

use crate::{Entry, Gazetteer, Point, Query, Searcher, Writer};

/// When these tests take place.
const NOW: u64 = 1_000_000_000_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// An index with some events.
struct Stage {
    searcher: Searcher,
    writer: Writer,
    _dir: TempDir,
}

impl Stage {
    fn new(entries: &[Entry]) -> Self {
        let dir = TempDir::new().unwrap();
        let searcher = Searcher::unopened(Arc::new(Gazetteer::built_in()));
        let (writer, _) = Writer::open(&dir.path().join("index"), &searcher).unwrap();
        let mut stage = Self { searcher, writer, _dir: dir };
        stage.put(entries);
        stage
    }

    fn put(&mut self, entries: &[Entry]) {
        entries.iter().for_each(|entry| self.writer.put(entry).unwrap());
        self.writer.commit(7).unwrap();
    }

    fn found(&self, query: &Query) -> Vec<u64> {
        let found = self.searcher.search(query, NOW).unwrap();
        assert_eq!(found.numbers.len() as u64, found.total.min(query.take as u64));
        found.numbers
    }

    fn by_words(&self, keyword: &str) -> Vec<u64> {
        self.found(&Query { keyword: keyword.into(), ..Query::default() })
    }
}

/// An event, a day later than the one before.
fn event(number: u64, name: &str) -> Entry {
    Entry {
        number,
        name: name.into(),
        description: String::new(),
        kind: "concert".into(),
        performers: Vec::new(),
        genres: Vec::new(),
        performer_numbers: Vec::new(),
        venue: "Great Hall".into(),
        address: "Long Street 1".into(),
        city: "Smallville".into(),
        country: "Nowhere".into(),
        venue_number: 1,
        point: Point::new(10.0, 10.0),
        zone: "UTC".into(),
        starts_at: NOW + number * DAY_MS,
        prices: vec![1_000],
        cancelled: false,
    }
}
