use super::*;
use crate::{Day, Sort};

fn at(number: u64, city: &str, country: &str, (lat, lon): (f64, f64)) -> Entry {
    let (city, country) = (city.into(), country.into());
    Entry { city, country, point: Point::new(lat, lon), ..event(number, "Show") }
}

fn world() -> Stage {
    let mut entries = vec![
        at(1, "Berlin", "Germany", (52.52, 13.4)),
        at(2, "München", "DE", (48.14, 11.57)),
        at(3, "Potsdam", "Deutschland", (52.4, 13.06)),
        at(4, "Taipei", "Taiwan", (25.05, 121.55)),
        at(5, "Paris", "France", (48.86, 2.35)),
        at(6, "Springfield", "US", (39.8, -89.64)),
        at(7, "Suva", "Fiji", (-18.14, 178.44)),
        at(8, "Apia", "Samoa", (-13.83, -171.77)),
    ];
    entries[5].venue = "Berlin Music Hall".into();
    Stage::new(&entries)
}

#[test]
fn a_place_is_known_by_its_names_and_by_what_is_near() {
    let stage = world();
    for (location, found) in [
        ("Berlin", vec![1, 3, 6]),
        ("berlin, germany", vec![1, 3]),
        ("Munich", vec![2]),
        ("Muenchen", vec![2]),
        ("MÜNCHEN", vec![2]),
        ("Germany", vec![1, 2, 3]),
        ("deutschland", vec![1, 2, 3]),
        ("de", vec![1, 2, 3]),
        ("臺北", vec![4]),
        ("Parigi", vec![5]),
        ("springf", vec![6]),
        ("Sprinfield", vec![6]),
        ("Music Hall", vec![6]),
        ("Great Hall", vec![1, 2, 3, 4, 5, 7, 8]),
        ("Atlantis", vec![]),
        ("?", vec![]),
    ] {
        assert_eq!(
            stage.found(&Query { location: Some(location.into()), ..Query::default() }),
            found,
            "{location}"
        );
    }
}

#[test]
fn what_is_near_is_found_and_the_nearest_first() {
    let stage = world();
    let near = |lat, lon, radius, sort| {
        stage.found(&Query { near: Some((Point::new(lat, lon), radius)), sort, ..Query::default() })
    };
    assert_eq!(near(52.4, 13.0, Some(50.0), Sort::Relevance), [1, 3]);
    assert_eq!(near(52.4, 13.0, Some(50.0), Sort::Distance), [3, 1]);
    assert_eq!(near(52.4, 13.0, None, Sort::Distance), [3, 1, 2, 5, 6, 4, 8, 7]);
    assert_eq!(near(-16.0, 180.0, Some(1_200.0), Sort::Distance), [7, 8], "across the date line");
    assert_eq!(near(0.0, 0.0, Some(1.0), Sort::Distance), [] as [u64; 0]);
}

#[test]
fn a_day_is_one_of_the_venue() {
    // 2027-01-01T03:00:00Z, which is still New Year's Eve in New York.
    let starts_at = 1_798_772_400_000;
    let zones = ["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Nowhere/Land"];
    let entries = (1..).zip(zones).map(|(number, zone)| Entry {
        zone: zone.into(),
        starts_at,
        ..event(number, "Show")
    });
    let stage = Stage::new(&entries.collect::<Vec<_>>());
    let between = |first: &str, last: &str| {
        let days = Day::parse(first).unwrap()..=Day::parse(last).unwrap();
        stage.found(&Query { days, ..Query::default() })
    };
    assert_eq!(between("2026-12-31", "2026-12-31"), [1]);
    assert_eq!(between("2027-01-01", "2027-01-01"), [2, 3, 4]);
    assert_eq!(between("2026-12-31", "2027-01-01"), [1, 2, 3, 4]);
    assert_eq!(between("2020-01-01", "2026-12-31"), [1]);
    assert_eq!(between("2027-01-02", "2026-01-01"), [] as [u64; 0]);
    let at = |times| stage.found(&Query { times, ..Query::default() });
    assert_eq!(at(starts_at..=u64::MAX), [1, 2, 3, 4]);
    assert_eq!(at(0..=starts_at - 1), [] as [u64; 0]);
}

#[test]
fn what_is_over_or_called_off_is_left_out_unless_asked_for() {
    let mut entries = vec![event(1, "Show"), event(2, "Show"), event(3, "Show")];
    entries[0].starts_at = NOW;
    entries[1].cancelled = true;
    let stage = Stage::new(&entries);
    assert_eq!(stage.by_words("show"), [3]);
    assert_eq!(stage.found(&Query::default()), [3]);
    assert_eq!(stage.found(&Query { all: true, ..Query::default() }), [1, 2, 3]);
    let later = |now| stage.searcher.search(&Query::default(), now).unwrap().numbers;
    assert_eq!(later(NOW + 3 * DAY_MS - 1), [3]);
    assert_eq!(later(NOW + 3 * DAY_MS), [] as [u64; 0]);
    assert_eq!(later(NOW - 1), [1, 3], "a clock that went back");
}

#[test]
fn types_prices_and_what_there_is_of_each() {
    let mut entries = vec![event(1, "Show"), event(2, "Show"), event(3, "Show"), event(40, "Show")];
    entries[1].kind = "Match".into();
    entries[1].prices = vec![500, 9_000];
    entries[2].city = "Bigville".into();
    entries[2].kind = "Concert".into();
    let stage = Stage::new(&entries);
    let kind = |kind: &str| stage.found(&Query { kind: Some(kind.into()), ..Query::default() });
    assert_eq!(kind("MATCH"), [2]);
    assert_eq!(kind("mat"), [] as [u64; 0]);
    let prices = |prices| stage.found(&Query { prices, ..Query::default() });
    assert_eq!(prices(8_000..=i64::MAX), [2]);
    assert_eq!(prices(0..=999), [2]);
    assert_eq!(prices(1_001..=8_999), [] as [u64; 0]);
    assert_eq!(stage.found(&Query { sort: Sort::Price, ..Query::default() }), [2, 1, 3, 40]);
    for keyword in ["", "show"] {
        let query = Query { facets: true, keyword: keyword.into(), take: 1, ..Query::default() };
        let facets = stage.searcher.search(&query, NOW).unwrap().facets.unwrap();
        assert_eq!(facets.kinds, [("concert".into(), 3), ("Match".into(), 1)]);
        assert_eq!(facets.cities, [("Smallville".into(), 3), ("Bigville".into(), 1)]);
        assert_eq!(facets.months, [("2001-09".into(), 3), ("2001-10".into(), 1)]);
    }
}

#[test]
fn pages_do_not_overlap() {
    let entries: Vec<Entry> =
        (1..=50).map(|number| Entry { starts_at: NOW + 1, ..event(number, "Show") }).collect();
    let stage = Stage::new(&entries);
    for keyword in ["", "show"] {
        let page = |skip| {
            let query = Query { keyword: keyword.into(), skip, take: 7, ..Query::default() };
            stage.searcher.search(&query, NOW).unwrap()
        };
        let all: Vec<u64> = (0..8).flat_map(|number| page(number * 7).numbers).collect();
        assert_eq!(all, (1..=50).collect::<Vec<_>>());
        assert_eq!((page(70).numbers.len(), page(usize::MAX).total), (0, 50));
    }
}
