//! The words of an event, each with the most telling place where it stands.
//!
//! Owns what an event is found by. Where a word stands is kept as how often it "occurs": the posting lists of the index
//! hold that number anyway, and one list a word then says all that ranking needs.

use std::collections::BTreeMap;

use crate::entry::Entry;
use crate::fold::fold;
use crate::tokens::{Piece, joined, pairs, pieces};

/// Where a word stands; the later, the more it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the description, the type or a genre.
    Description = 1,
    /// In the venue's name, its street, city or country.
    Venue = 2,
    /// In a performer's name.
    Performer = 3,
    /// In the event's name.
    Name = 4,
}

impl Place {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 4] = [Self::Description, Self::Venue, Self::Performer, Self::Name];

    /// As [`Terms::written`] kept it.
    #[must_use]
    pub(crate) fn of_frequency(frequency: u32) -> Self {
        Self::ALL[(frequency.clamp(1, 4) - 1) as usize]
    }
}

/// Words up to this long are found by their prefixes in a list of its own, as too many begin like that.
pub(crate) const SHORT_PREFIX: usize = 3;

/// What an event is found by.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Its words, and every two characters of scripts without spaces.
    pub words: BTreeMap<String, Place>,
    /// The first one, two and three letters of its words, but for the description's.
    pub starts: BTreeMap<String, Place>,
    /// What is typed for two words of a name without the space between.
    pub joined: BTreeMap<String, Place>,
    /// How many different words its name has.
    pub name_words: u64,
}

impl Terms {
    /// Of `entry`.
    #[must_use]
    pub(crate) fn of(entry: &Entry) -> Self {
        let mut terms = Self::default();
        terms.add(&entry.name, Place::Name);
        terms.name_words = terms.words.len() as u64;
        entry.performers.iter().for_each(|name| terms.add(name, Place::Performer));
        for text in [&entry.venue, &entry.address, &entry.city, &entry.country] {
            terms.add(text, Place::Venue);
        }
        entry.genres.iter().for_each(|genre| terms.add(genre, Place::Description));
        terms.add(&entry.kind, Place::Description);
        terms.add(&entry.description, Place::Description);
        terms
    }

    fn add(&mut self, text: &str, place: Place) {
        let pieces = pieces(&fold(text));
        for piece in &pieces {
            match piece {
                Piece::Word(word) => {
                    if place > Place::Description {
                        self.start(word, place);
                    }
                    put(&mut self.words, word.clone(), place);
                }
                Piece::Run(run) => {
                    run.iter().for_each(|character| put(&mut self.starts, character.to_string(), place));
                    pairs(run).for_each(|pair| put(&mut self.words, pair, place));
                }
            }
        }
        if place >= Place::Performer {
            joined(&pieces).into_iter().for_each(|word| put(&mut self.joined, word, place));
        }
    }

    fn start(&mut self, word: &str, place: Place) {
        for (end, letter) in word.char_indices().take(SHORT_PREFIX) {
            put(&mut self.starts, word[..end + letter.len_utf8()].to_owned(), place);
        }
    }

    /// `terms` as the index's tokenizer reads them: between spaces, with the place as the last character.
    #[must_use]
    pub(crate) fn written(terms: &BTreeMap<String, Place>) -> String {
        let mut text = String::new();
        for (term, place) in terms {
            text.push_str(term);
            text.push(char::from(b'0' + *place as u8));
            text.push(' ');
        }
        text
    }
}

fn put(terms: &mut BTreeMap<String, Place>, term: String, place: Place) {
    let known = terms.entry(term).or_insert(place);
    *known = place.max(*known);
}
