//! The words of a query, and how much of them an event has to have.
//!
//! Owns what a query's words mean. First all of them are wanted. Where no event has them all, the event may lack one long word in
//! three, any short one, and of a run of characters what a typo spoils; a single word or two are never left out.

use crate::fold::fold;
use crate::near::forgiven;
use crate::tokens::{Piece, pairs, pieces, whole};

/// More words than this are not looked for.
pub(crate) const MAX_PARTS: usize = 64;
/// A word's letters count for its weight up to here.
const HEAVIEST: u16 = 8;
/// Shorter words are no reason to leave an event out.
const LONG: usize = 4;

/// One thing to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The word, or the two characters, or the only one.
    pub(crate) text: String,
    /// What it may be one half of: what is typed here with a space and written without.
    pub(crate) together: Vec<String>,
    /// Whether there may be more of the word to come.
    pub(crate) open: bool,
    /// Whether it is of a script without spaces.
    pub(crate) spaceless: bool,
    /// How many letters of it may be wrong.
    pub(crate) forgiven: u8,
    pub(crate) weight: u16,
    /// Whether an event may lack it where none has everything.
    pub(crate) optional: bool,
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) parts: Vec<Part>,
    /// All of it, folded.
    pub(crate) typed: String,
    /// All of it, as a name.
    pub(crate) whole: String,
    /// How many of the parts that are not optional an event has to have at least.
    pub(crate) least: usize,
}

impl Asked {
    pub(crate) fn read(keyword: &str) -> Self {
        let folded = fold(keyword);
        let pieces = pieces(&folded);
        let mut parts: Vec<Part> = Vec::new();
        let mut spoilt = 0;
        let last = pieces.len().saturating_sub(1);
        for (at, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Word(word) => parts.push(Part::word(word, together(&pieces, at), at == last)),
                Piece::Run(run) => {
                    let count = pairs(run).count();
                    let forgiven = if run.len() < LONG { 0 } else { 1 + usize::from(run.len() >= 8) };
                    spoilt += (2 * forgiven).min(count - 1);
                    parts.extend(pairs(run).map(|pair| Part::pair(pair, run.len() == 1)));
                }
            }
        }
        let mut known = std::collections::BTreeSet::new();
        parts.reverse();
        parts.retain(|part| known.insert(part.text.clone()));
        parts.reverse();
        parts.truncate(MAX_PARTS);
        let needed = parts.iter().filter(|part| !part.optional).count();
        let words = parts.iter().filter(|part| !part.optional && !part.spaceless).count();
        if needed == 0 {
            parts.iter_mut().for_each(|part| part.optional = false);
        }
        let needed = parts.iter().filter(|part| !part.optional).count();
        let least = needed.saturating_sub(words / 3 + spoilt).max(1);
        Self { whole: whole(&folded, &pieces), typed: folded, parts, least }
    }

    /// Whether anything at all is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    pub(crate) fn weight(&self) -> u32 {
        self.parts.iter().map(|part| u32::from(part.weight)).sum::<u32>().max(1)
    }

    /// Whether an event that lacks something may do where none has everything.
    pub(crate) fn has_leeway(&self) -> bool {
        self.parts.len() > 1
    }
}

impl Part {
    fn word(word: &str, together: Vec<String>, open: bool) -> Self {
        let letters = word.chars().count();
        Self {
            text: word.to_owned(),
            together,
            open,
            spaceless: false,
            forgiven: forgiven(word),
            weight: (letters as u16).min(HEAVIEST),
            optional: letters < LONG,
        }
    }

    fn pair(text: String, open: bool) -> Self {
        let together = Vec::new();
        Self { text, together, open, spaceless: true, forgiven: 0, weight: 3, optional: false }
    }
}

/// The word at `at` with the one before it, and with the one after it.
fn together(pieces: &[Piece], at: usize) -> Vec<String> {
    let word = |at: usize| match pieces.get(at) {
        Some(Piece::Word(word)) => Some(word.as_str()),
        _ => None,
    };
    let two = |first: usize| Some(format!("{}{}", word(first)?, word(first + 1)?));
    [at.checked_sub(1).and_then(two), two(at)].into_iter().flatten().collect()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_query_says_what_has_to_be_there() {
        let least = |keyword: &str| {
            let asked = Asked::read(keyword);
            (asked.parts.iter().filter(|part| !part.optional).count(), asked.least)
        };
        for (keyword, expected) in [
            ("", (0, 1)),
            ("cats", (1, 1)),
            ("six", (1, 1)),
            ("velvet foxes", (2, 2)),
            ("the velvet foxes", (2, 2)),
            ("velvet foxes berlin", (3, 2)),
            ("six the", (2, 2)),
            ("悲慘世界", (3, 1)),
            ("地下城", (2, 2)),
            ("the the the", (1, 1)),
        ] {
            assert_eq!(least(keyword), expected, "{keyword}");
        }
        assert_eq!(Asked::read("x ".repeat(500).as_str()).parts.len(), 1);
        let asked = Asked::read("Tay lor Swift");
        assert_eq!(asked.parts[1].together, ["taylor", "lorswift"]);
        assert!(asked.parts[2].open && !asked.parts[1].open);
    }
}
