//! How much of a query's words each document of a segment has: goes through the posting lists word by word and keeps the score of
//! every document that is met.
//!
//! Owns the memory for that, a few bytes a document, which one search after the other uses. Hazard: what a search has
//! written must be wiped before the next one, so every document that is met is noted.

use std::io;

use tantivy::schema::IndexRecordOption;

use crate::asked::Asked;
use crate::bits::Bits;
use crate::terms::Place;
use crate::variants::{List, Variants};
use crate::view::View;

/// Lists so much longer than the documents that are left are not read but looked into.
const LOOK_RATIO: usize = 16;

/// What a document has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// What its words are worth, each by its weight.
    pub(crate) worth: u16,
    /// How many of the wanted parts it has.
    pub(crate) parts: u8,
    /// How many of all parts are in its name.
    pub(crate) in_name: u8,
}

/// The memory of a search.
#[derive(Default)]
pub(crate) struct Scratch {
    tallies: Vec<Tally>,
    /// Of the part at hand: the best of its lists.
    best: Vec<u8>,
}

impl Scratch {
    fn fit(&mut self, docs: u32) {
        let docs = docs as usize;
        if self.tallies.len() < docs {
            self.tallies.resize(docs, Tally::default());
            self.best.resize(docs, 0);
        }
    }

    /// The documents of `allowed` that have all parts.
    pub(crate) fn all(
        &mut self,
        view: &View,
        asked: &Asked,
        allowed: &Bits,
    ) -> io::Result<Vec<(u32, Tally)>> {
        self.fit(view.docs);
        let mut parts = Vec::with_capacity(asked.parts.len());
        for part in &asked.parts {
            let variants = Variants::of(view, part, false)?;
            if variants.lists.is_empty() {
                return Ok(Vec::new());
            }
            parts.push((part.weight, variants));
        }
        // The rarest first, so that the others need only be looked up.
        parts.sort_by_key(|(_, variants)| variants.postings());
        let mut met = Vec::new();
        let mut left = Vec::new();
        let mut done = Ok(());
        for (before, (weight, variants)) in parts.iter().enumerate() {
            let wanted = if before == 0 { None } else { Some((before as u8, &mut left)) };
            match self.part(&variants.lists, allowed, wanted) {
                Ok(found) => left = found,
                Err(error) => {
                    done = Err(error);
                    break;
                }
            }
            if before == 0 {
                met.clone_from(&left);
            }
            self.count(&left, *weight, 1);
            if left.is_empty() {
                break;
            }
        }
        let found = left.iter().map(|doc| (*doc, self.tallies[*doc as usize])).collect();
        self.wipe(&met);
        done.map(|()| found)
    }

    /// The documents of `allowed` that have at least as many parts; what is only like one counts too where `guessing`.
    pub(crate) fn most(
        &mut self,
        view: &View,
        asked: &Asked,
        allowed: &Bits,
        (least, guessing): (usize, bool),
    ) -> io::Result<Vec<(u32, Tally)>> {
        self.fit(view.docs);
        let mut met = Vec::new();
        let done = self.add_most(view, asked, allowed, guessing, &mut met);
        let tallies = met.iter().map(|doc| (*doc, self.tallies[*doc as usize]));
        let found = tallies.filter(|(_, tally)| usize::from(tally.parts) >= least).collect();
        self.wipe(&met);
        done.map(|()| found)
    }

    fn add_most(
        &mut self,
        view: &View,
        asked: &Asked,
        allowed: &Bits,
        guessing: bool,
        met: &mut Vec<u32>,
    ) -> io::Result<()> {
        for part in &asked.parts {
            let variants = Variants::of(view, part, true)?;
            let found = self.part(&variants.lists, allowed, None)?;
            // None of these is among those found, whose best is known already.
            let mut also = Vec::new();
            let hinted = variants.hints.iter().try_for_each(|hint| self.list(hint, allowed, &mut also));
            met.extend(
                found.iter().chain(&also).filter(|doc| self.tallies[**doc as usize] == Tally::default()),
            );
            self.count(&found, part.weight, u8::from(!part.optional));
            self.count(&also, part.weight, u8::from(guessing && !part.optional));
            hinted?;
        }
        Ok(())
    }

    /// Goes through `lists`, keeps the best of each document in `self.best`, and gives the documents. With `wanted`: only those
    /// that have so many parts.
    fn part(
        &mut self,
        lists: &[List],
        allowed: &Bits,
        wanted: Option<(u8, &mut Vec<u32>)>,
    ) -> io::Result<Vec<u32>> {
        let mut found = Vec::new();
        let done = match wanted {
            None => lists.iter().try_for_each(|list| self.list(list, allowed, &mut found)),
            Some((before, left)) => {
                left.sort_unstable();
                lists.iter().try_for_each(|list| self.look(list, before, left, &mut found))
            }
        };
        if done.is_err() {
            found.iter().for_each(|doc| self.best[*doc as usize] = 0);
        }
        done.map(|()| found)
    }

    fn list(&mut self, list: &List, allowed: &Bits, found: &mut Vec<u32>) -> io::Result<()> {
        read(list, |doc, worth| {
            if allowed.contains(doc) {
                raise(&mut self.best[doc as usize], worth, doc, found);
            }
        })
    }

    /// As [`Self::list`], for the documents that are left.
    fn look(&mut self, list: &List, before: u8, left: &[u32], found: &mut Vec<u32>) -> io::Result<()> {
        if left.len() * LOOK_RATIO > list.info.doc_freq as usize {
            return read(list, |doc, worth| {
                if self.tallies[doc as usize].parts == before {
                    raise(&mut self.best[doc as usize], worth, doc, found);
                }
            });
        }
        let worths = worths(list);
        let mut block =
            list.index.read_block_postings_from_terminfo(&list.info, IndexRecordOption::WithFreqs)?;
        for doc in left {
            let at = block.seek(*doc);
            if block.docs().get(at) == Some(doc) {
                raise(&mut self.best[*doc as usize], worth(&worths, block.freq(at)), *doc, found);
            }
        }
        Ok(())
    }

    /// Adds the best of `docs` to their tallies.
    fn count(&mut self, docs: &[u32], weight: u16, parts: u8) {
        for doc in docs {
            let best = std::mem::take(&mut self.best[*doc as usize]);
            let tally = &mut self.tallies[*doc as usize];
            tally.worth = tally.worth.saturating_add(u16::from(best >> 1).saturating_mul(weight));
            tally.parts += parts;
            tally.in_name += best & 1;
        }
    }

    fn wipe(&mut self, met: &[u32]) {
        met.iter().for_each(|doc| self.tallies[*doc as usize] = Tally::default());
    }
}

fn raise(best: &mut u8, worth: u8, doc: u32, found: &mut Vec<u32>) {
    if *best == 0 {
        found.push(doc);
    }
    *best = worth.max(*best);
}

fn worths(list: &List) -> [u8; 4] {
    Place::ALL.map(|place| list.likeness.worth(place))
}

fn worth(worths: &[u8; 4], frequency: u32) -> u8 {
    worths[Place::of_frequency(frequency) as usize - 1]
}

/// Shows every document of `list` with what that is worth.
fn read(list: &List, mut see: impl FnMut(u32, u8)) -> io::Result<()> {
    let worths = worths(list);
    let mut block = list.index.read_block_postings_from_terminfo(&list.info, IndexRecordOption::WithFreqs)?;
    while !block.docs().is_empty() {
        for (doc, frequency) in block.docs().iter().zip(block.freqs()) {
            see(*doc, worth(&worths, *frequency));
        }
        block.advance();
    }
    Ok(())
}
