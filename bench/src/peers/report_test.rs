use super::{About, Conditions, Mix, Peer, Report, Round, Tally, mounted, rows};
use crate::report::Hardware;

/// A round of two seconds with so many holds, nine refusals each, and a confirmation each if the mix has them.
fn round(peer: Peer, mix: Mix, number: u32, holds: usize) -> Round {
    let tally = Tally {
        sales: 1,
        elapsed_us: 2_000_000,
        held_us: vec![2_000; holds],
        refused_us: vec![1_000; holds * 9],
        confirmed_us: vec![3_000; if mix.confirms() { holds } else { 0 }],
    };
    Round::new(peer, mix, number, &tally)
}

fn report() -> Report {
    let mut rounds = Vec::new();
    for mix in Mix::ALL {
        for (number, holds) in (1..).zip([3_000, 1_000, 2_000]) {
            rounds.push(round(Peer::Onsale, mix, number, holds));
            rounds.push(round(Peer::Postgresql, mix, number, holds / 4));
        }
    }
    let about = |peer: Peer| About {
        peer,
        version: format!("{} 1.0", peer.name()),
        durability: "fdatasync".into(),
        access: "a call a round trip".into(),
    };
    Report {
        conditions: Conditions {
            clients: 64,
            threads: 2,
            seats: 50_000,
            rounds: 3,
            turn_ms: 2_000,
            seed: 1,
            filesystem: "ext4 on /dev/sda".into(),
        },
        hardware: Hardware { cpu: "a processor".into(), cores: 2, memory_mib: 1_024, kernel: "6".into() },
        sellers: vec![about(Peer::Onsale), about(Peer::Postgresql)],
        rows: rows(&rounds),
        rounds,
    }
}

#[test]
fn rates_are_per_second_of_play() {
    let round = round(Peer::Onsale, Mix::Flash, 1, 100);
    assert_eq!((round.holds_per_s, round.refusals_per_s, round.attempts_per_s), (50.0, 450.0, 500.0));
    assert_eq!(round.goodput(), 50.0);
    assert!((1.9..2.1).contains(&round.hold.p50_ms), "{:?}", round.hold);
    assert_eq!(round.confirm.count, 0);
}

#[test]
fn a_row_is_the_median_of_its_rounds_and_the_ratio_is_taken_in_each() {
    let rows = report().rows;
    assert_eq!(rows.len(), 6);
    let row = rows.iter().find(|row| (row.mix, row.peer) == (Mix::Confirm, Peer::Postgresql)).unwrap();
    assert_eq!(row.confirms_per_s.median, 250.0);
    assert_eq!((row.holds_per_s.min, row.holds_per_s.max), (125.0, 375.0));
    let ratio = row.onsale_ratio.unwrap();
    assert_eq!((ratio.median, ratio.min, ratio.max), (4.0, 4.0, 4.0));
}

#[test]
fn without_onsale_there_is_no_ratio() {
    let rows = rows(&[round(Peer::Postgresql, Mix::Big, 1, 10)]);
    assert_eq!(rows[0].onsale_ratio, None);
}

#[test]
fn the_text_names_everybody_with_figures_and_durability() {
    let text = report().text();
    for part in [
        "flash sale (most lose)",
        "1,000 (500-1,500)",
        "4.00 (4.00-4.00)",
        "postgresql 1.0",
        "fdatasync",
        "ext4 on /dev/sda",
        "a processor",
    ] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
}

#[test]
fn a_report_is_saved_as_json_and_as_a_plot() {
    let folder = tempfile::tempdir().unwrap();
    let report = report();
    report.save(folder.path()).unwrap();
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&read("peers.json")).unwrap(), report);
    let plot = read("peers.svg");
    assert!(plot.starts_with("<svg") && plot.contains("postgresql"), "{plot}");
}

#[test]
fn the_file_system_is_that_of_the_longest_mount_point() {
    let mounts = "/dev/sda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
    assert_eq!(mounted(mounts, "/tmp/x".as_ref()).as_deref(), Some("tmpfs on tmpfs"));
    assert_eq!(mounted(mounts, "/tmpx".as_ref()).as_deref(), Some("ext4 on /dev/sda"));
}
