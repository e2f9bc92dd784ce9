use super::{Context, Report, save_history};
use crate::checker::{Kind, Limits, Verdict, Violation, check};
use crate::history::{
    Account, Booking, BookingStatus, Call, History, Key, Operation, Outcome, Owner, Ticket, Want,
};
use crate::replay::Incident;

fn op(key: u64, intended_us: u64, ended_us: u64, call: Call, outcome: Outcome) -> Operation {
    Operation {
        account: Account(0),
        key: Key(key),
        attempts: 1,
        intended_us,
        invoked_us: intended_us,
        ended_us,
        call,
        outcome,
    }
}

/// Two seats: both held, one booked, one lapses and is booked by another.
fn history() -> History {
    let hold = |seat: u32| Call::Hold { want: Want::Exact(vec![Ticket(seat)]), ttl_us: 2_000_000 };
    let held = |id: &str, seat: u32| Outcome::Held { hold: id.into(), tickets: vec![Ticket(seat)] };
    let book = |id: &str| Call::Book { hold: id.into() };
    let booked = |id: &str, seat: u32| {
        Outcome::Booked(Booking {
            id: id.into(),
            owner: Owner::Buyer(Account(0)),
            status: BookingStatus::Booked,
            tickets: vec![(Ticket(seat), format!("c{seat}"))],
        })
    };
    let no = Outcome::Refused { status: 409, code: "sold-out".into() };
    History {
        tickets: vec!["A/1/1".into(), "A/1/2".into()],
        accounts: vec!["usr_1".into()],
        operations: vec![
            op(1, 1_000_000, 1_002_000, hold(0), held("h1", 0)),
            op(2, 1_500_000, 1_510_000, hold(1), held("h2", 1)),
            op(3, 1_600_000, 1_601_000, hold(1), no),
            op(4, 2_000_000, 2_004_000, book("h1"), booked("b1", 0)),
            op(4, 2_100_000, 2_101_000, book("h1"), booked("b1", 0)),
            op(5, 4_000_000, 4_001_000, hold(1), held("h3", 1)),
            op(6, 4_500_000, 4_502_000, book("h3"), booked("b2", 1)),
            op(7, 4_600_000, 5_000_000, book("h9"), Outcome::Unknown { why: "reset".into() }),
        ],
        ..History::default()
    }
}

fn context() -> Context {
    Context {
        title: "A <small> sale".into(),
        targets: vec!["127.0.0.1:1".into()],
        sessions: 4,
        speed: 2.5,
        ttl_seconds: 2,
        durability: None,
        started_us: 1_000_000,
        played_us: 5_000_000,
        attempts: 1_000,
        retries: 3,
        broken_attempts: 1,
        busy_answers: 4,
        incidents: vec![
            Incident::Killed { node: 2, at_s: 0.45, pause_s: 0.25 },
            Incident::Moved { shard: 7, from: 1, to: 4, at_s: 0.9, took_s: 0.5 },
            Incident::Killed { node: 1, at_s: 3.9, pause_s: 0.25 },
        ],
    }
}

fn report() -> Report {
    let history = history();
    Report::new(context(), &history, check(&history, &Limits::default()))
}

#[test]
fn figures_count_what_buyers_got_and_when() {
    let figures = report().figures;
    assert_eq!((figures.holds, figures.bookings, figures.seats_booked), (3, 2, 2));
    assert_eq!((figures.answered, figures.unknown), (6, 1));
    assert_eq!(figures.throughput, 6.0 / 4.0);
    assert_eq!(figures.goodput, 5.0 / 4.0);
    assert_eq!(figures.refusals["sold-out"], 1);
    assert_eq!((figures.seats, figures.seats_sold), (2, 2));
    assert_eq!(figures.all_taken_s, Some(0.51));
    assert_eq!(figures.sold_out_s, Some(3.502));
    assert_eq!(figures.last_booking_s, 3.502);
    assert_eq!(figures.hold_latency.count, 4);
    assert!((9.9..10.1).contains(&figures.hold_latency.max_ms), "{:?}", figures.hold_latency);
    assert_eq!(figures.seconds.len(), 5);
    assert_eq!((figures.seconds[0].good, figures.seconds[0].refused), (2, 1));
    assert!((3.9..4.1).contains(&figures.seconds[1].p50_ms));
}

#[test]
fn a_report_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let report = report();
    report.save(folder.path()).unwrap();
    assert_eq!(Report::load(folder.path()).unwrap(), report);
    let html = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(html.contains("A &lt;small&gt; sale") && !html.contains("<small>"));
    assert_eq!(html.matches("<svg").count(), 2);
    assert!(
        !html.contains("http://") || html.matches("http://").count() == html.matches("www.w3.org").count()
    );
}

#[test]
fn the_text_says_the_verdict_and_its_reasons() {
    let mut report = report();
    let clean = report.text();
    assert!(clean.contains("double sells               0"), "{clean}");
    for line in [
        "answered, not 5xx or 429   99.500 % of 1,000 attempts",
        "killed                     node 2 at 0.45 s, first acknowledgement after 0.06 s, ready again after 0.25 s",
        "moved                      shard 7 from node 1 to node 4 at 0.90 s, within 0.50 s, longest gap 1997 ms",
        "killed                     node 1 at 3.90 s, nothing acknowledged afterwards, ready again after 0.25 s",
        "first acknowledgement      p50 60 ms   p99 60 ms   max 60 ms   of 1 kills",
    ] {
        assert!(clean.contains(line), "{line}: {clean}");
    }
    assert!(clean.contains("No violation in the answers"), "{clean}");
    report.verdict = Verdict {
        counts: [(Kind::DoubleSale, 1_234)].into(),
        violations: vec![Violation { kind: Kind::DoubleSale, at_ms: 70, what: "A/1/1 twice".into() }],
        ..Verdict::default()
    };
    let broken = report.text();
    assert!(broken.contains("double sells               1,234"), "{broken}");
    assert!(broken.contains("A/1/1 twice") && broken.contains("VIOLATIONS: 1234"), "{broken}");
    assert!(report.html().unwrap().contains("A/1/1 twice"));
}

#[test]
fn a_history_is_dumped_with_names() {
    let folder = tempfile::tempdir().unwrap();
    save_history(folder.path(), &history()).unwrap();
    let text = std::fs::read_to_string(folder.path().join("history.csv")).unwrap();
    assert_eq!(text.lines().count(), 9);
    assert!(text.contains("1000000,1000000,1002000,0,1,1,hold,A/1/1,h1,A/1/1\n"), "{text}");
    assert!(text.contains(",hold,A/1/2,409 sold-out,\n"), "{text}");
}
