//! What the index is made of, and how an event becomes a document of it.

use tantivy::TantivyDocument;
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::TokenizerManager;

use crate::entry::Entry;
use crate::fold::fold;
use crate::gazetteer::{Gazetteer, key};
use crate::terms::Terms;
use crate::tokenizer::Counted;
use crate::tokens::{Piece, pairs, pieces};
use crate::zones::Day;

/// Makes another index necessary whenever it grows.
pub const VERSION: u32 = 2;

const COUNTED: &str = "counted";

/// The name of the column with the events' numbers.
pub(crate) const NUMBER: &str = "number";
pub(crate) const PRINT: &str = "print";
pub(crate) const STARTS_AT: &str = "starts_at";
pub(crate) const DAY: &str = "day";
pub(crate) const MONTH: &str = "month";
pub(crate) const PRICES: &str = "prices";
pub(crate) const PRICE_FROM: &str = "price_from";
pub(crate) const POINT: &str = "point";
pub(crate) const NAME_WORDS: &str = "name_words";
pub(crate) const CANCELLED: &str = "cancelled";
pub(crate) const KIND_NAME: &str = "kind_name";
pub(crate) const CITY_NAME: &str = "city_name";
pub(crate) const TITLE: &str = "title";

/// The fields of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) number: Field,
    pub(crate) venue: Field,
    pub(crate) performer: Field,
    pub(crate) words: Field,
    pub(crate) starts: Field,
    pub(crate) joined: Field,
    /// The whole name.
    pub(crate) name: Field,
    /// The whole name of each performer.
    pub(crate) performer_name: Field,
    pub(crate) kind: Field,
    /// The words of the venue's name, street, city and country.
    pub(crate) place: Field,
    /// The whole name of the city.
    pub(crate) city: Field,
    /// The country as it is written, and its code.
    pub(crate) country: Field,
    pub(crate) cell: Field,
    pub(crate) day: Field,
    print: Field,
    starts_at: Field,
    month: Field,
    prices: Field,
    price_from: Field,
    point: Field,
    name_words: Field,
    cancelled: Field,
    kind_name: Field,
    city_name: Field,
    /// The name with what stands between its words, folded.
    title: Field,
}

fn indexed(tokenizer: &str, option: IndexRecordOption) -> TextOptions {
    let indexing = TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option);
    TextOptions::default().set_indexing_options(indexing.set_fieldnorms(false))
}

/// The schema, and its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let counted = indexed(COUNTED, IndexRecordOption::WithFreqs);
    let raw = indexed("raw", IndexRecordOption::Basic);
    let shown = TextOptions::default().set_fast("raw");
    let fields = Fields {
        number: builder.add_u64_field(NUMBER, INDEXED | FAST),
        venue: builder.add_u64_field("venue", INDEXED),
        performer: builder.add_u64_field("performer", INDEXED),
        words: builder.add_text_field("words", counted.clone()),
        starts: builder.add_text_field("starts", counted.clone()),
        joined: builder.add_text_field("joined", counted.clone()),
        name: builder.add_text_field("name", raw.clone()),
        performer_name: builder.add_text_field("performer_name", raw.clone()),
        kind: builder.add_text_field("kind", raw.clone()),
        place: builder.add_text_field("place", counted),
        city: builder.add_text_field("city", raw.clone()),
        country: builder.add_text_field("country", raw),
        cell: builder.add_u64_field("cell", INDEXED),
        day: builder.add_i64_field(DAY, INDEXED | FAST),
        print: builder.add_u64_field(PRINT, FAST),
        starts_at: builder.add_u64_field(STARTS_AT, FAST),
        month: builder.add_u64_field(MONTH, FAST),
        prices: builder.add_i64_field(PRICES, FAST),
        price_from: builder.add_i64_field(PRICE_FROM, FAST),
        point: builder.add_u64_field(POINT, FAST),
        name_words: builder.add_u64_field(NAME_WORDS, FAST),
        cancelled: builder.add_u64_field(CANCELLED, FAST),
        kind_name: builder.add_text_field(KIND_NAME, shown.clone()),
        city_name: builder.add_text_field(CITY_NAME, shown.clone()),
        title: builder.add_text_field(TITLE, shown),
    };
    (builder.build(), fields)
}

/// The tokenizers that the schema names.
pub(crate) fn tokenizers() -> TokenizerManager {
    let tokenizers = TokenizerManager::default();
    tokenizers.register(COUNTED, Counted::default());
    tokenizers
}

impl Fields {
    /// `entry` as a document.
    pub(crate) fn document(&self, entry: &Entry, places: &Gazetteer) -> TantivyDocument {
        let terms = Terms::of(entry);
        let day = Day::at(entry.starts_at, &entry.zone);
        let mut document = TantivyDocument::default();
        document.add_u64(self.number, entry.number);
        document.add_u64(self.venue, entry.venue_number);
        entry.performer_numbers.iter().for_each(|number| document.add_u64(self.performer, *number));
        document.add_text(self.words, Terms::written(&terms.words));
        document.add_text(self.starts, Terms::written(&terms.starts));
        document.add_text(self.joined, Terms::written(&terms.joined));
        document.add_text(self.name, key(&entry.name));
        entry.performers.iter().for_each(|name| document.add_text(self.performer_name, key(name)));
        document.add_text(self.kind, fold(&entry.kind));
        document.add_text(self.place, place_words(entry));
        document.add_text(self.city, key(&entry.city));
        let country = key(&entry.country);
        if let Some(code) = places.country(&entry.country).map(fold).filter(|code| *code != country) {
            document.add_text(self.country, code);
        }
        document.add_text(self.country, country);
        entry.point.cells().for_each(|cell| document.add_u64(self.cell, cell.code()));
        document.add_i64(self.day, i64::from(day.0));
        document.add_u64(self.print, entry.fingerprint());
        document.add_u64(self.starts_at, entry.starts_at);
        document.add_u64(self.month, day.month());
        entry.prices.iter().for_each(|price| document.add_i64(self.prices, *price));
        document.add_i64(self.price_from, entry.prices.iter().min().copied().unwrap_or(0));
        document.add_u64(self.point, entry.point.packed());
        document.add_u64(self.name_words, terms.name_words);
        document.add_u64(self.cancelled, u64::from(entry.cancelled));
        document.add_text(self.kind_name, &entry.kind);
        document.add_text(self.city_name, &entry.city);
        document.add_text(self.title, fold(&entry.name));
        document
    }
}

/// Its words as [`Terms::written`] has them.
fn place_words(entry: &Entry) -> String {
    let mut text = String::new();
    for part in [&entry.venue, &entry.address, &entry.city, &entry.country] {
        for piece in pieces(&fold(part)) {
            let mut write = |word: &str| {
                text.push_str(word);
                text.push_str("1 ");
            };
            match piece {
                Piece::Word(word) => write(&word),
                Piece::Run(run) => pairs(&run).for_each(|pair| write(&pair)),
            }
        }
    }
    text
}
