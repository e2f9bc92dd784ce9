//! What an import did, for people.

use std::collections::BTreeMap;
use std::fmt;

/// So many ids are named of those that something happened to.
const NAMED: usize = 5;

/// How many there are of a kind of entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) added: usize,
    pub(super) known: usize,
    pub(super) refused: usize,
}

#[derive(Debug, Default)]
struct Named {
    count: usize,
    first: Vec<String>,
}

/// What came of everything so far.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) venues: Count,
    pub(super) performers: Count,
    pub(super) events: Count,
    skipped: BTreeMap<String, Named>,
    notes: BTreeMap<String, Named>,
}

impl Named {
    fn add(&mut self, id: &str) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(id.to_owned());
        }
    }
}

impl Report {
    /// An event or a line that is not there now, and why.
    pub(super) fn skip(&mut self, why: &str, id: &str) {
        self.skipped.entry(why.to_owned()).or_default().add(id);
    }

    /// Something that whoever reads this wants to know.
    pub(super) fn note(&mut self, what: &str, id: &str) {
        self.notes.entry(what.to_owned()).or_default().add(id);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, count) in
            [("events", self.events), ("venues", self.venues), ("performers", self.performers)]
        {
            writeln!(
                f,
                "{what}: {} added, {} there before, {} refused",
                count.added, count.known, count.refused
            )?;
        }
        let skipped: usize = self.skipped.values().map(|named| named.count).sum();
        writeln!(f, "skipped: {skipped}")?;
        for (why, named) in self.skipped.iter().chain(&self.notes) {
            let more = if named.count > named.first.len() { ", ..." } else { "" };
            writeln!(f, "  {} {why}: {}{more}", named.count, named.first.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn it_counts_everything_and_names_a_few() {
        let mut report = Report { events: Count { added: 3, known: 1, refused: 0 }, ..Report::default() };
        (0..7).for_each(|at| report.skip("is cancelled", &format!("E{at}")));
        report.note("have no priceRanges", "E9");
        let expected = "events: 3 added, 1 there before, 0 refused\nvenues: 0 added, 0 there before, 0 refused\n\
            performers: 0 added, 0 there before, 0 refused\nskipped: 7\n\
            \x20 7 is cancelled: E0, E1, E2, E3, E4, ...\n  1 have no priceRanges: E9\n";
        assert_eq!(report.to_string(), expected);
    }
}
