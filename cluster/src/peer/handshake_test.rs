use std::sync::Arc;

use super::super::testing::*;
use super::super::*;
use super::*;

/// Both sides of a handshake.
async fn shake(
    caller: &Arc<Me>,
    wants: Option<NodeId>,
    server: &Arc<Me>,
) -> (Result<Reached, String>, Result<Admitted, String>) {
    let (mut near, mut far) = tokio::io::duplex(1 << 16);
    let calling = async {
        let reached = reach(&mut near, caller, Lane::Bulk, wants).await;
        // Closing tells the other side that no proof will come.
        drop(near);
        reached
    };
    let clock = clock(77);
    tokio::join!(calling, admit(&mut far, server, &*clock))
}

#[tokio::test]
async fn two_nodes_of_a_cluster_make_the_same_session() {
    let (reached, admitted) = shake(&node(1), Some(2), &node(2)).await;
    let (reached, admitted) = (reached.ok().unwrap(), admitted.ok().unwrap());
    assert_eq!((reached.node, reached.clock_ms), (2, 77));
    assert_eq!((admitted.from, admitted.lane), (Some(1), Lane::Bulk));
    let said = session::Said { kind: session::Kind::Call, call: 1, number: 0, name: "echo", body: b"x" };
    assert!(admitted.session.proves(&said, &reached.session.tag(&said)));
    let (_, stranger) = shake(&stranger(), None, &node(2)).await;
    assert_eq!(stranger.ok().unwrap().from, None);
}

/// Both sides' words when there is no session.
async fn refused(caller: &Arc<Me>, wants: Option<NodeId>, server: &Arc<Me>) -> (String, String) {
    let (reached, admitted) = shake(caller, wants, server).await;
    (reached.err().unwrap(), admitted.err().unwrap())
}

fn assert_both(both: &(String, String), words: &str) {
    assert!(both.0.contains(words), "the caller is told: {}", both.0);
    assert!(both.1.contains(words), "the other side says: {}", both.1);
}

#[tokio::test]
async fn another_secret_is_refused_by_both() {
    let other =
        Me::new(PeerSecret::new(b"the secret of somebody else").unwrap(), Arc::new(Counting::default()));
    other.belong(Membership { cluster: CLUSTER, node: 1 }).unwrap();
    assert_both(&refused(&other, Some(2), &node(2)).await, "give all nodes of a cluster the same one");
}

#[tokio::test]
async fn another_cluster_another_node_and_a_twin_are_refused() {
    let other = stranger();
    other.belong(Membership { cluster: ClusterId(1), node: 1 }).unwrap();
    assert_both(&refused(&other, Some(2), &node(2)).await, "another cluster");
    assert_both(
        &refused(&node(1), Some(2), &node(1 << 32 | 3)).await,
        "you reached node 3 life 1, not node 2 life 0",
    );
    assert_both(&refused(&node(2), Some(2), &node(2)).await, "the caller is node 2 life 0 too");
    assert_both(&refused(&node(1), Some(2), &stranger()).await, "has not joined a cluster yet");
}

fn speaking(id: NodeId, spoken: std::ops::RangeInclusive<u16>) -> Arc<Me> {
    let me = Me::speaking(spoken, secret(), Arc::new(Counting::default()));
    me.belong(Membership { cluster: CLUSTER, node: id }).unwrap();
    me
}

#[tokio::test]
async fn two_versions_speak_the_newest_that_both_know() {
    for (caller, server, chosen) in
        [(1..=1, 1..=2, 1), (1..=2, 1..=1, 1), (1..=3, 2..=4, 3), (2..=2, 1..=2, 2)]
    {
        let (reached, admitted) = shake(&speaking(1, caller), Some(2), &speaking(2, server)).await;
        assert_eq!(reached.ok().unwrap().session.version, chosen);
        assert_eq!(admitted.ok().unwrap().session.version, chosen);
    }
    for (caller, server) in [(1..=1, 2..=3), (3..=4, 1..=2)] {
        let both = refused(&speaking(1, caller), Some(2), &speaking(2, server)).await;
        assert_both(&both, "update the older node");
    }
}

#[tokio::test]
async fn a_node_of_v1_and_one_of_v1_and_v2_talk() {
    let local = Local::new(speaking(2, 1..=2));
    let channel = channel(speaking(1, 1..=1), &local);
    let body = Bytes::from_static(b"x");
    assert_eq!(channel.call(2, ECHO, body.clone(), PATIENCE).await, Ok(body));
}

#[tokio::test]
async fn a_copied_hello_does_not_get_in() {
    let (mut near, mut far) = tokio::io::duplex(1 << 16);
    let hello = hello_of_v1();
    let copy = async {
        hello::send(&mut near, &hello).await.unwrap();
        assert!(hello::receive(&mut near).await.unwrap().is_some());
        // Whatever the copier says now, it does not have the key.
        hello::send(&mut near, &hello).await.unwrap();
    };
    let (node, clock) = (node(2), clock(0));
    let (_, admitted) = tokio::join!(copy, admit(&mut far, &node, &*clock));
    assert!(admitted.err().unwrap().contains("its hello was a copy"));
}

fn hello_of_v1() -> Vec<u8> {
    let hello = Hello {
        oldest: 1,
        newest: 1,
        nonce: [7; 32],
        lane: Lane::Commands.to_wire(),
        member: Some((CLUSTER.0, 1 << 32 | 1)),
        wants: Some(2),
    };
    let body = hello::body(&hello);
    hello::envelope(&body, secret().mac(HELLO, &[&body]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_hello_of_version_1_keeps_its_bytes() {
    assert_eq!(hex(&hello_of_v1()), HELLO_V1);
}

#[test]
fn the_welcome_of_version_1_keeps_its_bytes() {
    let welcome =
        Welcome { version: 1, nonce: [8; 32], cluster: CLUSTER.0, node: 2, process: 3, clock_ms: 4 };
    assert_eq!(hex(&hello::body(&Reply::Welcome(welcome))), WELCOME_V1);
    assert_eq!(hex(&hello::body(&Reply::Refused("no".to_owned()))), "0100000002000000000000006e6f");
}

const HELLO_V1: &str = "6f6e73616c652f7047000100010007070707070707070707070707070707070707070707070707070707070707\
    070101c10000000000000000000000000000000100000001000000010200000000000000b38d1120f22ea77fd9\
    69d68aa29764936fa9b9e7046b8f08fdbaae40e0f9ae34";
const WELCOME_V1: &str = "0000000001000808080808080808080808080808080808080808080808080808080808080808c1000000000000\
    000000000000000000020000000000000003000000000000000400000000000000";

#[tokio::test]
async fn a_hello_with_more_fields_is_read_and_one_with_fewer_is_not() {
    let record = |body: Vec<u8>| async move {
        let bytes = hello::envelope(&body, secret().mac(HELLO, &[&body]));
        hello::receive(&mut &bytes[..]).await.unwrap().unwrap()
    };
    let whole = hello_of_v1();
    let body = whole[10..whole.len() - 32].to_vec();
    let longer = [&body[..], b"more"].concat();
    assert!(judge_hello(&node(2), &record(longer).await).is_ok());
    for cut in 0..body.len() {
        assert!(judge_hello(&node(2), &record(body[..cut].to_vec()).await).is_err(), "{cut}");
    }
}

#[tokio::test]
async fn every_altered_byte_of_a_hello_is_noticed() {
    let whole = hello_of_v1();
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at] ^= 0x20;
        if let Ok(Some(record)) = hello::receive(&mut &altered[..]).await {
            assert!(judge_hello(&node(2), &record).is_err(), "{at}");
        }
    }
}
