//! Which words somebody may have meant: those that begin alike and differ by a letter or two.
//!
//! Owns how far a word may be off: not at all below four letters or with a digit, by one letter below eight, else by two. Two
//! neighbours that are swapped count as one. The first letter has to be right.

use std::sync::LazyLock;

use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};
use tantivy_fst::Automaton;

/// How many letters of `word` may be wrong.
#[must_use]
pub(crate) fn forgiven(word: &str) -> u8 {
    if word.chars().any(char::is_numeric) {
        return 0;
    }
    match word.chars().count() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// Accepts the words that begin with the same letter and are no further off than it may be.
pub(crate) struct Near {
    first: Vec<u8>,
    rest: DFA,
}

/// How far it has read.
#[derive(Clone, Copy)]
pub(crate) enum Read {
    /// So many bytes of the first letter.
    First(usize),
    /// The first letter, and the rest to this state.
    Rest(u32),
    /// Something else.
    Else,
}

impl Near {
    /// To `word`, by at most `distance`, which is 1 or 2.
    pub(crate) fn new(word: &str, distance: u8) -> Option<Self> {
        static ONE: LazyLock<LevenshteinAutomatonBuilder> =
            LazyLock::new(|| LevenshteinAutomatonBuilder::new(1, true));
        static TWO: LazyLock<LevenshteinAutomatonBuilder> =
            LazyLock::new(|| LevenshteinAutomatonBuilder::new(2, true));
        let first = word.chars().next()?;
        let builder = if distance < 2 { &*ONE } else { &*TWO };
        let rest = builder.build_dfa(&word[first.len_utf8()..]);
        Some(Self { first: word.as_bytes()[..first.len_utf8()].to_vec(), rest })
    }

    /// How far `term`, which it has accepted, is from the word.
    pub(crate) fn distance(&self, term: &[u8]) -> u8 {
        self.rest.eval(term.get(self.first.len()..).unwrap_or_default()).to_u8()
    }
}

impl Automaton for Near {
    type State = Read;

    fn start(&self) -> Read {
        Read::First(0)
    }

    fn is_match(&self, state: &Read) -> bool {
        matches!(state, Read::Rest(state) if matches!(self.rest.distance(*state), Distance::Exact(_)))
    }

    fn can_match(&self, state: &Read) -> bool {
        !matches!(state, Read::Else | Read::Rest(SINK_STATE))
    }

    fn accept(&self, state: &Read, byte: u8) -> Read {
        match *state {
            Read::First(read) if self.first[read] == byte && read + 1 == self.first.len() => {
                Read::Rest(self.rest.initial_state())
            }
            Read::First(read) if self.first[read] == byte => Read::First(read + 1),
            Read::Rest(state) => Read::Rest(self.rest.transition(state, byte)),
            Read::First(_) | Read::Else => Read::Else,
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn accepts(word: &str, term: &str) -> Option<u8> {
        let near = Near::new(word, forgiven(word).max(1)).unwrap();
        let end = term.bytes().fold(near.start(), |state, byte| near.accept(&state, byte));
        near.is_match(&end).then(|| near.distance(term.as_bytes()))
    }

    #[test]
    fn a_word_may_be_off_by_its_length() {
        for (word, distance) in
            [("", 0), ("the", 0), ("rock", 1), ("hadestown", 2), ("wickeds", 1), ("1984", 0)]
        {
            assert_eq!(forgiven(word), distance, "{word}");
        }
        for (word, term, off) in [
            ("tayler", "taylor", Some(1)),
            ("tyalor", "taylor", Some(1)),
            ("atylor", "taylor", None),
            ("aylor", "taylor", None),
            ("xtaylor", "taylor", None),
            ("hamlton", "hamilton", Some(1)),
            ("hamiltno", "hamilton", Some(1)),
            ("hmailtno", "hamilton", Some(2)),
            ("hmltonxx", "hamilton", None),
            ("éclait", "éclair", Some(1)),
            ("rock", "rock", Some(0)),
            ("rock", "rocks", Some(1)),
            ("rock", "lock", None),
        ] {
            assert_eq!(accepts(word, term), off, "{word} {term}");
        }
    }
}
