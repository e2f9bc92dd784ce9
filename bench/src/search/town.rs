//! A million events that nobody ever announced, the same ones for the same seed.
//!
//! Owns: made-up words, artists, cities and venues, as unevenly spread as real ones: few are everywhere, most are rare.

use crate::rng::Rng;
use search::{Entry, Point};

/// The events begin within so many days after [`START_MS`].
const DAYS: u64 = 540;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// 2027-01-01T00:00:00Z
pub const START_MS: u64 = 1_798_761_600_000;
const ZONES: [&str; 6] = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
    "America/Los_Angeles",
    "Europe/London",
    "Asia/Taipei",
];
const KINDS: [&str; 8] = ["concert", "play", "match", "festival", "comedy", "musical", "opera", "exhibition"];
const TITLES: [&str; 10] = [
    "",
    "",
    "",
    "live",
    "the tour",
    "in concert",
    "farewell tour",
    "and friends",
    "unplugged",
    "a night with",
];
const CONSONANTS: [&str; 20] =
    ["b", "br", "c", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "w"];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];
const HAN: &str = "天地人山水火風雷春夏秋冬東西南北花鳥月星光夜夢愛心音樂城海河森林龍鳳";

/// What events are made of.
pub struct Town {
    words: Vec<String>,
    artists: Vec<String>,
    cities: Vec<(String, Point, &'static str)>,
    venues: Vec<(String, usize)>,
    rng: Rng,
}

impl Town {
    /// Of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let words: Vec<String> = (0..60_000).map(|_| word(&mut rng)).collect();
        let artists = (0..80_000).map(|_| artist(&words, &mut rng)).collect();
        let cities: Vec<_> = (0..3_000)
            .map(|_| {
                let (lat, lon) = (rng.unit() * 110.0 - 50.0, rng.unit() * 360.0 - 180.0);
                (capital(&word(&mut rng)), Point::new(lat, lon), ZONES[rng.below(6) as usize])
            })
            .collect();
        let venues = (0..30_000)
            .map(|_| {
                let city = rare(3_000, &mut rng);
                let name = capital(&words[rare(words.len(), &mut rng)]);
                (
                    format!(
                        "{name} {}",
                        ["Hall", "Arena", "Theatre", "Club", "Stadium"][rng.below(5) as usize]
                    ),
                    city,
                )
            })
            .collect();
        Self { words, artists, cities, venues, rng }
    }

    /// One more event.
    pub fn event(&mut self, number: u64) -> Entry {
        let artist = self.artists[rare(self.artists.len(), &mut self.rng)].clone();
        let title = TITLES[self.rng.below(TITLES.len() as u64) as usize];
        let name = match self.rng.below(20) {
            0 => han(&mut self.rng),
            1 | 2 => format!("{} {}", capital(&self.some_word()), self.some_word()),
            _ if title.is_empty() => artist.clone(),
            _ => format!("{artist}: {title}"),
        };
        let (venue, city) = self.venues[rare(self.venues.len(), &mut self.rng)].clone();
        let (city, center, zone) = self.cities[city].clone();
        let around = |rng: &mut Rng| (rng.unit() - 0.5) * 0.2;
        let point = Point::new(center.lat() + around(&mut self.rng), center.lon() + around(&mut self.rng));
        let words = 10 + self.rng.below(30);
        let description: Vec<String> = (0..words).map(|_| self.some_word()).collect();
        let description = description.join(" ");
        let price = 1_000 + self.rng.below(20_000) as i64;
        Entry {
            number,
            name,
            description,
            kind: KINDS[rare(KINDS.len(), &mut self.rng)].to_owned(),
            performers: vec![artist],
            genres: Vec::new(),
            performer_numbers: Vec::new(),
            venue,
            address: String::new(),
            city,
            country: "Nowhere".to_owned(),
            venue_number: 0,
            point,
            zone: zone.to_owned(),
            starts_at: START_MS + self.rng.below(DAYS * DAY_MS / 900_000) * 900_000,
            prices: vec![price, price * 3],
            cancelled: false,
        }
    }

    fn some_word(&mut self) -> String {
        self.words[rare(self.words.len(), &mut self.rng)].clone()
    }
}

/// A position below `count`, the first ones far likelier than the last.
pub(super) fn rare(count: usize, rng: &mut Rng) -> usize {
    let position = (count as f64).powf(rng.unit()) - 1.0;
    (position as usize).min(count - 1)
}

fn word(rng: &mut Rng) -> String {
    let mut word = String::new();
    for _ in 0..=1 + rng.below(3) {
        word += CONSONANTS[rng.below(20) as usize];
        word += VOWELS[rng.below(8) as usize];
    }
    if rng.chance(0.4) {
        word += CONSONANTS[rng.below(20) as usize];
    }
    word
}

fn artist(words: &[String], rng: &mut Rng) -> String {
    let count = 1 + rng.below(3);
    let picked = (0..count).map(|_| capital(&words[rng.below(words.len() as u64) as usize]));
    let name: Vec<String> = picked.collect();
    if rng.chance(0.15) { format!("The {}", name.join(" ")) } else { name.join(" ") }
}

fn han(rng: &mut Rng) -> String {
    let letters: Vec<char> = HAN.chars().collect();
    (0..2 + rng.below(5)).map(|_| letters[rng.below(letters.len() as u64) as usize]).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
