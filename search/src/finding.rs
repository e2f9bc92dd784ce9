//! A search, from a query to events in order.
//!
//! Owns the ranking. By relevance: the event of exactly that name; one on whose stage somebody of exactly that name is; then
//! by how well the words fit, where they stand, and how much of the name they are. Scores are whole numbers of the event
//! and the query alone, so that every node has the same order, however its index is cut into segments.

use crate::asked::Asked;
use crate::bits::Bits;
use crate::facets::Counting;
use crate::filter::{Filter, within};
use crate::gazetteer::Gazetteer;
use crate::geo::{Circle, Point};
use crate::query::{Found, Query, Sort};
use crate::tally::{Scratch, Tally};
use crate::top::Top;
use crate::variants::BEST_WORTH;
use crate::view::View;

const EXACT_NAME: u64 = 20_000;
const EXACT_PERFORMER: u64 = 10_000;
const FIT: u64 = 1_000;
const COVERAGE: u64 = 200;
const BEST: u64 = 100_000;

/// The nearest of more events than this are looked for in growing circles.
const MANY: usize = 20_000;
const FIRST_RING_KM: f64 = 25.0;
const RING_GROWTH: f64 = 4.0;
/// Half way around the globe.
const FARTHEST_KM: f64 = 20_100.0;

/// A search under way.
pub(crate) struct Search<'a> {
    query: &'a Query,
    asked: Asked,
    filter: Filter,
    now: u64,
}

/// What a segment has.
enum Hits {
    Scored(Vec<(u32, u64)>),
    Plain(Bits),
}

impl<'a> Search<'a> {
    pub(crate) fn new(query: &'a Query, places: &Gazetteer, now: u64) -> Self {
        Self { query, asked: Asked::read(&query.keyword), filter: Filter::new(query, places), now }
    }

