use crate::event::test::scene::*;
use crate::event::{Command, Outcome, Refusal, Reply, SeatStatus};
use crate::ids::SeatIndex;

fn block(numbers: &[u32]) -> Command {
    Command::Block { seats: seats(numbers) }
}

fn unblock(numbers: &[u32]) -> Command {
    Command::Unblock { seats: seats(numbers) }
}

fn unavailable(seat: u32, status: SeatStatus) -> Refusal {
    Refusal::SeatUnavailable(vec![(SeatIndex::new(seat), status)])
}

#[test]
fn the_organizer_and_operators_keep_seats_and_give_them_free() {
    for caller in [ORGANIZER, OPERATOR] {
        let mut scene = Scene::new();
        assert_eq!(scene.tell(caller, &block(&[0, 1])), Ok(Outcome::Reply(Reply::SeatsChanged)));
        assert_eq!((scene.sale().counts().blocked, scene.sale().counts().available), (2, 82));
        assert!(matches!(scene.refused(ANNA, &hold_exact(&[0])), Refusal::SeatUnavailable(_)));
        assert_eq!(scene.tell(caller, &unblock(&[1])), Ok(Outcome::Reply(Reply::SeatsChanged)));
        assert_eq!((scene.status(0), scene.status(1)), (SeatStatus::Blocked, SeatStatus::Available));
        scene.hold(ANNA, &[1]);
        scene.assert_replays();
    }
}

#[test]
fn customers_may_not() {
    let mut scene = Scene::new();
    scene.tell(ORGANIZER, &block(&[1])).expect("they are free");
    for command in [block(&[0]), unblock(&[1]), block(&[]), block(&[99])] {
        assert_eq!(scene.refused(ANNA, &command), Refusal::Forbidden);
    }
}

#[test]
fn only_free_seats_are_blocked_and_only_blocked_ones_unblocked() {
    let mut scene = Scene::new();
    scene.hold(ANNA, &[1]);
    scene.buy(BEN, &[2]);
    scene.tell(ORGANIZER, &block(&[3])).expect("they are free");
    let taken = [(1, SeatStatus::Held), (2, SeatStatus::Booked), (3, SeatStatus::Blocked)];
    for (seat, status) in taken {
        assert_eq!(scene.refused(ORGANIZER, &block(&[0, seat])), unavailable(seat, status));
    }
    for (seat, status) in [(0, SeatStatus::Available), taken[0], taken[1]] {
        assert_eq!(scene.refused(ORGANIZER, &unblock(&[3, seat])), unavailable(seat, status));
    }
    assert_eq!((scene.status(0), scene.status(3)), (SeatStatus::Available, SeatStatus::Blocked));
}

#[test]
fn seats_are_named_once_and_exist() {
    let mut scene = Scene::new();
    for command in [block(&[]), block(&[1, 1]), unblock(&[]), unblock(&[1, 1])] {
        let refusal = scene.refused(ORGANIZER, &command);
        assert!(matches!(refusal, Refusal::Invalid { pointer: "/ticketIds", .. }), "{refusal:?}");
    }
    for command in [block(&[0, 84]), unblock(&[84])] {
        assert_eq!(scene.refused(ORGANIZER, &command), Refusal::NotFound);
    }
}
