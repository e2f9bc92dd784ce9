use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt as _;
use tokio::net::TcpListener;

use super::super::testing::*;
use super::super::*;
use super::*;

const HANG: Service = Service { name: "hang", lane: Lane::Bulk };
const SINK: Service = Service { name: "sink", lane: Lane::Raft };

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

#[tokio::test]
async fn a_call_is_answered_declined_or_lost_as_the_peer_says() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    let ask = |name, lane| channel.call(2, Service { name, lane }, bytes("hello"), PATIENCE);
    for lane in [Lane::Raft, Lane::Commands, Lane::Bulk] {
        assert_eq!(ask("echo", lane).await, Ok(bytes("hello")));
    }
    assert_eq!(local.dialled(), 3, "a connection for each lane");
    assert_eq!(ask("who", Lane::Raft).await, Ok(Bytes::copy_from_slice(&1_u64.to_le_bytes())));
    let declined = CallError::Declined("“nothing” is not answered here".to_owned());
    assert_eq!(ask("nothing", Lane::Raft).await, Err(declined));
    assert_eq!(ask("lost", Lane::Raft).await, Err(CallError::Lost("gone".to_owned())));
    assert!(
        matches!(ask("large", Lane::Commands).await, Err(CallError::Lost(_))),
        "an answer over the limit"
    );
    assert!(matches!(ask("No Name", Lane::Raft).await, Err(CallError::Declined(_))));
    assert_eq!(channel.call(2, ECHO, Bytes::new(), PATIENCE).await, Ok(Bytes::new()));
    let large = Bytes::from(vec![9; 4 << 20]);
    assert_eq!(channel.call(2, ECHO, large.clone(), PATIENCE).await, Ok(large));
    assert!(matches!(channel.call(100, ECHO, bytes("x"), PATIENCE).await, Err(CallError::Unreachable(_))));
    assert_eq!(local.dialled(), 3);
}

