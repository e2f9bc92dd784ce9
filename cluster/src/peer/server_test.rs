use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::client::conn::http2::{SendRequest, handshake as h2};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::dial::{Connection, Dial as _};
use super::super::now::now;
use super::super::testing::*;
use super::super::{Calls as _, Lane, Service};
use super::*;

/// Somebody who has a session and writes what he likes.
struct Rogue {
    session: Session,
    sender: SendRequest<Outgoing>,
}

impl Rogue {
    async fn to(local: &Arc<Local>) -> Self {
        let mut stream: Connection = To(local.clone()).dial("").await.unwrap();
        let reached = handshake::reach(&mut stream, &node(1), Lane::Commands, Some(2)).await.ok().unwrap();
        let (sender, connection) = h2(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { session: reached.session, sender }
    }

    fn proof(&self, number: u64, body: &'static [u8]) -> Proof {
        let said = Said { kind: Kind::Call, call: number, number: 0, name: "echo", body };
        Proof { kind: Kind::Call, number, tag: self.session.tag(&said) }
    }

    /// What is answered; `None` when nothing is, or nothing that could be believed.
    async fn send(&mut self, service: &str, proof: Proof, body: impl Into<Bytes>) -> Option<(Kind, Bytes)> {
        let request = head::request(service, proof, Outgoing::whole(body.into())).unwrap();
        let response = self.sender.send_request(request).await.ok()?;
        let proof = Proof::of(response.headers())?;
        Some((proof.kind, response.into_body().collect().await.ok()?.to_bytes()))
    }

    async fn is_closed(&mut self) -> bool {
        timeout(PATIENCE, async {
            while !self.sender.is_closed() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .is_ok()
    }
}

fn calls(local: &Local) -> usize {
    local.servant.calls.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_replayed_call_is_not_executed_and_closes_the_connection() {
    let local = Local::new(node(2));
    let mut rogue = Rogue::to(&local).await;
    let proof = rogue.proof(5, b"pay");
    assert_eq!(rogue.send("echo", proof, "pay").await, Some((Kind::Answer, "pay".into())));
    assert_eq!(rogue.send("echo", proof, "pay").await, None);
    assert!(rogue.is_closed().await);
    assert_eq!(calls(&local), 1);

    let mut elsewhere = Rogue::to(&local).await;
    assert_eq!(elsewhere.send("echo", proof, "pay").await, None, "nor on another connection");
    assert!(elsewhere.is_closed().await);
    assert_eq!(calls(&local), 1);
}

#[tokio::test]
async fn calls_may_come_in_any_order_each_once() {
    let local = Local::new(node(2));
    let mut rogue = Rogue::to(&local).await;
    for number in [3, 1, 2, 900, 4] {
        let proof = rogue.proof(number, b"a");
        assert!(rogue.send("echo", proof, "a").await.is_some(), "{number}");
    }
    let again = rogue.proof(2, b"a");
    assert_eq!(rogue.send("echo", again, "a").await, None);
}

#[tokio::test]
async fn what_does_not_match_its_proof_is_not_executed() {
    let local = Local::new(node(2));
    for (service, body, change) in
        [("echo", "pax", 0), ("who", "pay", 0), ("echo", "pay", 1), ("echo", "pay", 2), ("echo", "", 0)]
    {
        let mut rogue = Rogue::to(&local).await;
        let mut proof = rogue.proof(1, b"pay");
        match change {
            1 => proof.number = 2,
            2 => proof.kind = Kind::Answer,
            _ => {}
        }
        assert_eq!(rogue.send(service, proof, body).await, None, "{service} {body} {change}");
        assert!(rogue.is_closed().await);
    }
    assert_eq!(calls(&local), 0);
}

#[tokio::test]
async fn a_body_over_the_limit_is_declined_without_effect() {
    let local = Local::new(node(2));
    let mut rogue = Rogue::to(&local).await;
    let proof = rogue.proof(1, b"");
    let large = vec![0; Lane::Commands.limits().body + 1];
    let (kind, why) = rogue.send("echo", proof, large.clone()).await.unwrap();
    assert_eq!((kind, why), (Kind::Declined, "the body is over the limit of its lane, 4194304 bytes".into()));
    assert_eq!(calls(&local), 0);
    let channel = channel(node(1), &local);
    let unsent = channel.call(2, ECHO, large.into(), PATIENCE).await;
    assert!(matches!(unsent, Err(CallError::Declined(_))));
    assert_eq!(local.dialled(), 1, "our own is not even sent");
}

#[tokio::test]
async fn a_call_that_was_altered_on_the_way_is_lost_and_not_executed() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    *local.to_server.lock().unwrap() = Some(flip_after(b"alter "));
    let altered = channel.call(2, ECHO, "alter this".into(), PATIENCE).await;
    assert!(matches!(altered, Err(CallError::Lost(_))), "{altered:?}");
    assert_eq!(calls(&local), 0);
    assert_eq!(channel.call(2, ECHO, "not this".into(), PATIENCE).await, Ok("not this".into()));
    assert_eq!(local.dialled(), 2);
}

#[tokio::test]
async fn an_answer_that_was_altered_on_the_way_is_not_believed() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    *local.to_caller.lock().unwrap() = Some(flip_after(b"alter "));
    let altered = channel.call(2, ECHO, "alter this".into(), PATIENCE).await;
    assert!(matches!(altered, Err(CallError::Lost(_))), "{altered:?}");
    assert_eq!(channel.call(2, ECHO, "not this".into(), PATIENCE).await, Ok("not this".into()));
    assert_eq!(local.dialled(), 2);
}

#[tokio::test]
async fn a_message_of_a_stream_that_was_altered_ends_the_connection() {
    let echo = Service { name: "echo", lane: Lane::Raft };
    for direction in 0..2 {
        let local = Local::new(node(2));
        let channel = channel(node(1), &local);
        let tap = if direction == 0 { &local.to_server } else { &local.to_caller };
        *tap.lock().unwrap() = Some(flip_after(b"alter "));
        let input = messages(["good".into(), "alter this".into(), "late".into()]);
        let back: Vec<_> = match channel.stream(2, echo, input, PATIENCE).await {
            Ok(back) => back.collect().await,
            Err(error) => vec![Err(error)],
        };
        assert!(matches!(back.last(), Some(Err(CallError::Lost(_)))), "{back:?}");
        assert!(back.iter().flatten().all(|message| message == "good"), "{back:?}");
    }
}

/// A connection to `local` without any manners.
async fn raw(local: &Arc<Local>) -> Connection {
    To(local.clone()).dial("").await.unwrap()
}

#[tokio::test]
async fn garbage_closes_its_own_connection_only() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    channel.call(2, ECHO, "a".into(), PATIENCE).await.unwrap();
    for garbage in [
        &b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &[0xff; 4096],
        b"onsale/p\xff\xff",
    ] {
        let mut stranger = raw(&local).await;
        // The other side may have hung up before it has all.
        stranger.write_all(garbage).await.unwrap_or_default();
        let mut heard = Vec::new();
        timeout(PATIENCE, stranger.read_to_end(&mut heard)).await.unwrap().unwrap_or_default();
        assert_eq!(heard, b"", "nothing is said to a stranger");
    }
    assert_eq!(channel.call(2, ECHO, "a".into(), PATIENCE).await, Ok("a".into()));
    assert_eq!(local.dialled(), 5, "the node's own connection goes on");
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_is_gone_after_five_seconds() {
    let local = Local::new(node(2));
    let mut stranger = raw(&local).await;
    let began = now();
    stranger.write_all(b"onsa").await.unwrap();
    let mut heard = Vec::new();
    stranger.read_to_end(&mut heard).await.unwrap();
    assert_eq!(now() - began, Duration::from_secs(5));
}

#[tokio::test]
async fn the_garbage_of_a_peer_closes_its_own_connection_only() {
    let local = Local::new(node(2));
    let channel = channel(node(1), &local);
    channel.call(2, ECHO, "a".into(), PATIENCE).await.unwrap();
    let mut stream = raw(&local).await;
    handshake::reach(&mut stream, &node(1), Lane::Commands, Some(2)).await.ok().unwrap();
    stream.write_all(&[0x5a; 4096]).await.unwrap();
    let mut heard = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut heard)).await.unwrap().unwrap_or_default();
    assert_eq!(channel.call(2, ECHO, "a".into(), PATIENCE).await, Ok("a".into()));
    assert_eq!(local.dialled(), 2);
}
