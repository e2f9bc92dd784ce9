use SeatStatus::{Available, Booked, Held};
use serde_json::{Value, json};

use super::*;

const EVENT: EventId = EventId::new(7);
const SEATS: u32 = 10;

fn seats(facts: u64, version: u64, held: &[u32]) -> Seats {
    let mut statuses = Statuses::all_free(SEATS);
    held.iter().for_each(|seat| statuses.set(SeatIndex::new(*seat), Held));
    Seats { facts, version, statuses }
}

fn board() -> Board {
    let board = Board::new(EVENT, SEATS);
    board.take(seats(5, 3, &[]));
    board
}

fn json(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.json()).unwrap()
}

/// What a client that has `version` is told, one by one.
fn told(board: &Board, mut version: u64) -> Vec<Value> {
    let mut told = Vec::new();
    while let Next::Update(after, frame) = board.after(version) {
        assert!(after > version);
        version = after;
        told.push(json(&frame));
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_version_that_was_shown_is_gone_on_from() {
    let board = board();
    board.take(seats(7, 5, &[1, 2]));
    board.take(seats(8, 6, &[1, 9]));
    let ticket = |seat: u32| domain::ids::TicketId::new(EVENT, SeatIndex::new(seat)).to_string();
    let change = |seat, status: &str| json!({"ticketId": ticket(seat), "status": status});
    let first = json!({"version": 5, "changes": [change(1, "held"), change(2, "held")]});
    let second = json!({"version": 6, "changes": [change(2, "available"), change(9, "held")]});
    assert_eq!(told(&board, 3), [first, second.clone()]);
    assert_eq!(told(&board, 5), std::slice::from_ref(&second));
    assert!(matches!(board.after(6), Next::Nothing));
    for unknown in [0, 4, 7] {
        assert!(matches!(board.after(unknown), Next::Unknown), "{unknown}");
    }
    let all = [change(1, "held"), change(2, "available"), change(9, "held")];
    assert_eq!(json(&board.all_after(3).unwrap()), json!({"version": 6, "changes": all}));
    assert_eq!(json(&board.all_after(5).unwrap()), second);
    assert!(board.all_after(6).is_none() && board.all_after(4).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_older_is_not_shown() {
    let board = board();
    board.take(seats(9, 6, &[1]));
    board.take(seats(8, 5, &[]));
    board.take(seats(9, 6, &[]));
    assert_eq!(board.mark(), Mark { facts: 9, version: Some(6), ..Mark::default() });
    assert_eq!(told(&board, 3).len(), 1);
    // A fact that is about no seat.
    board.take(seats(10, 6, &[1]));
    assert_eq!((board.mark().facts, told(&board, 3).len()), (10, 1));
    // Taken and freed between two looks.
    board.take(seats(12, 8, &[1]));
    assert_eq!(told(&board, 6), [json!({"version": 8, "changes": []})]);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_made_once_and_anew_after_a_change() {
    let board = board();
    let (version, first) = board.snapshot();
    assert_eq!((version, json(&first)["version"].as_u64()), (3, Some(3)));
    assert_eq!(board.snapshot().1.json().as_ptr(), first.json().as_ptr());
    board.take(seats(6, 4, &[0]));
    let (version, second) = board.snapshot();
    assert_eq!((version, &json(&second)["seats"]), (4, &json!("T1NCMQoAAAAEAAAAAAAAAAEAAA==")));
}

#[tokio::test(start_paused = true)]
async fn a_sale_that_has_not_begun_has_all_its_seats() {
    let board = Board::new(EVENT, SEATS);
    assert_eq!(board.mark().version, None);
    board.take(Seats::default());
    assert_eq!(json(&board.snapshot().1)["seats"], "T1NCMQoAAAAAAAAAAAAAAAAAAA==");
    board.take(seats(2, 1, &[3]));
    assert_eq!(told(&board, 0).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn so_much_that_all_is_shorter_is_told_as_all() {
    let large = 20_000;
    let board = Board::new(EVENT, large);
    let of = |version, status: fn(u32) -> SeatStatus| Seats {
        facts: version,
        version,
        statuses: Statuses::of(large, (0..large).map(status)),
    };
    board.take(of(1, |_| Available));
    board.take(of(2, |seat| if seat < 100 { Held } else { Available }));
    board.take(of(3, |_| Booked));
    let told = told(&board, 1);
    assert_eq!(told[0]["changes"].as_array().map(Vec::len), Some(100));
    assert!(told[1].get("changes").is_none() && told[1]["seats"].is_string());
    assert!(board.all_after(1).is_none(), "a snapshot takes its place");
    assert!(board.all_after(2).is_some());
}

#[tokio::test(start_paused = true)]
async fn no_more_is_kept_than_there_is_room_for() {
    let board = board();
    let last = 3 + KEPT as u64 + 10;
    (4..=last).for_each(|version| board.take(seats(version + 2, version, &[(version % 10) as u32])));
    assert!(matches!(board.after(12), Next::Unknown));
    assert_eq!(told(&board, 13).len(), KEPT);
    let state = board.state();
    assert_eq!(state.bytes, state.updates.iter().map(|update| update.frame.piece().len()).sum::<usize>());
    assert!(state.bytes <= KEPT_BYTES);
}

#[tokio::test(start_paused = true)]
async fn it_is_told_ten_times_a_second_and_that_all_is_well() {
    let board = Board::new(EVENT, SEATS);
    assert!(board.is_due());
    board.take(seats(5, 3, &[]));
    assert!(!board.is_due());
    tokio::time::advance(PACE).await;
    assert!(board.is_due());
    let every = Duration::from_secs(1);
    board.beat(every);
    assert_eq!(board.mark().beats, 0);
    tokio::time::advance(every).await;
    board.beat(every);
    board.beat(every);
    assert_eq!(board.mark().beats, 1);
}
