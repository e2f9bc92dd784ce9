use super::import;
use crate::plan::{SeatMap, Seats};
use crate::trace::behaviour::Behaviour;
use crate::trace::{Ending, Preference};

const HEADER: &str = "order_no,sold_at_local,section,row,seat,price_twd,standing_floor\n";
const LOG: &str = "\
7,2010-09-18T13:18:55,A,9,24,3500,0
7,2010-09-18T13:18:55,A,9,25,3500,0
8,2010-09-18T13:18:57,Pit,,,4000,1
8,2010-09-18T13:18:57,Pit,,,4000,1
9,2010-09-18T13:19:00,B,1,1,800.5,0
9,2010-09-18T13:19:00,B,2,1,1800,0
";

#[test]
fn orders_become_a_map_of_what_was_sold_and_sessions_that_want_it() {
    let log = format!("{HEADER}{LOG}");
    let imported = import(log.as_bytes(), "arena", 0, &Behaviour::default(), 1).unwrap();
    let map: SeatMap = serde_json::from_value(imported.plan.seat_map.clone()).unwrap();
    assert_eq!(map.capacity(), 6);
    let sections: Vec<_> =
        map.sections.iter().map(|section| (section.name.as_str(), section.category.as_str())).collect();
    assert_eq!(sections, [("A", "3500"), ("B 1800", "1800"), ("B 800.5", "800.5"), ("Pit", "4000")]);
    assert_eq!(map.sections[3].capacity, Some(2));
    assert!(matches!(&map.sections[0].rows[0].seats, Seats::Named(seats) if seats[0].name == "24"));
    assert_eq!(imported.plan.prices.currency, "TWD");
    assert_eq!(imported.plan.prices.prices["800.5"], 80_050);

    let wants: Vec<_> =
        imported.sessions.iter().map(|session| (session.quantity, session.preference.to_string())).collect();
    let expected = [(2, "A/9/24;A/9/25"), (2, "Pit"), (2, "B 800.5/1/1;B 1800/2/1")];
    assert_eq!(wants, expected.map(|(quantity, preference)| (quantity, preference.to_owned())));
    let gap_ms = imported.sessions[1].arrive_ms - imported.sessions[0].arrive_ms;
    assert!((1_001..3_000).contains(&gap_ms), "{gap_ms}");
    assert!(imported.sessions.iter().all(|session| session.outcome == Ending::Confirm));
}

#[test]
fn rivals_want_the_same_at_about_the_same_time() {
    let log = format!("{HEADER}{LOG}");
    let imported = import(log.as_bytes(), "arena", 20, &Behaviour::default(), 3).unwrap();
    assert_eq!(imported.sessions.len(), 3 * 21);
    let of_first = imported.sessions.iter().filter(|session| session.buyer.starts_with("o7r"));
    let (exact, section): (Vec<_>, Vec<_>) =
        of_first.partition(|session| matches!(session.preference, Preference::Seats(_)));
    assert!(exact.len() > 3 && section.len() > 3, "{} and {}", exact.len(), section.len());
    assert!(section.iter().all(|session| session.preference == Preference::Section("A".into())));
    assert!(imported.sessions.is_sorted_by_key(|session| session.arrive_ms));
}

#[test]
fn faults_name_line_and_column() {
    let fault = |rows: &str| {
        let log = format!("{HEADER}{rows}");
        import(log.as_bytes(), "arena", 0, &Behaviour::default(), 1).unwrap_err().to_string()
    };
    let sold = "1,2010-09-18T13:18:55,A,1,1,10,0\n";
    assert_eq!(
        fault(&format!("{sold}2,2010-09-18T13:18:56,A,1,1,10,0\n")),
        "line 3: section `A`, row `1`, seat `1` is already named in line 2"
    );
    assert!(fault("1,yesterday,A,1,1,10,0\n").starts_with("line 2, column `sold_at_local`: `yesterday`"));
    assert!(fault("1,2010-09-18T13:18:55,A,,1,10,0\n").starts_with("line 2, column `row`: is empty"));
    assert!(fault("1,2010-09-18T13:18:55,A/B,1,1,10,0\n").starts_with("line 2, column `section`"));
    assert!(fault("1,2010-09-18T13:18:55,A,1,1,-1,0\n").starts_with("line 2, column `price_twd`"));
    assert!(fault("").contains("no order"));
    let no_price = import("order_no,sold_at,section,row,seat\n".as_bytes(), "e", 0, &Behaviour::default(), 1);
    assert!(no_price.unwrap_err().to_string().contains("`price...`"));
}
