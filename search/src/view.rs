//! One segment of the index, opened to be searched.
//!
//! Owns the way to its posting lists and columns. Hazard: a list names events that are gone as well; only what is also in
//! [`View::live`] or [`View::upcoming`] is there.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::columnar::{Column, ColumnValues, StrColumn};
use tantivy::postings::TermInfo;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{InvertedIndexReader, SegmentReader, Term};

use crate::bits::Bits;
use crate::geo::Point;
use crate::schema::{self, Fields};

type Values<T> = Arc<dyn ColumnValues<T>>;

/// A segment.
pub(crate) struct View {
    pub(crate) fields: Fields,
    pub(crate) docs: u32,
    pub(crate) words: Arc<InvertedIndexReader>,
    pub(crate) starts: Arc<InvertedIndexReader>,
    pub(crate) joined: Arc<InvertedIndexReader>,
    pub(crate) place: Arc<InvertedIndexReader>,
    pub(crate) number: Values<u64>,
    pub(crate) print: Values<u64>,
    pub(crate) starts_at: Values<u64>,
    pub(crate) day: Values<i64>,
    pub(crate) month: Values<u64>,
    pub(crate) price_from: Values<i64>,
    pub(crate) name_words: Values<u64>,
    pub(crate) prices: Column<i64>,
    pub(crate) kind_name: Option<StrColumn>,
    pub(crate) city_name: Option<StrColumn>,
    title: Option<StrColumn>,
    cancelled: Values<u64>,
    point: Values<u64>,
    reader: SegmentReader,
    live: Arc<Bits>,
    upcoming: Mutex<Option<Upcoming>>,
}

/// The events that are still to come, as long as none of them begins.
struct Upcoming {
    since: u64,
    until: u64,
    bits: Arc<Bits>,
}

impl View {
    pub(crate) fn open(reader: &SegmentReader, fields: Fields) -> tantivy::Result<Self> {
        let columns = reader.fast_fields();
        let mut live = Bits::none(reader.max_doc());
        reader.doc_ids_alive().for_each(|doc| live.insert(doc));
        Ok(Self {
            fields,
            docs: reader.max_doc(),
            words: reader.inverted_index(fields.words)?,
            starts: reader.inverted_index(fields.starts)?,
            joined: reader.inverted_index(fields.joined)?,
            place: reader.inverted_index(fields.place)?,
            number: columns.column_first_or_default(schema::NUMBER)?,
            print: columns.column_first_or_default(schema::PRINT)?,
            starts_at: columns.column_first_or_default(schema::STARTS_AT)?,
            day: columns.column_first_or_default(schema::DAY)?,
            month: columns.column_first_or_default(schema::MONTH)?,
            price_from: columns.column_first_or_default(schema::PRICE_FROM)?,
            name_words: columns.column_first_or_default(schema::NAME_WORDS)?,
            prices: columns
                .i64(schema::PRICES)
                .unwrap_or_else(|_| Column::build_empty_column(reader.max_doc())),
            kind_name: columns.str(schema::KIND_NAME)?,
            city_name: columns.str(schema::CITY_NAME)?,
            title: columns.str(schema::TITLE)?,
            cancelled: columns.column_first_or_default(schema::CANCELLED)?,
            point: columns.column_first_or_default(schema::POINT)?,
            reader: reader.clone(),
            live: Arc::new(live),
            upcoming: Mutex::new(None),
        })
    }

    /// Whether it still is what `reader` is.
    pub(crate) fn is(&self, reader: &SegmentReader) -> bool {
        self.reader.segment_id() == reader.segment_id()
            && self.reader.delete_opstamp() == reader.delete_opstamp()
    }

    /// What is not gone.
    pub(crate) fn live(&self) -> Arc<Bits> {
        self.live.clone()
    }

    /// What is not called off and begins after `now`.
    pub(crate) fn upcoming(&self, now: u64) -> Arc<Bits> {
        let mut kept = self.upcoming.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.as_ref().filter(|known| (known.since..known.until).contains(&now)) {
            return known.bits.clone();
        }
        let mut bits = Bits::clone(&self.live);
        let mut until = u64::MAX;
        bits.retain(|doc| {
            let starts_at = self.starts_at.get_val(doc);
            let comes = starts_at > now && self.cancelled.get_val(doc) == 0;
            if comes {
                until = until.min(starts_at);
            }
            comes
        });
        let bits = Arc::new(bits);
        *kept = Some(Upcoming { since: now, until, bits: bits.clone() });
        bits
    }

    pub(crate) fn point(&self, doc: u32) -> Point {
        Point::unpacked(self.point.get_val(doc))
    }

    /// The folded name of `doc`.
    pub(crate) fn title(&self, doc: u32) -> io::Result<String> {
        let mut title = String::new();
        if let Some(column) = &self.title
            && let Some(ord) = column.term_ords(doc).next()
        {
            column.ord_to_str(ord, &mut title)?;
        }
        Ok(title)
    }

    /// Adds the documents with `term`.
    pub(crate) fn add(&self, term: &Term, bits: &mut Bits) -> tantivy::Result<()> {
        let index = self.reader.inverted_index(term.field())?;
        if let Some(info) = index.get_term_info(term)? {
            each(&index, &info, |doc| bits.insert(doc))?;
        }
        Ok(())
    }

    /// The documents with `text` in `field`.
    pub(crate) fn with_text(&self, field: Field, text: &str) -> tantivy::Result<Bits> {
        let mut bits = Bits::none(self.docs);
        self.add(&Term::from_field_text(field, text), &mut bits)?;
        Ok(bits)
    }

    /// The documents with `text` in `field` that are `wanted`, in order.
    pub(crate) fn documents_with(
        &self,
        field: Field,
        text: &str,
        wanted: impl Fn(u32) -> bool,
    ) -> tantivy::Result<Vec<u32>> {
        let index = self.reader.inverted_index(field)?;
        let mut found = Vec::new();
        if let Some(info) = index.terms().get(text)? {
            each(&index, &info, |doc| {
                if wanted(doc) {
                    found.push(doc);
                }
            })?;
        }
        Ok(found)
    }

    /// The numbers of the events with `term` that are not gone.
    pub(crate) fn numbers(&self, term: &Term) -> tantivy::Result<Vec<u64>> {
        let mut bits = Bits::none(self.docs);
        self.add(term, &mut bits)?;
        bits.keep(&self.live);
        Ok(bits.iter().map(|doc| self.number.get_val(doc)).collect())
    }
}

/// Shows every document of a posting list.
pub(crate) fn each(index: &InvertedIndexReader, info: &TermInfo, mut see: impl FnMut(u32)) -> io::Result<()> {
    let mut list = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    while !list.docs().is_empty() {
        list.docs().iter().for_each(|doc| see(*doc));
        list.advance();
    }
    Ok(())
}
