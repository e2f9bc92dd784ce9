//! Real cities and invented houses for the demo's catalogue.

/// A city with shows.
pub(super) struct City {
    pub(super) name: &'static str,
    pub(super) country: &'static str,
    pub(super) lat: f64,
    pub(super) lon: f64,
    pub(super) timezone: &'static str,
    pub(super) currency: &'static str,
}

const fn city(
    name: &'static str,
    country: &'static str,
    (lat, lon): (f64, f64),
    timezone: &'static str,
    currency: &'static str,
) -> City {
    City { name, country, lat, lon, timezone, currency }
}

pub(super) const CITIES: [City; 24] = [
    city("Berlin", "DE", (52.52, 13.405), "Europe/Berlin", "EUR"),
    city("Hamburg", "DE", (53.551, 9.994), "Europe/Berlin", "EUR"),
    city("Paris", "FR", (48.857, 2.352), "Europe/Paris", "EUR"),
    city("Lyon", "FR", (45.764, 4.836), "Europe/Paris", "EUR"),
    city("Madrid", "ES", (40.417, -3.704), "Europe/Madrid", "EUR"),
    city("Barcelona", "ES", (41.385, 2.173), "Europe/Madrid", "EUR"),
    city("Milan", "IT", (45.464, 9.19), "Europe/Rome", "EUR"),
    city("Vienna", "AT", (48.208, 16.373), "Europe/Vienna", "EUR"),
    city("Amsterdam", "NL", (52.368, 4.904), "Europe/Amsterdam", "EUR"),
    city("Dublin", "IE", (53.35, -6.26), "Europe/Dublin", "EUR"),
    city("London", "GB", (51.507, -0.128), "Europe/London", "GBP"),
    city("Manchester", "GB", (53.483, -2.244), "Europe/London", "GBP"),
    city("Stockholm", "SE", (59.329, 18.069), "Europe/Stockholm", "SEK"),
    city("Warsaw", "PL", (52.23, 21.012), "Europe/Warsaw", "PLN"),
    city("New York", "US", (40.713, -74.006), "America/New_York", "USD"),
    city("Chicago", "US", (41.878, -87.63), "America/Chicago", "USD"),
    city("Los Angeles", "US", (34.052, -118.244), "America/Los_Angeles", "USD"),
    city("Toronto", "CA", (43.653, -79.383), "America/Toronto", "CAD"),
    city("Mexico City", "MX", (19.433, -99.133), "America/Mexico_City", "MXN"),
    city("São Paulo", "BR", (-23.551, -46.633), "America/Sao_Paulo", "BRL"),
    city("Tokyo", "JP", (35.69, 139.692), "Asia/Tokyo", "JPY"),
    city("Taipei", "TW", (25.033, 121.565), "Asia/Taipei", "TWD"),
    city("Sydney", "AU", (-33.869, 151.209), "Australia/Sydney", "AUD"),
    city("Cape Town", "ZA", (-33.925, 18.424), "Africa/Johannesburg", "ZAR"),
];

/// A kind of house, with the shows that it has.
pub(super) struct House {
    pub(super) names: [&'static str; 3],
    pub(super) kind: Kind,
    pub(super) shows: &'static [Show],
}

/// How large a house is.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// People stand.
    Club { capacity: u32 },
    /// A floor and two balconies.
    Theatre { rows: u32, seats: u32 },
    /// A standing floor and a ring of blocks.
    Arena { blocks: u32, rows: u32, seats: u32 },
}

#[derive(Clone, Copy)]
pub(super) enum Show {
    Concert,
    Musical,
    Comedy,
    Match,
    Classical,
}

impl Show {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Concert => "concert",
            Self::Musical => "musical",
            Self::Comedy => "comedy",
            Self::Match => "sports",
            Self::Classical => "classical",
        }
    }
}

pub(super) const HOUSES: [House; 3] = [
    House {
        names: ["Cellar Club", "Old Brewery", "Dockside"],
        kind: Kind::Club { capacity: 900 },
        shows: &[Show::Concert, Show::Comedy],
    },
    House {
        names: ["Grand Theatre", "Opera House", "Philharmonic Hall"],
        kind: Kind::Theatre { rows: 22, seats: 30 },
        shows: &[Show::Musical, Show::Classical, Show::Comedy],
    },
    House {
        names: ["Arena", "Velodrome", "Ice Palace"],
        kind: Kind::Arena { blocks: 20, rows: 22, seats: 22 },
        shows: &[Show::Concert, Show::Match, Show::Comedy],
    },
];

pub(super) const FIRST_WORDS: [&str; 24] = [
    "Velvet", "Midnight", "Paper", "Northern", "Electric", "Silent", "Golden", "Crimson", "Hollow",
    "Distant", "Glass", "Lunar", "Wild", "Copper", "Neon", "Secret", "Broken", "Ivory", "Rapid", "Lost",
    "Solar", "Marble", "Winter", "Atomic",
];

pub(super) const SECOND_WORDS: [&str; 24] = [
    "Harbour",
    "Foxes",
    "Parade",
    "Echoes",
    "Satellites",
    "Orchard",
    "Tigers",
    "Avenue",
    "Lanterns",
    "Rivers",
    "Machines",
    "Sparrows",
    "Kingdom",
    "Letters",
    "Horizon",
    "Pilots",
    "Gardens",
    "Thunder",
    "Mirrors",
    "Coast",
    "Giants",
    "Carousel",
    "Signals",
    "Comets",
];
