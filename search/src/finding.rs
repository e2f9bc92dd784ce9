//! A search, from a query to events in order.
//!
//! Owns the ranking. By relevance: the event of exactly that name; one on whose stage somebody of exactly that name is; one
//! whose name has every word as it is; one whose whole name is otherwise by a letter or two; then by how well the words fit,
//! where they stand, and how much of the name they are. Scores are whole numbers of the event
//! and the query alone, so that every node has the same order, however its index is cut into segments.

use crate::asked::Asked;
use crate::bits::Bits;
use crate::facets::Counting;
use crate::filter::{Filter, within};
use crate::gazetteer::Gazetteer;
use crate::geo::{Circle, Point};
use crate::query::{Found, Query, Sort};
use crate::tally::{Scratch, Tally};
use crate::title::slips;
use crate::top::{Rank, Top};
use crate::variants::BEST_WORTH;
use crate::view::View;

const EXACT_NAME: u64 = 20_000;
const EXACT_PERFORMER: u64 = 10_000;
const EVERY_WORD: u64 = 5_000;
const FIT: u64 = 1_000;
const COVERAGE: u64 = 200;
const BEST: u64 = 100_000;

/// So many of the first events are put in order by their whole names.
const NAMED: usize = 64;
/// Where no event has the words, so many of those that have the most of them in a segment are looked at by their names.
const GUESSED: usize = 256;

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

