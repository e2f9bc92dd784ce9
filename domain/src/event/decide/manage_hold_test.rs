use crate::event::test::scene::*;
use crate::event::{
    Caller, Command, HoldView, MAX_HOLD_AGE_MS, MEMORY_MS, Outcome, PaymentOutcome, Refusal, Reply,
    SeatStatus,
};
use crate::ids::HoldNumber;

fn change(hold: HoldNumber, add: &[u32], remove: &[u32]) -> Command {
    Command::ChangeHold { hold, add: seats(add), remove: seats(remove) }
}

fn extend(hold: HoldNumber, ttl_ms: Option<u64>) -> Command {
    Command::ExtendHold { hold, ttl_ms }
}

/// Everything that only the holder may ask of a hold.
fn all_about(hold: HoldNumber) -> [Command; 5] {
    let release = Command::ReleaseHold { hold };
    [Command::ShowHold { hold }, change(hold, &[9], &[]), extend(hold, None), release, book(hold)]
}

fn show(scene: &mut Scene, caller: Caller, hold: HoldNumber) -> HoldView {
    hold_of(scene.tell(caller, &Command::ShowHold { hold }))
}

fn pointer(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Invalid { pointer, .. } => pointer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hold_is_shown_to_its_holder_as_of_now() {
    let mut scene = Scene::new();
    let made = scene.hold(ANNA, &[4, 2]);
    scene.wait(1_234);
    assert_eq!(show(&mut scene, ANNA, made.hold), HoldView { as_of: START.plus_ms(1_234), ..made });
}

#[test]
fn for_others_there_is_no_such_hold_alive_or_ended() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    let never = HoldNumber::new(hold.number() + 1);
    for caller in [BEN, ORGANIZER, OPERATOR] {
        for command in all_about(hold) {
            assert_eq!(scene.refused(caller, &command), Refusal::NotFound);
        }
    }
    scene.tell(ANNA, &Command::ReleaseHold { hold }).expect("the hold lives");
    for (caller, number) in [(BEN, hold), (ANNA, never)] {
        for command in all_about(number) {
            assert_eq!(scene.refused(caller, &command), Refusal::NotFound);
        }
    }
}

#[test]
fn an_ended_hold_is_told_as_ended_for_a_day() {
    let end_by_release = |scene: &mut Scene, hold: HoldNumber| {
        scene.tell(ANNA, &Command::ReleaseHold { hold }).expect("the hold lives");
    };
    let end_by_deadline = |scene: &mut Scene, _: HoldNumber| {
        scene.wait(HOLD_MS);
        scene.expire();
    };
    let end_by_booking = |scene: &mut Scene, hold: HoldNumber| {
        let booking = settling(scene.tell(ANNA, &book(hold)));
        scene.settle(booking, PaymentOutcome::Authorized);
    };
    let ends: [fn(&mut Scene, HoldNumber); 3] = [end_by_release, end_by_deadline, end_by_booking];
    for end in ends {
        let mut scene = Scene::new();
        let hold = scene.hold(ANNA, &[0]).hold;
        end(&mut scene, hold);
        scene.wait(MEMORY_MS - 1);
        for command in all_about(hold) {
            assert_eq!(scene.refused(ANNA, &command), Refusal::HoldEnded);
        }
        scene.wait(1);
        for command in all_about(hold) {
            assert_eq!(scene.refused(ANNA, &command), Refusal::NotFound);
        }
        scene.hold(BEN, &[50]);
        scene.assert_replays();
    }
}

#[test]
fn a_change_takes_and_lets_go_and_keeps_the_deadline() {
    let mut scene = Scene::new();
    let made = scene.hold(ANNA, &[0, 1, 2]);
    scene.wait(MINUTE_MS);
    let changed = hold_of(scene.tell(ANNA, &change(made.hold, &[60, 3], &[1])));
    assert_eq!(numbers(&changed), [0, 2, 60, 3]);
    assert_eq!(changed.tickets[2].price_minor, 1_999);
    assert_eq!((changed.created_at, changed.expires_at), (made.created_at, made.expires_at));
    assert_eq!(changed, show(&mut scene, ANNA, made.hold));
    assert_eq!((scene.status(1), scene.status(3)), (SeatStatus::Available, SeatStatus::Held));
    scene.hold(BEN, &[1]);
    scene.assert_replays();
}

#[test]
fn a_change_is_all_or_nothing() {
    let mut scene = Scene::new();
    let made = scene.hold(ANNA, &[0, 1]);
    scene.hold(BEN, &[5]);
    let taken = scene.refused(ANNA, &change(made.hold, &[4, 5], &[0]));
    assert_eq!(taken, Refusal::SeatUnavailable(vec![(seats(&[5])[0], SeatStatus::Held)]));
    assert_eq!(scene.refused(ANNA, &change(made.hold, &[84], &[0])), Refusal::NotFound);
    assert_eq!(show(&mut scene, ANNA, made.hold), made);
    assert_eq!(scene.status(4), SeatStatus::Available);
}

