//! The index as it is searched: any number of threads at a time, each over what was committed last when it began.

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tantivy::Term;

use crate::finding::Search;
use crate::gazetteer::Gazetteer;
use crate::query::{Found, Query};
use crate::schema::Fields;
use crate::tally::Scratch;
use crate::view::View;

/// Why there is no answer.
#[derive(Debug)]
pub struct SearchFault(String);

impl SearchFault {
    /// For what `error` says.
    pub fn new(error: &impl Display) -> Self {
        Self(error.to_string())
    }
}

impl Display for SearchFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the search index: {}", self.0)
    }
}

impl std::error::Error for SearchFault {}

impl From<tantivy::TantivyError> for SearchFault {
    fn from(error: tantivy::TantivyError) -> Self {
        Self::new(&error)
    }
}

/// What was committed at one time.
#[derive(Default)]
pub(crate) struct Snapshot {
    pub(crate) views: Vec<Arc<View>>,
    /// How far the index has followed whatever it is fed from.
    pub(crate) position: u64,
}

/// Searches the index; its clones are the same.
#[derive(Clone)]
pub struct Searcher(Arc<Inner>);

struct Inner {
    fields: Fields,
    places: Arc<Gazetteer>,
    snapshot: RwLock<Arc<Snapshot>>,
    /// Counts the snapshots.
    generation: AtomicU64,
    /// Of searches that are done, for those to come.
    scratches: Mutex<Vec<Scratch>>,
}

impl Searcher {
    pub(crate) fn new(fields: Fields, places: Arc<Gazetteer>) -> Self {
        Self(Arc::new(Inner {
            fields,
            places,
            snapshot: RwLock::default(),
            generation: AtomicU64::new(0),
            scratches: Mutex::default(),
        }))
    }

    /// What fits `query` at `now`, in milliseconds since 1970.
    ///
    /// # Errors
    /// [`SearchFault`] where the index cannot be read.
    pub fn search(&self, query: &Query, now: u64) -> Result<Found, SearchFault> {
        let snapshot = self.snapshot();
        let mut scratch = self.scratches().pop().unwrap_or_default();
        let search = Search::new(query, &self.0.places, now);
        let found = search.run(snapshot.views.iter().map(AsRef::as_ref), &mut scratch)?;
        // Not after a fault, which may have left something in it.
        self.scratches().push(scratch);
        Ok(found)
    }

    /// How far the index has come, and a number that changes with every step.
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        // First, so that what is found later under this number is no older.
        let generation = self.0.generation.load(Ordering::Acquire);
        (self.snapshot().position, generation)
    }

    /// How many events there are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.snapshot().views.iter().map(|view| view.live().len()).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of all events in the index, each with its fingerprint.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<(u64, u64)> {
        let snapshot = self.snapshot();
        let mut all = Vec::new();
        for view in &snapshot.views {
            all.extend(view.live().iter().map(|doc| (view.number.get_val(doc), view.print.get_val(doc))));
        }
        all
    }

    /// The events at a venue.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn events_at(&self, venue: u64) -> Result<Vec<u64>, SearchFault> {
        self.with_term(&Term::from_field_u64(self.0.fields.venue, venue))
    }

    /// The events of a performer.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub fn events_of(&self, performer: u64) -> Result<Vec<u64>, SearchFault> {
        self.with_term(&Term::from_field_u64(self.0.fields.performer, performer))
    }

    fn with_term(&self, term: &Term) -> Result<Vec<u64>, SearchFault> {
        let mut numbers = Vec::new();
        for view in &self.snapshot().views {
            numbers.extend(view.numbers(term)?);
        }
        Ok(numbers)
    }

    pub(crate) fn fields(&self) -> Fields {
        self.0.fields
    }

    pub(crate) fn places(&self) -> Arc<Gazetteer> {
        self.0.places.clone()
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, snapshot: Snapshot) {
        *self.0.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        self.0.generation.fetch_add(1, Ordering::Release);
    }

    fn scratches(&self) -> std::sync::MutexGuard<'_, Vec<Scratch>> {
        self.0.scratches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