    pub(crate) fn run<'v>(
        &self,
        views: impl Iterator<Item = &'v View> + Clone,
        scratch: &mut Scratch,
    ) -> tantivy::Result<Found> {
        let mut hits = self.hits(views.clone(), scratch, false)?;
        if !self.asked.is_empty() && self.asked.has_leeway() && hits.iter().all(|hits| hits.len() == 0) {
            hits = self.hits(views.clone(), scratch, true)?;
        }
        let keep = self.query.skip.saturating_add(self.query.take);
        let total: usize = hits.iter().map(Hits::len).sum();
        let mut top = Top::new(keep.min(total));
        let mut counting = self.query.facets.then(Counting::default);
        for (view, hits) in views.zip(&hits) {
            top.join(self.top(view, hits, keep.min(total))?);
            match (&mut counting, hits) {
                (None, _) => {}
                (Some(counting), Hits::Plain(bits)) => counting.add(view, || bits.iter())?,
                (Some(counting), Hits::Scored(scored)) => {
                    counting.add(view, || scored.iter().map(|(doc, _)| *doc))?;
                }
            }
        }
        let ranks = top.sorted();
        let numbers = ranks.into_iter().skip(self.query.skip).map(|(_, _, number)| number).collect();
        Ok(Found { numbers, total: total as u64, facets: counting.map(Counting::told) })
    }

    fn hits<'v>(
        &self,
        views: impl Iterator<Item = &'v View>,
        scratch: &mut Scratch,
        relaxed: bool,
    ) -> tantivy::Result<Vec<Hits>> {
        views.map(|view| self.hits_of(view, scratch, relaxed)).collect()
    }

    fn hits_of(&self, view: &View, scratch: &mut Scratch, relaxed: bool) -> tantivy::Result<Hits> {
        let mut allowed = self.filter.allowed(view, self.now)?;
        if self.asked.is_empty() {
            if self.filter.has_more() {
                allowed.retain(|doc| self.filter.fits(view, doc));
            }
            return Ok(Hits::Plain(allowed));
        }
        let named = self.named(view, view.fields.name, &allowed)?;
        let performed = self.named(view, view.fields.performer_name, &allowed)?;
        let tallied = if self.asked.parts.is_empty() {
            named.iter().map(|doc| (*doc, Tally::default())).collect()
        } else if relaxed {
            scratch.most(view, &self.asked, &allowed)?
        } else {
            scratch.all(view, &self.asked, &allowed)?
        };
        let weight = self.asked.weight();
        let fitting =
            tallied.into_iter().filter(|(doc, _)| !self.filter.has_more() || self.filter.fits(view, *doc));
        let scored = fitting.map(|(doc, tally)| {
            let bonus = if named.binary_search(&doc).is_ok() {
                EXACT_NAME
            } else if performed.binary_search(&doc).is_ok() {
                EXACT_PERFORMER
            } else {
                0
            };
            (doc, bonus + score(&tally, weight, view.name_words.get_val(doc)))
        });
        Ok(Hits::Scored(scored.collect()))
    }

    /// What of `allowed` has all of the query as a name, in order.
    fn named(&self, view: &View, field: tantivy::schema::Field, allowed: &Bits) -> tantivy::Result<Vec<u32>> {
        view.documents_with(field, &self.asked.whole, |doc| allowed.contains(doc))
    }

    /// The first `keep` of `hits`.
    fn top(&self, view: &View, hits: &Hits, keep: usize) -> tantivy::Result<Top> {
        let mut top = Top::new(keep);
        if keep == 0 {
            return Ok(top);
        }
        let center = self.query.near.map(|(center, _)| center);
        if let (Sort::Distance, Some(center), Hits::Plain(bits)) = (self.query.sort, center, hits)
            && let Some(near) = nearest(view, center, bits, keep)?
        {
            near.iter().for_each(|doc| self.rank(view, doc, 0, &mut top));
            return Ok(top);
        }
        match hits {
            Hits::Plain(bits) => bits.iter().for_each(|doc| self.rank(view, doc, 0, &mut top)),
            Hits::Scored(scored) => {
                scored.iter().for_each(|(doc, score)| self.rank(view, *doc, *score, &mut top));
            }
        }
        Ok(top)
    }

    fn rank(&self, view: &View, doc: u32, score: u64, top: &mut Top) {
        let first = match (self.query.sort, self.query.near) {
            (Sort::Relevance, _) => BEST - score,
            (Sort::Price, _) => view.price_from.get_val(doc).max(0) as u64,
            (Sort::Distance, Some((center, _))) => metres(center, view.point(doc)),
            (Sort::Date | Sort::Distance, _) => 0,
        };
        top.add(first, || (view.starts_at.get_val(doc), view.number.get_val(doc)));
    }
}

/// Metres, so that what is as far comes in the order of time.
pub(crate) fn metres(center: Point, point: Point) -> u64 {
    (center.distance_km(point) * 1000.0).round() as u64
}

/// How well a document fits.
fn score(tally: &Tally, weight: u32, name_words: u64) -> u64 {
    let fit = u64::from(tally.worth) * FIT / u64::from(weight * BEST_WORTH);
    let covered = u64::from(tally.in_name).min(name_words) * COVERAGE;
    fit + covered.checked_div(name_words).unwrap_or(0)
}

/// Of very many: those of a circle that has at least `keep` of them.
fn nearest(view: &View, center: Point, bits: &Bits, keep: usize) -> tantivy::Result<Option<Bits>> {
    if bits.len() <= MANY.max(keep) {
        return Ok(None);
    }
    let mut radius_km = FIRST_RING_KM;
    while radius_km < FARTHEST_KM {
        let near = within(view, &Circle { center, radius_km }, bits)?;
        if near.len() >= keep {
            return Ok(Some(near));
        }
        radius_km *= RING_GROWTH;
    }
    Ok(None)
}

impl Hits {
    fn len(&self) -> usize {
        match self {
            Self::Scored(scored) => scored.len(),
            Self::Plain(bits) => bits.len(),
        }
    }
}
