use super::*;

const GROUP: u16 = 3;
/// When all began, and an hour.
const START: u64 = 1_700_000_000_000;
const HOUR: u64 = 3_600_000;

/// A node's clocks `passed` milliseconds after the start, of which the wall clock is `ahead`.
fn at(passed: u64, ahead: i64) -> Reading {
    let wall = (START + passed).saturating_add_signed(ahead);
    Reading { wall: UnixMillis::new(wall), monotonic_ms: passed }
}

fn voters() -> BTreeSet<NodeId> {
    BTreeSet::from([1, 2, 3])
}

fn told(heard: u64, of: u64, passed: u64) -> Told {
    Told { group: GROUP, heard, of, now: UnixMillis::new(START + passed) }
}

/// How far the time of `keeper` is from what it should be.
fn error(keeper: &Timekeeper, reading: Reading) -> u64 {
    let now = keeper.tell(GROUP, 0, reading).now.millis();
    now.abs_diff(START + reading.monotonic_ms)
}

fn never() -> UnixMillis {
    UnixMillis::default()
}

const AHEAD: i64 = HOUR as i64;

#[test]
fn who_has_followed_an_owner_goes_on_at_once_whatever_its_clock_says() {
    for ahead in [AHEAD, -AHEAD] {
        let keeper = Timekeeper::start(1, at(0, ahead));
        let wall = at(100, 0).wall;
        keeper.hear(2, (Some(&told(7, 7, 100)), wall, Some(7)), None, at(100, ahead));
        assert!(keeper.begin(8, &voters(), never, at(4_000, ahead)));
        assert!(error(&keeper, at(4_000, ahead)) <= 4);
        assert_eq!(keeper.tell(GROUP, 8, at(4_000, ahead)).of, 8);
    }
}

#[test]
fn a_replica_that_knows_is_as_good_as_the_owner() {
    let keeper = Timekeeper::start(1, at(0, AHEAD));
    assert!(!keeper.begin(8, &voters(), never, at(10, AHEAD)), "somebody may know");
    keeper.hear(3, (Some(&told(8, 7, 20)), at(20, 0).wall, None), Some(8), at(20, AHEAD));
    assert!(keeper.begin(8, &voters(), never, at(20, AHEAD)));
    assert!(error(&keeper, at(20, AHEAD)) <= 1);
}

#[test]
fn what_is_of_an_earlier_owner_counts_for_nothing_and_owners_are_told_nothing() {
    let keeper = Timekeeper::start(1, at(0, 0));
    let late = told(9, 6, 500_000);
    keeper.hear(2, (Some(&told(9, 8, 100)), at(100, 0).wall, Some(8)), None, at(100, 0));
    keeper.hear(3, (Some(&late), at(100, 0).wall, Some(6)), None, at(100, 0));
    keeper.hear(3, (Some(&told(9, 8, 500_000)), at(100, 0).wall, None), None, at(100, 0));
    assert!(error(&keeper, at(100, 0)) <= 1, "of the same owner it is itself who knows");
    assert!(keeper.begin(9, &voters(), never, at(200, 0)));
    keeper.hear(3, (Some(&told(10, 10, 500_000)), at(200, 0).wall, Some(10)), Some(9), at(200, 0));
    assert!(error(&keeper, at(200, 0)) <= 1, "while it leads");
    keeper.hear(3, (Some(&told(10, 10, 250)), at(250, 0).wall, Some(10)), None, at(250, 0));
    assert!(!keeper.begin(9, &voters(), never, at(250, 0)), "its time is over");
}

#[test]
fn where_nobody_knows_it_is_the_clock_in_the_middle() {
    for ahead in [[AHEAD, 0, 0], [0, -AHEAD, 0], [0, 0, AHEAD], [-AHEAD, 0, 0]] {
        let mine = at(0, ahead[0]);
        let keeper = Timekeeper::start(1, mine);
        for (node, ahead) in [(2, ahead[1]), (3, ahead[2])] {
            assert!(!keeper.begin(5, &voters(), never, mine), "not all have said so");
            keeper.hear(node, (Some(&told(5, 0, 0)), at(0, ahead).wall, None), Some(5), mine);
        }
        assert!(keeper.begin(5, &voters(), never, mine));
        assert!(error(&keeper, mine) <= 1, "{ahead:?}");
    }
}

