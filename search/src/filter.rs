//! What a query asks for beside its words: place, distance, type, day and price.
//!
//! What has posting lists is read from them; what has only columns is looked at for the documents that are left.

use std::ops::RangeInclusive;
use std::sync::Arc;

use tantivy::{InvertedIndexReader, Term};

use crate::bits::Bits;
use crate::fold::fold;
use crate::gazetteer::{Gazetteer, key};
use crate::geo::{Circle, Point};
use crate::near::forgiven;
use crate::query::{ANY_DAY, ANY_PRICE, ANY_TIME, Query};
use crate::tokens::{Piece, pairs, pieces};
use crate::variants::{Likeness, List, begin, get, near};
use crate::view::{View, each};
use crate::zones::Day;

/// What lies so near to a city's middle is found by its name.
const CITY_KM: f64 = 30.0;
/// So many days are looked up one by one.
const FEW_DAYS: i32 = 62;

/// What an event must fit.
pub(crate) struct Filter {
    kind: Option<String>,
    place: Option<Place>,
    circle: Option<Circle>,
    few_days: Option<RangeInclusive<Day>>,
    days: Option<RangeInclusive<i64>>,
    times: Option<RangeInclusive<u64>>,
    prices: Option<RangeInclusive<i64>>,
    all: bool,
}

/// What the name of a place may mean.
struct Place {
    cities: Vec<String>,
    country: Option<String>,
    circles: Vec<Circle>,
    words: Vec<String>,
    /// Whether there is a place of this name, so that no other one is meant.
    is_known: bool,
}

impl Filter {
    /// What `query` asks for.
    pub(crate) fn new(query: &Query, places: &Gazetteer) -> Self {
        let (first, last) = (*query.days.start(), *query.days.end());
        let some_days = query.days != ANY_DAY;
        let few = some_days && last.0.checked_sub(first.0).is_some_and(|days| days <= FEW_DAYS);
        let circle = query.near.and_then(|(center, radius)| Some(Circle { center, radius_km: radius? }));
        Self {
            kind: query.kind.as_deref().map(fold),
            place: query.location.as_deref().map(|name| Place::new(name, places)),
            circle,
            few_days: few.then_some(first..=last),
            days: (some_days && !few).then_some(i64::from(first.0)..=i64::from(last.0)),
            times: Some(query.times.clone()).filter(|times| *times != ANY_TIME),
            prices: Some(query.prices.clone()).filter(|prices| *prices != ANY_PRICE),
            all: query.all,
        }
    }

    /// The documents that fit, but for what [`Self::fits`] says.
    pub(crate) fn allowed(&self, view: &View, now: u64) -> tantivy::Result<Bits> {
        let base = if self.all { view.live() } else { view.upcoming(now) };
        let mut allowed = Bits::clone(&base);
        if let Some(kind) = &self.kind {
            allowed.keep(&view.with_text(view.fields.kind, kind)?);
        }
        if let Some(days) = &self.few_days {
            let mut bits = Bits::none(view.docs);
            for day in days.start().0..=days.end().0 {
                view.add(&Term::from_field_i64(view.fields.day, i64::from(day)), &mut bits)?;
            }
            allowed.keep(&bits);
        }
        if let Some(circle) = &self.circle {
            allowed = within(view, circle, &allowed)?;
        }
        if let Some(place) = &self.place {
            allowed = place.keep(view, &allowed)?;
        }
        Ok(allowed)
    }

    /// Whether the columns have to be looked at.
    pub(crate) fn has_more(&self) -> bool {
        self.days.is_some() || self.times.is_some() || self.prices.is_some()
    }

    /// Whether a document fits by its columns.
    pub(crate) fn fits(&self, view: &View, doc: u32) -> bool {
        self.days.as_ref().is_none_or(|days| days.contains(&view.day.get_val(doc)))
            && self.times.as_ref().is_none_or(|times| times.contains(&view.starts_at.get_val(doc)))
            && self
                .prices
                .as_ref()
                .is_none_or(|prices| view.prices.values_for_doc(doc).any(|price| prices.contains(&price)))
    }
}

/// What of `allowed` is in `circle`.
pub(crate) fn within(view: &View, circle: &Circle, allowed: &Bits) -> tantivy::Result<Bits> {
    let cover = circle.cover();
    let mut inside = Bits::none(view.docs);
    for cell in cover.inside {
        view.add(&Term::from_field_u64(view.fields.cell, cell.code()), &mut inside)?;
    }
    inside.keep(allowed);
    let mut rim = Bits::none(view.docs);
    for cell in cover.rim {
        view.add(&Term::from_field_u64(view.fields.cell, cell.code()), &mut rim)?;
    }
    rim.keep(allowed);
    rim.retain(|doc| circle.contains(view.point(doc)));
    inside.add(&rim);
    Ok(inside)
}

impl Place {
    fn new(name: &str, places: &Gazetteer) -> Self {
        let cities = places.cities(name);
        let country = places.country(name).map(fold);
        let circle = |center: Point| Circle { center, radius_km: CITY_KM };
        let mut names: Vec<String> = cities.iter().flat_map(|city| city.names.iter().cloned()).collect();
        names.push(key(name));
        names.sort_unstable();
        names.dedup();
        let words = pieces(&fold(name)).into_iter().flat_map(|piece| match piece {
            Piece::Word(word) => vec![word],
            Piece::Run(run) => pairs(&run).collect(),
        });
        Self {
            is_known: !cities.is_empty() || country.is_some(),
            circles: cities.iter().map(|city| circle(city.point)).collect(),
            cities: names,
            country,
            words: words.collect(),
        }
    }

    /// What of `allowed` is there.
    fn keep(&self, view: &View, allowed: &Bits) -> tantivy::Result<Bits> {
        let mut found = self.with_words(view, allowed)?;
        let mut named = Bits::none(view.docs);
        for city in &self.cities {
            view.add(&Term::from_field_text(view.fields.city, city), &mut named)?;
        }
        if let Some(country) = &self.country {
            view.add(&Term::from_field_text(view.fields.country, country), &mut named)?;
        }
        named.keep(allowed);
        found.add(&named);
        for circle in &self.circles {
            found.add(&within(view, circle, allowed)?);
        }
        Ok(found)
    }

    /// Venues whose name or address has all the words.
    fn with_words(&self, view: &View, allowed: &Bits) -> tantivy::Result<Bits> {
        if self.words.is_empty() {
            return Ok(Bits::none(view.docs));
        }
        let mut found = allowed.clone();
        let last = self.words.len() - 1;
        for (at, word) in self.words.iter().enumerate() {
            let mut lists = Vec::new();
            self.variants(&view.place, word, at == last, &mut lists)?;
            let mut bits = Bits::none(view.docs);
            for List { index, info, .. } in &lists {
                each(index, info, |doc| bits.insert(doc))?;
            }
            found.keep(&bits);
        }
        Ok(found)
    }

    fn variants(
        &self,
        index: &Arc<InvertedIndexReader>,
        word: &str,
        is_last: bool,
        lists: &mut Vec<List>,
    ) -> std::io::Result<()> {
        get(index, word, Likeness::Same, lists)?;
        if !self.is_known {
            if is_last {
                begin(index, word, lists)?;
            }
            if forgiven(word) > 0 {
                near(index, word, forgiven(word), lists)?;
            }
        }
        Ok(())
    }
}