/// Two nodes over loopback; gives the channel of the first to the second.
async fn over_tcp() -> Channel {
    struct There(String);
    impl Addresses for There {
        fn address_of(&self, _: NodeId) -> Option<String> {
            Some(self.0.clone())
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (me, servant) = (node(2), Arc::new(Servant::default()));
        while let Ok((stream, remote)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(serve(stream, remote.to_string(), me.clone(), servant.clone(), clock(1000)));
        }
    });
    Channel::new(node(1), Arc::new(TcpDial), Arc::new(There(address)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_run_side_by_side_over_tcp() {
    let channel = over_tcp().await;
    let callers: Vec<_> = (0..200_u64)
        .map(|caller| {
            let channel = channel.clone();
            tokio::spawn(async move {
                for number in 0..20_u64 {
                    let body = Bytes::from([caller.to_le_bytes(), number.to_le_bytes()].concat());
                    assert_eq!(channel.call(2, ECHO, body.clone(), PATIENCE).await, Ok(body));
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

async fn echoes(channel: &Channel) {
    let sizes = [0, 1, 100, 20_000, 70_000, 1 << 20, MAX_MESSAGE_BYTES, 5];
    let sent: Vec<Bytes> =
        (0..400).map(|n| vec![n as u8; if n < 8 { sizes[n] } else { n * 37 % 3000 }].into()).collect();
    let service = Service { name: "echo", lane: Lane::Raft };
    let back = channel.stream(2, service, messages(sent.clone()), PATIENCE).await.unwrap();
    let back: Vec<_> = back.map(Result::unwrap).collect().await;
    assert_eq!(back.len(), sent.len());
    assert!(back == sent);
}

#[tokio::test]
async fn a_stream_brings_every_message_whole_and_in_order() {
    echoes(&channel(node(1), &Local::new(node(2)))).await;
    echoes(&over_tcp().await).await;
}

#[tokio::test]
async fn a_stream_answers_while_its_input_is_open() {
    let channel = channel(node(1), &Local::new(node(2)));
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let input = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|message: Bytes| (Ok(message), receiver))
    });
    let service = Service { name: "echo", lane: Lane::Raft };
    let mut back = channel.stream(2, service, Box::pin(input), PATIENCE).await.unwrap();
    for message in ["a", "b", "c"] {
        sender.send(bytes(message)).await.unwrap();
        assert_eq!(back.next().await, Some(Ok(bytes(message))));
    }
    drop(sender);
    assert_eq!(back.next().await, None);
    assert_eq!(back.next().await, None);
}

#[tokio::test]
async fn what_ends_a_stream_is_told() {
    let channel = channel(node(1), &Local::new(node(2)));
    let echo = Service { name: "echo", lane: Lane::Raft };
    let broken: Messages = Box::pin(futures_util::stream::iter([
        Ok(bytes("a")),
        Err(CallError::Unreachable("the input broke".to_owned())),
    ]));
    let back: Vec<_> = channel.stream(2, echo, broken, PATIENCE).await.unwrap().collect().await;
    assert_eq!(back, [Ok(bytes("a")), Err(CallError::Lost("the input broke".to_owned()))]);

    let huge = messages([vec![0; MAX_MESSAGE_BYTES + 1].into()]);
    let back: Vec<_> = channel.stream(2, echo, huge, PATIENCE).await.unwrap().collect().await;
    assert!(matches!(&back[..], [Err(CallError::Lost(_))]), "{back:?}");

    let none = Service { name: "nothing", lane: Lane::Raft };
    let declined = channel.stream(2, none, messages([]), PATIENCE).await.err();
    assert_eq!(declined, Some(CallError::Declined("no such stream".to_owned())));
}

#[tokio::test]
async fn dropping_what_comes_back_ends_the_stream() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    let endless: Messages =
        Box::pin(futures_util::stream::once(async { Ok(bytes("a")) }).chain(futures_util::stream::pending()));
    drop(channel.stream(2, SINK, endless, PATIENCE).await.unwrap());
    tokio::time::timeout(PATIENCE, local.servant.stream_over.notified()).await.unwrap();
    assert_eq!(
        channel.call(2, Service { name: "echo", lane: Lane::Raft }, bytes("b"), PATIENCE).await,
        Ok(bytes("b"))
    );
    assert_eq!(local.dialled(), 1, "and nothing else");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stands_still_stops_the_writer() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = taken.clone();
    let endless: Messages = Box::pin(futures_util::stream::repeat_with(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(Bytes::from(vec![0; 10_000]))
    }));
    let stall = Service { name: "stall", lane: Lane::Raft };
    let _back = channel.stream(2, stall, endless, PATIENCE).await.unwrap();
    // The paused clock goes on only when nothing else can.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let taken_bytes = taken.load(Ordering::Relaxed) * 10_000;
    assert!((1 << 20..3 << 20).contains(&taken_bytes), "{taken_bytes}");
    let echo = Service { name: "echo", lane: Lane::Raft };
    assert_eq!(channel.call(2, echo, bytes("b"), PATIENCE).await, Ok(bytes("b")), "others go on");
}

#[tokio::test]
async fn a_server_that_dies_during_a_call_loses_it_and_before_it_is_unreachable() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    let call = tokio::spawn(channel.call(2, HANG, bytes("x"), PATIENCE));
    local.servant.hanging.notified().await;
    local.kill();
    assert!(matches!(call.await.unwrap(), Err(CallError::Lost(_))));
    assert!(matches!(channel.call(2, HANG, bytes("x"), PATIENCE).await, Err(CallError::Unreachable(_))));
}

#[tokio::test]
async fn a_stream_of_a_server_that_dies_is_lost() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    let pending: Messages = Box::pin(futures_util::stream::pending());
    let mut back = channel.stream(2, SINK, pending, PATIENCE).await.unwrap();
    local.kill();
    assert!(matches!(back.next().await, Some(Err(CallError::Lost(_)))));
    assert_eq!(back.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_left_alone_for_a_while_and_found_again() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    local.kill();
    for _ in 0..100 {
        let failed = channel.call(2, ECHO, bytes("x"), PATIENCE).await;
        assert!(matches!(failed, Err(CallError::Unreachable(_))));
    }
    assert_eq!(local.dialled(), 1);
    // Ten seconds of asking all the time: 50, 100, 200, 400, 800 ms, and then once a second.
    for _ in 0..1000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        channel.call(2, ECHO, bytes("x"), PATIENCE).await.unwrap_err();
    }
    assert!((8..=15).contains(&local.dialled()), "{}", local.dialled());
    local.is_down.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(channel.call(2, ECHO, bytes("x"), PATIENCE).await, Ok(bytes("x")));
}

#[tokio::test]
async fn a_connection_that_broke_while_idle_is_made_anew_for_the_next_call() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    for round in 1..=3 {
        assert_eq!(channel.call(2, ECHO, bytes("x"), PATIENCE).await, Ok(bytes("x")));
        assert_eq!(local.dialled(), round);
        let slot = channel.0.peer(2).slot(Lane::Commands).clone();
        let link = slot.open_link().unwrap();
        local.break_connections();
        while link.is_usable_by(&channel.0.me) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_accepts_and_never_answers_costs_a_call_its_time_and_no_more() {
    struct Nobody(AtomicUsize, Mutex<Vec<tokio::io::DuplexStream>>);
    impl Dial for Nobody {
        fn dial(&self, _: &str) -> BoxFuture<std::io::Result<Connection>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            let (caller, server) = tokio::io::duplex(1 << 16);
            self.1.lock().unwrap().push(server);
            Box::pin(async { Ok(Box::new(caller) as Connection) })
        }
    }
    let nobody = Arc::new(Nobody(AtomicUsize::new(0), Mutex::default()));
    let channel = Channel::new(node(1), nobody.clone(), Arc::new(To(Local::new(node(2)))));
    let began = now();
    let within = Duration::from_millis(300);
    assert!(matches!(channel.call(2, ECHO, bytes("x"), within).await, Err(CallError::Unreachable(_))));
    assert_eq!(now() - began, within);
    assert!(matches!(channel.call(2, ECHO, bytes("x"), PATIENCE).await, Err(CallError::Unreachable(_))));
    assert_eq!(nobody.0.load(Ordering::Relaxed), 1, "one attempt, for both");
    tokio::time::sleep(Duration::from_secs(1)).await;
    channel.call(2, ECHO, bytes("x"), within).await.unwrap_err();
    assert_eq!(nobody.0.load(Ordering::Relaxed), 2, "and then another");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_falls_silent_loses_its_calls_in_time_and_its_connection() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    let echo = Service { name: "echo", lane: Lane::Raft };
    channel.call(2, echo, bytes("x"), PATIENCE).await.unwrap();
    let pending: Messages = Box::pin(futures_util::stream::pending());
    let mut back = channel.stream(2, SINK, pending, Duration::from_millis(300)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(local.dialled(), 1, "a connection that is idle and sound stays");
    local.is_mute.store(true, Ordering::Relaxed);
    let began = now();
    let lost = channel.call(2, echo, bytes("x"), Duration::from_millis(1200)).await;
    assert!(matches!(lost, Err(CallError::Lost(_))));
    assert_eq!(now() - began, Duration::from_millis(1200));
    assert!(matches!(back.next().await, Some(Err(CallError::Lost(_)))));
    assert_eq!(back.next().await, None);
    assert!(now() - began < Duration::from_secs(2));
    local.is_mute.store(false, Ordering::Relaxed);
    assert_eq!(channel.call(2, echo, bytes("x"), PATIENCE).await, Ok(bytes("x")));
    assert_eq!(local.dialled(), 2);
}

#[tokio::test]
async fn a_slow_call_leaves_its_connection_to_the_others() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    let lost = channel.call(2, HANG, bytes("x"), Duration::from_millis(50)).await;
    assert!(matches!(lost, Err(CallError::Lost(_))));
    let echo = Service { name: "echo", lane: Lane::Bulk };
    assert_eq!(channel.call(2, echo, bytes("x"), PATIENCE).await, Ok(bytes("x")));
    assert_eq!(local.dialled(), 1);
}

#[tokio::test]
async fn calls_beyond_the_bound_of_a_connection_are_turned_away_unsent() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    let bound = Lane::Bulk.limits().in_flight;
    let hanging: Vec<_> =
        (0..bound).map(|_| tokio::spawn(channel.call(2, HANG, bytes("x"), PATIENCE))).collect();
    while local.servant.calls.load(Ordering::Relaxed) < bound {
        tokio::task::yield_now().await;
    }
    let turned_away = channel.call(2, HANG, bytes("x"), PATIENCE).await.unwrap_err();
    assert!(
        matches!(&turned_away, CallError::Unreachable(why) if why.starts_with("overloaded")),
        "{turned_away}"
    );
    for call in hanging {
        call.abort();
        call.await.unwrap_err();
    }
    let echo = Service { name: "echo", lane: Lane::Bulk };
    assert_eq!(
        channel.call(2, echo, bytes("x"), PATIENCE).await,
        Ok(bytes("x")),
        "the places are free again"
    );
}

#[tokio::test]
async fn commands_take_a_second_connection_when_the_first_is_busy() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    let hang = Service { name: "hang", lane: Lane::Commands };
    let _hanging: Vec<_> =
        (0..BUSY).map(|_| tokio::spawn(channel.call(2, hang, bytes("x"), PATIENCE))).collect();
    while local.servant.calls.load(Ordering::Relaxed) < BUSY {
        tokio::task::yield_now().await;
    }
    assert_eq!(local.dialled(), 1);
    assert_eq!(channel.call(2, ECHO, bytes("x"), PATIENCE).await, Ok(bytes("x")));
    assert_eq!(local.dialled(), 2);
}

