//! What places are called: cities by all of their names, and countries.
//!
//! Owns a small table of large and much-toured cities, which a file of the operator's can add to. Where an event is says
//! its venue; this only helps to find the place that somebody names.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Read;

use crate::fold::fold;
use crate::geo::Point;
use crate::tokens::{pieces, whole};

/// `name;country;lat;lon;population in thousands;other names, comma-separated`
const CITIES: &str = include_str!("cities.csv");
/// `code;names, comma-separated`
const COUNTRIES: &str = include_str!("countries.csv");
/// Of one name, the largest ones.
const HOMONYMS: usize = 8;
/// Lines of a file that are read; more are another file's mistake.
const MOST_LINES: usize = 1_000_000;

/// A city.
#[derive(Debug, Clone, PartialEq)]
pub struct City {
    /// All of its names, folded.
    pub names: Vec<String>,
    /// Its country's code, in capitals.
    pub country: String,
    /// Its middle.
    pub point: Point,
    population: u64,
}

/// What places are called.
#[derive(Debug, Default)]
pub struct Gazetteer {
    cities: Vec<City>,
    by_name: BTreeMap<String, Vec<usize>>,
    countries: BTreeMap<String, String>,
}

/// Why a file of places cannot be read.
#[derive(Debug)]
pub struct BadPlaces(String);

impl Display for BadPlaces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadPlaces {}

impl Gazetteer {
    /// The built-in places.
    #[must_use]
    pub fn built_in() -> Self {
        let mut places = Self::default();
        for line in COUNTRIES.lines() {
            let (code, names) = line.split_once(';').unwrap_or((line, ""));
            for name in names.split(',').chain([code]) {
                places.countries.insert(key(name), code.to_owned());
            }
        }
        for line in CITIES.lines() {
            let fields: Vec<&str> = line.split(';').collect();
            let [name, country, lat, lon, thousands, others] = fields[..] else { continue };
            let names = others.split(',').chain([name]);
            let number = |text: &str| text.parse().unwrap_or(0.0);
            let population = thousands.parse::<u64>().unwrap_or(0) * 1000;
            places.add(names, country, Point::new(number(lat), number(lon)), population);
        }
        places
    }

    /// And those of a CSV with the columns `name`, `lat`, `lon`, `country`, and if there are any `population` and
    /// `alternate_names`, of which there are several between `|`. Gives how many there were.
    ///
    /// # Errors
    /// [`BadPlaces`] says which line is wrong.
    pub fn read(&mut self, csv: impl Read) -> Result<usize, BadPlaces> {
        let mut reader = csv::Reader::from_reader(csv);
        let headers = reader.headers().map_err(|error| BadPlaces(error.to_string()))?.clone();
        let column = |name: &str| headers.iter().position(|header| header.trim() == name);
        let needed = |name: &str| column(name).ok_or_else(|| BadPlaces(format!("it has no column {name}")));
        let (name, country) = (needed("name")?, needed("country")?);
        let (lat, lon) = (needed("lat")?, needed("lon")?);
        let (population, others) = (column("population"), column("alternate_names"));
        let mut count = 0;
        for record in reader.records().take(MOST_LINES) {
            let record = record.map_err(|error| BadPlaces(error.to_string()))?;
            let line = record.position().map_or(0, csv::Position::line);
            let text =
                |column: Option<usize>| column.and_then(|column| record.get(column)).unwrap_or_default();
            let degrees = |column, most: f64| {
                let degrees = text(Some(column)).trim().parse::<f64>().ok().filter(|it| it.abs() <= most);
                degrees.ok_or_else(|| BadPlaces(format!("line {line}: lat and lon must be degrees")))
            };
            let point = Point::new(degrees(lat, 90.0)?, degrees(lon, 180.0)?);
            let names = text(others).split('|').chain([text(Some(name))]);
            let people = text(population).trim().parse().unwrap_or(0);
            self.add(names, text(Some(country)).trim(), point, people);
            count += 1;
        }
        Ok(count)
    }