/// What an event has to have of the words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// All of them.
    All,
    /// Most of them.
    Most,
    /// A name that is all of the query but for a letter or two, in whichever words those are.
    Guess,
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
        let mut hits = self.hits(views.clone(), scratch, Mode::All)?;
        for mode in [Mode::Guess, Mode::Most] {
            if self.asked.has_leeway() && hits.iter().all(|hits| hits.len() == 0) {
                hits = self.hits(views.clone(), scratch, mode)?;
            }
        }
        let by_name = self.query.sort == Sort::Relevance && !self.asked.is_empty();
        let keep = self.query.skip.saturating_add(self.query.take).max(if by_name { NAMED } else { 0 });
        let total: usize = hits.iter().map(Hits::len).sum();
        let mut top = Top::new(keep.min(total));
        let mut counting = self.query.facets.then(Counting::default);
        for (segment, (view, hits)) in (0..).zip(views.clone().zip(&hits)) {
            top.join(self.top((segment, view), hits, keep.min(total))?);
            match (&mut counting, hits) {
                (None, _) => {}
                (Some(counting), Hits::Plain(bits)) => counting.add(view, || bits.iter())?,
                (Some(counting), Hits::Scored(scored)) => {
                    counting.add(view, || scored.iter().map(|(doc, _)| *doc))?;
                }
            }
        }
        let mut ranks = top.sorted();
        if by_name {
            let first = ranks.len().min(NAMED);
            self.put_names_first(views, &mut ranks[..first])?;
        }
        let wanted = ranks.into_iter().skip(self.query.skip).take(self.query.take);
        let numbers = wanted.map(|(_, _, number, _)| number).collect();
        Ok(Found { numbers, total: total as u64, facets: counting.map(Counting::told) })
    }

    fn hits<'v>(
        &self,
        views: impl Iterator<Item = &'v View>,
        scratch: &mut Scratch,
        mode: Mode,
    ) -> tantivy::Result<Vec<Hits>> {
        views.map(|view| self.hits_of(view, scratch, mode)).collect()
    }

    /// Puts events in order by how near the query is to their whole names; of those that are equally near it stays as it is.
    fn put_names_first<'v>(
        &self,
        views: impl Iterator<Item = &'v View>,
        ranks: &mut [Rank],
    ) -> tantivy::Result<()> {
        let views: Vec<&View> = views.collect();
        let mut keyed = Vec::with_capacity(ranks.len());
        for rank in ranks.iter() {
            let (segment, doc) = rank.3;
            let title = views[segment as usize].title(doc)?;
            keyed.push((nearness(BEST - rank.0, slips(&self.asked.typed, &title)), *rank));
        }
        keyed.sort_unstable();
        keyed.iter().zip(ranks).for_each(|((_, rank), place)| *place = *rank);
        Ok(())
    }

    fn hits_of(&self, view: &View, scratch: &mut Scratch, mode: Mode) -> tantivy::Result<Hits> {
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
        } else {
            match mode {
                Mode::All => scratch.all(view, &self.asked, &allowed)?,
                Mode::Most => scratch.most(view, &self.asked, &allowed, (self.asked.least, false))?,
                Mode::Guess => scratch.most(view, &self.asked, &allowed, (1, true))?,
            }
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
        let mut scored: Vec<(u32, u64)> = scored.collect();
        if mode == Mode::Guess {
            scored.sort_unstable_by_key(|(doc, score)| (std::cmp::Reverse(*score), *doc));
            scored.truncate(GUESSED);
            let mut known = Vec::new();
            for (doc, score) in scored {
                if slips(&self.asked.typed, &view.title(doc)?).is_some() {
                    known.push((doc, score));
                }
            }
            scored = known;
        }
        Ok(Hits::Scored(scored))
    }

    /// What of `allowed` has all of the query as a name, in order.
    fn named(&self, view: &View, field: tantivy::schema::Field, allowed: &Bits) -> tantivy::Result<Vec<u32>> {
        view.documents_with(field, &self.asked.whole, |doc| allowed.contains(doc))
    }

    /// The first `keep` of `hits`.
    fn top(&self, (segment, view): (u32, &View), hits: &Hits, keep: usize) -> tantivy::Result<Top> {
        let mut top = Top::new(keep);
        if keep == 0 {
            return Ok(top);
        }
        let center = self.query.near.map(|(center, _)| center);
        if let (Sort::Distance, Some(center), Hits::Plain(bits)) = (self.query.sort, center, hits)
            && let Some(near) = nearest(view, center, bits, keep)?
        {
            near.iter().for_each(|doc| self.rank((segment, view), doc, 0, &mut top));
            return Ok(top);
        }
        match hits {
            Hits::Plain(bits) => bits.iter().for_each(|doc| self.rank((segment, view), doc, 0, &mut top)),
            Hits::Scored(scored) => {
                scored.iter().for_each(|(doc, score)| self.rank((segment, view), *doc, *score, &mut top));
            }
        }
        Ok(top)
    }

    fn rank(&self, (segment, view): (u32, &View), doc: u32, score: u64, top: &mut Top) {
        let first = match (self.query.sort, self.query.near) {
            (Sort::Relevance, _) => BEST - score,
            (Sort::Price, _) => view.price_from.get_val(doc).max(0) as u64,
            (Sort::Distance, Some((center, _))) => metres(center, view.point(doc)),
            (Sort::Date | Sort::Distance, _) => 0,
        };
        top.add(first, || (view.starts_at.get_val(doc), view.number.get_val(doc), (segment, doc)));
    }
}

/// Metres, so that what is as far comes in the order of time.
pub(crate) fn metres(center: Point, point: Point) -> u64 {
    (center.distance_km(point) * 1000.0).round() as u64
}

/// How near an event's name is, the nearest first: by its score, and by how many letters of its whole name are otherwise.
pub(crate) fn nearness(score: u64, slips: Option<u8>) -> u8 {
    match slips {
        Some(0) => 0,
        _ if score >= EXACT_NAME => 1,
        _ if score >= EXACT_PERFORMER => 2,
        _ if score >= EVERY_WORD => 3,
        Some(slips) => 3 + slips,
        None => u8::MAX,
    }
}

/// How well a document fits.
fn score(tally: &Tally, weight: u32, name_words: u64) -> u64 {
    let fit = u64::from(tally.worth) * FIT / u64::from(weight * BEST_WORTH);
    let every_word = if fit == FIT { EVERY_WORD } else { 0 };
    let covered = u64::from(tally.in_name).min(name_words) * COVERAGE;
    every_word + fit + covered.checked_div(name_words).unwrap_or(0)
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
