//! ⑧ Finding events: by words, place, date and price.
//!
//! Owns what a query means, the index that answers it, and the order of what is found. Knows neither HTTP nor the cluster:
//! whoever has events puts them in by [`Writer`], in one thread, and any other searches by [`Searcher`].
//!
//! The words of a query are looked up, each with what it may be mistyped from (`variants`), in tantivy's dictionaries;
//! `tally` adds up the posting lists, `filter` says what is looked at at all, `finding` ranks.

mod asked;
mod bits;
mod entry;
mod facets;
mod filter;
mod finding;
mod fold;
mod gazetteer;
mod geo;
mod index;
mod near;
mod query;
mod schema;
mod searcher;
mod tally;
mod terms;
mod title;
mod tokenizer;
mod tokens;
mod top;
mod unsynced;
mod variants;
mod view;
mod zones;

#[cfg(test)]
mod test;

pub use entry::Entry;
pub use fold::fold;
pub use gazetteer::{BadPlaces, Gazetteer};
pub use geo::Point;
pub use index::{Opened, Writer};
pub use query::{ANY_DAY, ANY_PRICE, ANY_TIME, Facets, Found, Query, Sort};
pub use schema::VERSION;
pub use searcher::{SearchFault, Searcher};
pub use zones::Day;