    /// The cities that `text` may mean, the largest first: by name, or by name and country as in "Paris, France".
    #[must_use]
    pub fn cities(&self, text: &str) -> Vec<&City> {
        let (name, country) = match text.rsplit_once(',') {
            Some((name, country)) => (name, self.country(country)),
            None => (text, None),
        };
        let known = self.by_name.get(&key(name)).into_iter().flatten().map(|at| &self.cities[*at]);
        let mut found: Vec<&City> =
            known.filter(|city| country.is_none_or(|country| city.country == country)).collect();
        found.sort_by_key(|city| std::cmp::Reverse(city.population));
        found.truncate(HOMONYMS);
        found
    }

    /// The code of the country that `text` names, by a name or by its code.
    #[must_use]
    pub fn country(&self, text: &str) -> Option<&str> {
        self.countries.get(&key(text)).map(String::as_str)
    }

    fn add<'a>(
        &mut self,
        names: impl Iterator<Item = &'a str>,
        country: &str,
        point: Point,
        population: u64,
    ) {
        let mut keys: Vec<String> = names.map(key).filter(|name| name.chars().count() > 1).collect();
        keys.sort_unstable();
        keys.dedup();
        for name in &keys {
            self.by_name.entry(name.clone()).or_default().push(self.cities.len());
        }
        let country = self.country(country).map_or_else(|| country.to_uppercase(), str::to_owned);
        self.cities.push(City { names: keys, country, point, population });
    }
}

/// How a name is looked up.
pub(crate) fn key(name: &str) -> String {
    let folded = fold(name);
    whole(&folded, &pieces(&folded))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_built_in_place_can_be_read() {
        let places = Gazetteer::built_in();
        assert_eq!(places.cities.len(), CITIES.lines().count());
        assert!(places.cities.len() >= 200, "{}", places.cities.len());
        for city in &places.cities {
            assert!(places.countries.values().any(|code| *code == city.country), "{city:?}");
            assert!(city.point != Point::new(0.0, 0.0) && city.population > 0, "{city:?}");
        }
    }

    #[test]
    fn a_place_is_known_by_all_of_its_names() {
        let places = Gazetteer::built_in();
        for (name, country) in [
            ("Munich", "DE"),
            ("münchen", "DE"),
            ("Muenchen", "DE"),
            ("Köln", "DE"),
            ("東京", "JP"),
            ("臺北", "TW"),
            ("台北", "TW"),
            ("NYC", "US"),
            ("St. Petersburg", "RU"),
            ("Paris, France", "FR"),
        ] {
            assert_eq!(
                places.cities(name).first().map(|city| city.country.as_str()),
                Some(country),
                "{name}"
            );
        }
        assert!(places.cities("Paris, Germany").is_empty());
        assert!(places.cities("Atlantis").is_empty());
        for (name, code) in
            [("Deutschland", "DE"), ("germany", "DE"), ("us", "US"), ("U.S.A.", "US"), ("臺灣", "TW")]
        {
            assert_eq!(places.country(name), Some(code), "{name}");
        }
    }

    #[test]
    fn a_file_adds_places_or_says_what_is_wrong() {
        let mut places = Gazetteer::built_in();
        let file = "name,lat,lon,country,population,alternate_names\nEmerald City,1.5,2.5,OZ,90000,Smaragdenstadt|翡翠城\n";
        assert_eq!(places.read(file.as_bytes()).unwrap(), 1);
        assert_eq!(places.cities("smaragdenstadt")[0].point, Point::new(1.5, 2.5));
        for bad in [
            "name,lat\n",
            "name,lat,lon,country\nX,north,2,OZ\n",
            "name,lat,lon,country\nX,91,2,OZ\n",
            "a,b\n\"x\n",
        ] {
            assert!(places.read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
