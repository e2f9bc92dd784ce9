//! How many events there are of each type, city and month.

use std::collections::BTreeMap;

use tantivy::columnar::StrColumn;

use crate::fold::fold;
use crate::query::Facets;
use crate::view::View;
use crate::zones::month_name;

/// So many types and cities are told, and months.
const MOST: usize = 50;

/// Counts over all segments.
#[derive(Default)]
pub(crate) struct Counting {
    kinds: Names,
    cities: Names,
    months: BTreeMap<u64, u64>,
}

/// By the folded name: how it is written most often, how often that is, and how many there are.
#[derive(Default)]
struct Names(BTreeMap<String, (String, u64, u64)>);

impl Counting {
    /// Counts `docs` of a segment.
    pub(crate) fn add<D: Iterator<Item = u32>>(
        &mut self,
        view: &View,
        docs: impl Fn() -> D,
    ) -> tantivy::Result<()> {
        self.kinds.add(view.kind_name.as_ref(), docs())?;
        self.cities.add(view.city_name.as_ref(), docs())?;
        let (first, last) = (view.month.min_value(), view.month.max_value());
        let mut months = vec![0_u64; (last.saturating_sub(first) as usize).min(0xFFFF) + 1];
        for doc in docs() {
            let month = (view.month.get_val(doc).saturating_sub(first) as usize).min(months.len() - 1);
            months[month] += 1;
        }
        for (month, count) in months.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            *self.months.entry(first + month as u64).or_default() += count;
        }
        Ok(())
    }

    /// What was counted.
    pub(crate) fn told(self) -> Facets {
        let months = self.months.into_iter().take(MOST);
        Facets {
            kinds: self.kinds.told(),
            cities: self.cities.told(),
            months: months.map(|(month, count)| (month_name(month), count)).collect(),
        }
    }
}

impl Names {
    fn add(&mut self, column: Option<&StrColumn>, docs: impl Iterator<Item = u32>) -> tantivy::Result<()> {
        let Some(column) = column else { return Ok(()) };
        let mut counts = vec![0_u64; column.dictionary().num_terms()];
        let ords = column.ords();
        for doc in docs {
            if let Some(count) = ords.first(doc).and_then(|ord| counts.get_mut(ord as usize)) {
                *count += 1;
            }
        }
        let mut name = String::new();
        for (ord, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            name.clear();
            column.ord_to_str(ord as u64, &mut name)?;
            self.count(&name, count);
        }
        Ok(())
    }

    fn count(&mut self, name: &str, count: u64) {
        let known = self.0.entry(fold(name)).or_default();
        known.2 += count;
        if count > known.1 {
            (known.0, known.1) = (name.to_owned(), count);
        }
    }

    fn told(self) -> Vec<(String, u64)> {
        let mut told: Vec<(String, u64)> =
            self.0.into_values().map(|(name, _, count)| (name, count)).collect();
        told.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        told.truncate(MOST);
        told
    }
}
