use domain::event::SeatStatus::Held;
use serde_json::Value;
use tokio::time::sleep;

use super::super::board::Next;
use super::super::watching::next;
use super::*;
use crate::projections::Feeds;
use crate::projections::testing::{EVENT, FromGateway, Net, Sales, TestWays, pass};

const SEATS: u32 = 8;

struct Scene {
    boards: Boards,
    net: Arc<Net>,
    /// The replica here, of a node that has one.
    here: Arc<Sales>,
    /// That of node 1.
    there: Arc<Sales>,
}

fn scene() -> Scene {
    let net = Arc::<Net>::default();
    let there = net.add(1);
    there.own(true);
    there.open(EVENT, SEATS);
    let feeds = Feeds::new(TestWays::new(&[1]), Arc::new(FromGateway(net.clone())));
    let here = Arc::<Sales>::default();
    let config = crate::config::load(None, []).unwrap().live;
    Scene { boards: Boards::new(NodeSeats::new(here.clone(), feeds), &config), net, here, there }
}

impl Scene {
    async fn open(&self) -> Arc<Board> {
        self.boards.open(EVENT, SEATS).await.unwrap()
    }
}

const PATIENCE: Duration = Duration::from_secs(25);

async fn poll(board: &Board, since: Option<u64>) -> Option<Value> {
    next(board, since, PATIENCE).await.map(|frame| serde_json::from_slice(&frame.json()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_answered_by_the_next_change_and_from_the_replica_that_is_here() {
    let scene = scene();
    scene.here.open(EVENT, SEATS);
    let board = scene.open().await;
    let first = poll(&board, None).await.unwrap();
    assert_eq!((&first["version"], first["seats"].is_string()), (&0.into(), true));
    let change = async {
        sleep(Duration::from_secs(5)).await;
        scene.here.set(EVENT, 3, Held);
        scene.here.set(EVENT, 4, Held);
    };
    let began = crate::clock::Moment::now();
    let (news, ()) = tokio::join!(poll(&board, Some(0)), change);
    let news = news.unwrap();
    assert_eq!((&news["version"], news["changes"].as_array().map(Vec::len)), (&2.into(), Some(2)));
    assert!((5_000..=5_100).contains(&began.age().as_millis()));
    // Nothing changes any more.
    let began = crate::clock::Moment::now();
    assert_eq!((poll(&board, Some(2)).await, began.age()), (None, PATIENCE));
    let nonsense = poll(&board, Some(99)).await.unwrap();
    assert_eq!((&nonsense["version"], nonsense["seats"].is_string()), (&2.into(), true));
    assert_eq!(scene.net.asked(), [], "no other node was asked");
}

#[tokio::test(start_paused = true)]
async fn all_watchers_of_a_gateway_have_one_feed_and_go_on_with_a_replica_that_comes() {
    let scene = scene();
    let boards = futures_util::future::join_all((0..100).map(|_| scene.open())).await;
    let mut marks: Vec<_> = boards.iter().map(|board| board.marks()).collect();
    scene.there.set(EVENT, 1, Held);
    for marks in &mut marks {
        marks.wait_for(|mark| mark.version == Some(1)).await.unwrap();
    }
    assert_eq!(scene.net.asked(), [("seats", 1)]);
    assert_eq!(scene.boards.figures(), LiveFigures { streams: 0, boards: 1 });
    let board = &boards[0];
    // A replica that is not up to date yet shows nothing that is older.
    scene.here.open(EVENT, SEATS);
    pass(500).await;
    assert_eq!(board.mark().version, Some(1));
    scene.here.set(EVENT, 1, Held);
    scene.here.set(EVENT, 2, Held);
    pass(500).await;
    assert!(matches!(board.after(1), Next::Update(2, _)));
}

#[tokio::test(start_paused = true)]
async fn there_is_no_board_where_nobody_knows_the_seats() {
    let scene = scene();
    scene.net.silent.lock().unwrap().insert(1);
    assert_eq!(scene.boards.open(EVENT, SEATS).await.err(), Some(NoBoard::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_board_that_nobody_watches_is_let_go_and_so_is_one_of_an_event_that_is_no_more() {
    let scene = scene();
    scene.here.open(EVENT, SEATS);
    let board = scene.open().await;
    let marks = board.marks();
    pass(120_000).await;
    assert_eq!(scene.boards.figures().boards, 1, "it is watched");
    drop(marks);
    pass(50_000).await;
    assert_eq!(scene.boards.figures().boards, 1, "somebody may come back");
    pass(15_000).await;
    assert_eq!(scene.boards.figures().boards, 0);

    let board = scene.open().await;
    scene.here.forget(EVENT);
    pass(2_000).await;
    assert!(board.mark().ended);
    assert_eq!(poll(&board, board.mark().version).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_keeps_nobody_waiting() {
    let scene = scene();
    scene.here.open(EVENT, SEATS);
    let board = scene.open().await;
    let stop = async {
        sleep(Duration::from_secs(1)).await;
        scene.boards.end();
    };
    let began = crate::clock::Moment::now();
    let (news, ()) = tokio::join!(poll(&board, Some(0)), stop);
    assert_eq!((news, began.age()), (None, Duration::from_secs(1)));
    assert_eq!(scene.boards.open(EVENT, SEATS).await.err(), Some(NoBoard::Ended));
}
