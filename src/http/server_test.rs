use axum::Router;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;
use crate::limits::Networks;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

struct Running {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn start(router: Router, change: impl FnOnce(&mut HttpConfig)) -> Running {
    start_with(router, 0, change).await
}

/// With so many connections of one address, or any number of them.
async fn start_with(router: Router, most: u32, change: impl FnOnce(&mut HttpConfig)) -> Running {
    let mut config = crate::config::load(None, []).unwrap().http;
    change(&mut config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let spawn = |serving| drop(tokio::spawn(serving));
        let own_places = Connections::new(most, Networks::default());
        serve(listener, (Front::routed(router), own_places), &config, spawn, async { drop(stopped.await) })
            .await;
    });
    Running { address, stop, task }
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

async fn read(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn a_sender_of_half_a_head_is_closed() {
    let server = start(hello(), |config| config.header_timeout = Duration::from_millis(50)).await;
    for begun in [&b""[..], b"P", b"GET / HT", b"GET / HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        assert!(!read(&mut stream).await.contains("200"));
    }
}

#[tokio::test]
async fn an_address_with_too_many_connections_gets_no_more() {
    let server = start_with(hello(), 1, |_| {}).await;
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut byte = [0];
    first.peek(&mut byte).await.unwrap();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    assert!(second.read(&mut byte).await.is_ok_and(|read| read == 0), "closed at once");
    first.write_all(REQUEST).await.unwrap();
    assert!(read(&mut first).await.ends_with("hello"));
    // Its place is free when the server has seen it go.
    loop {
        let mut third = TcpStream::connect(server.address).await.unwrap();
        if third.write_all(REQUEST).await.is_ok() && read(&mut third).await.ends_with("hello") {
            break;
        }
    }
}

#[tokio::test]
async fn over_the_limit_a_connection_waits_until_another_closes() {
    let server = start(hello(), |config| config.max_connections = 1).await;
    let first = TcpStream::connect(server.address).await.unwrap();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(REQUEST).await.unwrap();
    let mut byte = [0];
    assert!(tokio::time::timeout(Duration::from_millis(100), second.peek(&mut byte)).await.is_err());
    drop(first);
    assert!(read(&mut second).await.ends_with("hello"));
}

#[tokio::test]
async fn a_running_request_is_finished_and_a_stuck_one_is_not_waited_for() {
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (begun, go_on) = (begun.clone(), go_on.clone());
        move || async move {
            begun.notify_one();
            go_on.notified().await;
            "done"
        }
    };
    let router = Router::new().route("/", get(handler));
    let server = start(router.clone(), |_| {}).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    begun.notified().await;
    server.stop.send(()).unwrap();
    go_on.notify_one();
    assert!(read(&mut stream).await.ends_with("done"));
    server.task.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());

    let server = start(router, |config| config.shutdown_grace = Duration::from_millis(10)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    begun.notified().await;
    server.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), server.task).await.unwrap().unwrap();
}