#[tokio::test]
async fn the_clock_of_a_peer_is_known_from_its_first_answer_on_and_never_ahead() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    assert_eq!(channel.clock_of(2), None);
    channel.call(2, ECHO, bytes("x"), PATIENCE).await.unwrap();
    let shown = channel.clock_of(2).unwrap();
    assert!(shown >= 1000, "{shown}");
    assert_eq!(channel.clock_of(3), None);
    local.kill();
    while channel.clock_of(2).is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_node_that_has_not_joined_may_ask_to_join_and_nothing_else() {
    let local = Local::new(node(2));
    let me = stranger();
    let channel = channel(me.clone(), &local);
    let ask =
        |name| channel.call_address("anywhere", Service { name, lane: Lane::Commands }, bytes("x"), PATIENCE);
    assert_eq!(ask(JOIN).await, Ok(Bytes::copy_from_slice(&STRANGER.to_le_bytes())));
    assert!(matches!(ask("echo").await, Err(CallError::Declined(_))));
    let echo = Service { name: "echo", lane: Lane::Commands };
    let stream = channel.stream(2, echo, messages([]), PATIENCE).await;
    assert!(matches!(stream.err(), Some(CallError::Declined(_))));
    me.belong(Membership { cluster: CLUSTER, node: 7 }).unwrap();
    assert_eq!(channel.call(2, ECHO, bytes("x"), PATIENCE).await, Ok(bytes("x")), "by a new connection");
    assert_eq!(ask("who").await, Ok(Bytes::copy_from_slice(&7_u64.to_le_bytes())));
}