#[test]
fn a_change_names_the_field_that_is_wrong() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0, 1]).hold;
    let many: Vec<u32> = (10..61).collect();
    let wrong: [(&[u32], &[u32], &str); 8] = [
        (&[], &[7], "/remove"),
        (&[], &[0, 0], "/remove"),
        (&[], &many, "/remove"),
        (&[1], &[], "/add"),
        (&[1], &[1], "/add"),
        (&[7, 7], &[], "/add"),
        (&many, &[], "/add"),
        (&[], &[0, 1], ""),
    ];
    for (add, remove, at) in wrong {
        assert_eq!(pointer(&scene.refused(ANNA, &change(hold, add, remove))), at, "{add:?} {remove:?}");
    }
    assert_eq!(pointer(&scene.refused(ANNA, &change(hold, &many[..49], &[]))), "");
    assert_eq!(hold_of(scene.tell(ANNA, &change(hold, &many[..48], &[]))).tickets.len(), 50);
}

#[test]
fn at_the_limit_one_seat_can_be_exchanged_for_another() {
    let mut scene = Scene::with(|terms| terms.per_customer = Some(2));
    let hold = scene.hold(ANNA, &[0, 1]).hold;
    assert_eq!(scene.refused(ANNA, &change(hold, &[2], &[])), Refusal::LimitExceeded { limit: 2 });
    assert_eq!(scene.refused(ANNA, &change(hold, &[2, 3], &[0])), Refusal::LimitExceeded { limit: 2 });
    assert_eq!(numbers(&hold_of(scene.tell(ANNA, &change(hold, &[2], &[0])))), [1, 2]);
}

#[test]
fn once_the_show_has_begun_a_hold_changes_no_more() {
    let starts = START.plus_ms(5);
    let mut scene = Scene::with(|terms| terms.starts_at = starts);
    let hold = scene.hold(ANNA, &[0, 1]).hold;
    scene.wait(5);
    assert_eq!(scene.refused(ANNA, &change(hold, &[2], &[])), Refusal::NotOnSale { opens_at: None });
}

#[test]
fn extending_counts_from_now_but_ends_thirty_minutes_after_the_beginning() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    let mut extended = |minutes: u64, ttl_ms| {
        scene.now = START.plus_ms(minutes * MINUTE_MS);
        let view = hold_of(scene.tell(ANNA, &extend(hold, ttl_ms)));
        assert_eq!(view, show(&mut scene, ANNA, hold));
        assert_eq!(scene.sale().next_deadline(), Some(view.expires_at));
        view.expires_at.since_ms(START)
    };
    assert_eq!(extended(5, None), 15 * MINUTE_MS);
    assert_eq!(extended(6, Some(MINUTE_MS)), 7 * MINUTE_MS, "the new deadline may be the earlier one");
    assert_eq!(extended(6, None), 16 * MINUTE_MS);
    assert_eq!(extended(15, None), 25 * MINUTE_MS);
    assert_eq!(extended(20, None), MAX_HOLD_AGE_MS);
    assert_eq!(extended(29, None), MAX_HOLD_AGE_MS);
    scene.now = START.plus_ms(MAX_HOLD_AGE_MS);
    assert_eq!(scene.refused(ANNA, &extend(hold, None)), Refusal::HoldEnded);
}

#[test]
fn an_extension_has_the_bounds_of_a_hold() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0]).hold;
    for ttl_ms in [0, HOLD_MS + 1] {
        assert_eq!(pointer(&scene.refused(ANNA, &extend(hold, Some(ttl_ms)))), "/ttlSeconds");
    }
}

#[test]
fn a_released_hold_leaves_its_seats_at_once() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0, 1]).hold;
    let told = scene.tell(ANNA, &Command::ReleaseHold { hold });
    assert_eq!(told, Ok(Outcome::Reply(Reply::Released)));
    assert_eq!((scene.sale().counts().held, scene.sale().next_deadline()), (0, None));
    scene.hold(BEN, &[0, 1]);
    scene.assert_replays();
}

#[test]
fn a_hold_that_is_being_paid_stays_as_it_is() {
    let mut scene = Scene::new();
    let hold = scene.hold(ANNA, &[0, 1]).hold;
    scene.tell(ANNA, &book(hold)).expect("the hold is free");
    for command in [change(hold, &[2], &[]), extend(hold, None), Command::ReleaseHold { hold }, book(hold)] {
        assert_eq!(scene.refused(ANNA, &command), Refusal::AlreadyPaid);
    }
    assert_eq!(numbers(&show(&mut scene, ANNA, hold)), [0, 1]);
}
