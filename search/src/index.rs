//! The index on disk, and its one writer.
//!
//! Owns what is kept there: tantivy's files, and with each commit how far the index has come. An index that is missing,
//! damaged or of another version is begun anew. Hazard: tantivy maps its files into memory, so a damaged one has to be found
//! before it is read: all are checked when the index is opened.

use std::path::Path;
use std::sync::Arc;

use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Term};

use crate::entry::Entry;
use crate::gazetteer::Gazetteer;
use crate::schema::{Fields, VERSION, schema, tokenizers};
use crate::searcher::{SearchFault, Searcher, Snapshot};
use crate::unsynced::Unsynced;
use crate::view::View;

/// What the writer may hold in memory before it writes a segment.
const WRITER_BYTES: usize = 48 << 20;
/// Segments up to this size are one level, of which eight become one.
const SMALL_SEGMENT: u32 = 2_000;

/// The writer of an index. The threads that it starts inherit the priority of the one that opens it.
pub struct Writer {
    fields: Fields,
    places: Arc<Gazetteer>,
    writer: IndexWriter,
    reader: IndexReader,
    searcher: Searcher,
}

/// What [`Writer::open`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// An index of this version, which has come so far.
    Kept(u64),
    /// Nothing that could be used.
    Anew,
}

impl Writer {
    /// Opens the index in `dir`, or begins it anew, and has `searcher` search it.
    ///
    /// # Errors
    /// [`SearchFault`] where there is none to be had.
    pub fn open(dir: &Path, searcher: &Searcher) -> Result<(Self, Opened), SearchFault> {
        let (fields, places) = (searcher.fields(), searcher.places());
        let (index, opened) = match sound(dir) {
            Some((index, position)) => (index, Opened::Kept(position)),
            None => (create(dir)?, Opened::Anew),
        };
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .num_merge_threads(1)
            .memory_budget_per_thread(WRITER_BYTES)
            .build();
        let writer = index.writer_with_options(options)?;
        let mut merging = LogMergePolicy::default();
        merging.set_min_layer_size(SMALL_SEGMENT);
        writer.set_merge_policy(Box::new(merging));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let writer = Self { fields, places, writer, reader, searcher: searcher.clone() };
        let position = if let Opened::Kept(position) = opened { position } else { 0 };
        writer.show(position)?;
        Ok((writer, opened))
    }

    /// From the next commit on `entry` is found, as it is now.
    ///
    /// # Errors
    /// [`SearchFault`] where the index cannot be written any more.
    pub fn put(&mut self, entry: &Entry) -> Result<(), SearchFault> {
        self.remove(entry.number);
        self.writer.add_document(self.fields.document(entry, &self.places))?;
        Ok(())
    }

    /// From the next commit on it is not.
    pub fn remove(&mut self, number: u64) {
        self.writer.delete_term(Term::from_field_u64(self.fields.number, number));
    }

    /// Has everything searched that was put, and keeps on disk that the index has come to `position`.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn commit(&mut self, position: u64) -> Result<(), SearchFault> {
        let mut commit = self.writer.prepare_commit()?;
        commit.set_payload(&payload(position));
        commit.commit()?;
        self.show(position)
    }

    fn show(&self, position: u64) -> Result<(), SearchFault> {
        self.reader.reload()?;
        let before = self.searcher.snapshot();
        let mut views = Vec::new();
        for reader in self.reader.searcher().segment_readers() {
            let known = before.views.iter().find(|view| view.is(reader)).cloned();
            views.push(match known {
                Some(view) => view,
                None => Arc::new(View::open(reader, self.fields)?),
            });
        }
        self.searcher.set(Snapshot { views, position });
        Ok(())
    }
}

impl Searcher {
    /// Of an index that is still to be opened; finds nothing till then.
    #[must_use]
    pub fn unopened(places: Arc<Gazetteer>) -> Self {
        Self::new(schema().1, places)
    }
}

fn payload(position: u64) -> String {
    format!("{VERSION} {position}")
}

/// The index in `dir`, if it is of this version and whole, and how far it has come.
fn sound(dir: &Path) -> Option<(Index, u64)> {
    let mut index = Index::open(Unsynced::open(dir).ok()?).ok()?;
    let meta = index.load_metas().ok()?;
    let (version, position) = meta.payload.as_deref()?.split_once(' ')?;
    let position = position.parse().ok()?;
    if version.parse() != Ok(VERSION) || index.schema() != schema().0 {
        return None;
    }
    index.set_tokenizers(tokenizers());
    index.validate_checksum().ok().filter(|damaged| damaged.is_empty())?;
    Some((index, position))
}

/// An empty index in `dir`, whatever was there before.
fn create(dir: &Path) -> Result<Index, SearchFault> {
    let failed = |error: std::io::Error| SearchFault::new(&format_args!("{}: {error}", dir.display()));
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    std::fs::create_dir_all(dir).map_err(failed)?;
    let directory = Unsynced::open(dir).map_err(|error| SearchFault::new(&error))?;
    let index = Index::builder().schema(schema().0).tokenizers(tokenizers());
    Ok(index.open_or_create(directory)?)
}
