//! The posting lists of a segment in which one word of a query may be found: the word itself, what it may be the beginning
//! of, and what it may have been before somebody mistyped it.

use std::io;
use std::sync::Arc;

use tantivy::InvertedIndexReader;
use tantivy::postings::TermInfo;
use tantivy::termdict::TermDictionary;

use crate::asked::Part;
use crate::near::Near;
use crate::terms::{Place, SHORT_PREFIX};
use crate::view::View;

/// Of words that begin alike or are alike, so many are looked for.
const MOST_WORDS: usize = 2_048;
/// A single character of a script without spaces is the beginning of more pairs than that, and is found by a list of its own.
const LONGEST_SHORT: usize = SHORT_PREFIX;

/// How a word of an event is like the one that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// It is the same.
    Same,
    /// The same, but for a space.
    Spaced,
    /// It begins like that.
    Begins,
    /// One letter is otherwise.
    OneOff,
    /// Two letters are.
    TwoOff,
}

impl Likeness {
    /// What a word of this likeness that stands at `place` is worth; odd where it is in the event's name.
    pub(crate) fn worth(self, place: Place) -> u8 {
        let place_worth: u32 = match place {
            Place::Name => 120,
            Place::Performer => 100,
            Place::Venue => 60,
            Place::Description => 30,
        };
        let percent = match self {
            Self::Same => 100,
            Self::Spaced => 95,
            Self::Begins => 85,
            Self::OneOff => 75,
            Self::TwoOff => 60,
        };
        (place_worth * percent / 100) as u8 * 2 + u8::from(place == Place::Name)
    }

    fn of_distance(distance: u8) -> Self {
        match distance {
            0 => Self::Same,
            1 => Self::OneOff,
            _ => Self::TwoOff,
        }
    }
}

/// The most that a word can be worth, without whether it is in the name.
pub(crate) const BEST_WORTH: u32 = 120;

/// A posting list.
pub(crate) struct List {
    pub(crate) index: Arc<InvertedIndexReader>,
    pub(crate) info: TermInfo,
    pub(crate) likeness: Likeness,
}

/// Where a part may be found.
#[derive(Default)]
pub(crate) struct Variants {
    /// What counts as finding it.
    pub(crate) lists: Vec<List>,
    /// What only speaks for an event that has the rest.
    pub(crate) hints: Vec<List>,
}

impl Variants {
    /// Of `part`; with `hints` where no event has everything.
    pub(crate) fn of(view: &View, part: &Part, with_hints: bool) -> io::Result<Self> {
        let mut found = Self::default();
        let lists = &mut found.lists;
        get(&view.words, &part.text, Likeness::Same, lists)?;
        if part.spaceless {
            if part.open {
                get(&view.starts, &part.text, Likeness::Begins, lists)?;
            }
            return Ok(found);
        }
        get(&view.joined, &part.text, Likeness::Spaced, lists)?;
        for together in &part.together {
            get(&view.words, together, Likeness::Spaced, lists)?;
        }
        if part.open {
            if part.text.chars().count() <= LONGEST_SHORT {
                get(&view.starts, &part.text, Likeness::Begins, lists)?;
            } else {
                begin(&view.words, &part.text, lists)?;
            }
        }
        if part.forgiven > 0 {
            near(&view.words, &part.text, part.forgiven, lists)?;
        }
        if with_hints {
            found.hint(view, part)?;
        }
        Ok(found)
    }

    /// One letter more than is forgiven, and what was typed without a space with a typo.
    fn hint(&mut self, view: &View, part: &Part) -> io::Result<()> {
        let hints = &mut self.hints;
        if part.text.chars().count() < 2 || part.text.chars().any(char::is_numeric) {
            return Ok(());
        }
        near(&view.words, &part.text, (part.forgiven + 1).min(2), hints)?;
        near(&view.joined, &part.text, part.forgiven.max(1), hints)?;
        for together in &part.together {
            near(&view.words, together, 1, hints)?;
        }
        Ok(())
    }

    /// How many documents its lists have together.
    pub(crate) fn postings(&self) -> u64 {
        self.lists.iter().map(|list| u64::from(list.info.doc_freq)).sum()
    }
}

/// The dictionary of words that `text` begins.
pub(crate) fn begin(index: &Arc<InvertedIndexReader>, text: &str, lists: &mut Vec<List>) -> io::Result<()> {
    let mut stream = index.terms().range().gt(text).into_stream()?;
    let mut left = MOST_WORDS;
    while stream.advance() && stream.key().starts_with(text.as_bytes()) && left > 0 {
        left -= 1;
        lists.push(List { index: index.clone(), info: stream.value().clone(), likeness: Likeness::Begins });
    }
    Ok(())
}

/// The words that are no further from `text` than `distance`, but for itself.
pub(crate) fn near(
    index: &Arc<InvertedIndexReader>,
    text: &str,
    distance: u8,
    lists: &mut Vec<List>,
) -> io::Result<()> {
    let Some(near) = Near::new(text, distance) else { return Ok(()) };
    let terms: &TermDictionary = index.terms();
    let mut stream = terms.search(&near).into_stream()?;
    let mut left = MOST_WORDS;
    while stream.advance() && left > 0 {
        let off = near.distance(stream.key());
        if off > 0 {
            left -= 1;
            let likeness = Likeness::of_distance(off);
            lists.push(List { index: index.clone(), info: stream.value().clone(), likeness });
        }
    }
    Ok(())
}

/// The word itself.
pub(crate) fn get(
    index: &Arc<InvertedIndexReader>,
    text: &str,
    likeness: Likeness,
    lists: &mut Vec<List>,
) -> io::Result<()> {
    if let Some(info) = index.terms().get(text)? {
        lists.push(List { index: index.clone(), info, likeness });
    }
    Ok(())
}