#[test]
fn of_two_clocks_it_is_the_slower_one_but_not_before_what_was_stamped() {
    for (mine, other, expected) in [(AHEAD, 0, 1_000), (0, AHEAD, 1_000), (-AHEAD, 0, 400), (0, -AHEAD, 400)]
    {
        let keeper = Timekeeper::start(1, at(0, mine));
        let stamp = || UnixMillis::new(START + 400);
        let reading = at(1_000, mine);
        keeper.hear(2, (Some(&told(4, 0, 0)), at(1_000, other).wall, None), Some(5), reading);
        assert!(!keeper.begin(5, &voters(), stamp, reading), "it may yet have heard of the owner of term 4");
        keeper.hear(2, (Some(&told(5, 0, 0)), at(1_000, other).wall, None), Some(5), reading);
        assert!(keeper.begin(5, &voters(), stamp, reading), "the third is not heard");
        assert_eq!(keeper.tell(GROUP, 5, reading).now, UnixMillis::new(START + expected));
    }
}

#[test]
fn whoever_may_still_be_heard_is_waited_for_but_not_for_long() {
    let keeper = Timekeeper::start(1, at(0, 0));
    keeper.hear(2, (Some(&told(5, 0, 0)), at(0, 0).wall, None), Some(5), at(0, 0));
    assert!(!keeper.begin(5, &voters(), never, at(ms(PATIENCE) - 1, 0)));
    assert!(keeper.begin(5, &voters(), never, at(ms(PATIENCE), 0)));
}

#[test]
fn who_is_alone_has_its_own_clock() {
    let keeper = Timekeeper::start(1, at(0, AHEAD));
    assert!(keeper.begin(1, &BTreeSet::from([1]), never, at(0, AHEAD)));
    assert_eq!(keeper.tell(GROUP, 1, at(0, AHEAD)).now, at(0, AHEAD).wall);
}

#[test]
fn clocks_that_were_not_heard_lately_do_not_count() {
    let keeper = Timekeeper::start(1, at(0, 0));
    let later = at(ms(ALIVE), 0);
    keeper.hear(4, (None, at(0, -AHEAD).wall, None), None, at(0, 0));
    keeper.hear(2, (Some(&told(5, 0, 0)), later.wall, None), Some(5), later);
    assert!(keeper.begin(5, &voters(), never, later));
    assert!(error(&keeper, later) <= 1);
}

#[test]
fn what_comes_late_does_not_put_the_time_back() {
    let wall = at(0, 0).wall;
    let keeper = Timekeeper::start(1, at(0, 0));
    keeper.hear(2, (Some(&told(7, 7, 1_000)), wall, Some(7)), None, at(1_000, 0));
    for (of, said, heard) in [(7, 1_900, 6_000), (8, 2_000, 6_000), (8, 5_900, 6_000)] {
        keeper.hear(2, (Some(&told(of, of, said)), wall, Some(of)), None, at(heard, 0));
        assert!(error(&keeper, at(heard, 0)) <= 6, "{of} {said}");
    }
    assert_eq!(keeper.tell(GROUP, 8, at(6_000, 0)).of, 8);
    // It came faster than the one before.
    keeper.hear(2, (Some(&told(8, 8, 7_050)), wall, Some(8)), None, at(7_000, 0));
    assert_eq!(error(&keeper, at(7_000, 0)), 50);
    // Clocks drift: after a while less is believed than was before.
    keeper.hear(2, (Some(&told(8, 8, 107_000)), wall, Some(8)), None, at(107_000, 0));
    assert!(error(&keeper, at(107_000, 0)) <= 1);
}

#[test]
fn a_time_that_is_quite_another_is_believed() {
    let keeper = Timekeeper::start(1, at(0, 0));
    keeper.hear(2, (Some(&told(7, 7, HOUR)), at(0, 0).wall, Some(7)), None, at(0, 0));
    keeper.hear(3, (Some(&told(8, 8, 1_000)), at(0, 0).wall, Some(8)), None, at(1_000, 0));
    assert!(error(&keeper, at(1_000, 0)) <= 1);
}
