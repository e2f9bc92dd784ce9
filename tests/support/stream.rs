//! A reader of the stream of seats, which checks what it is told: versions never go back, and changes come after all seats.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;

use super::{Client, Sale};

const WITHIN: Duration = Duration::from_secs(30);
/// Events that a test has not looked at yet.
const QUEUE: usize = 4_096;

/// One event of a stream; a comment has no name.
#[derive(Debug, Clone)]
pub struct Told {
    pub name: String,
    pub id: Option<u64>,
    pub data: Value,
}

/// An open stream.
pub struct Stream {
    told: mpsc::Receiver<Told>,
    pub head: String,
}

/// The seats as somebody knows them who watches.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seats {
    pub version: u64,
    pub statuses: Vec<u8>,
}

/// Asks for the stream of an event, and hands over the connection.
pub fn ask(client: &Client, event: &str, last: Option<u64>) -> TcpStream {
    let connection = TcpStream::connect(client.address()).expect("the node listens");
    send_request(&connection, event, last);
    connection
}

/// Asks over a connection.
pub fn send_request(mut connection: &TcpStream, event: &str, last: Option<u64>) {
    let last = last.map(|version| format!("last-event-id: {version}\r\n")).unwrap_or_default();
    let request = format!(
        "GET /events/{event}/seats/stream HTTP/1.1\r\nhost: onsale\r\naccept: text/event-stream\r\n{last}\r\n"
    );
    connection.write_all(request.as_bytes()).expect("the node reads");
}

impl Stream {
    /// Opens one that must be answered.
    #[track_caller]
    pub fn open(client: &Client, event: &str, last: Option<u64>) -> Self {
        let mut lines = BufReader::new(ask(client, event, last));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(lines.read_line(&mut head).expect("a head") > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        let (tell, told) = mpsc::sync_channel(QUEUE);
        std::thread::spawn(move || read(lines, &tell));
        Self { told, head }
    }

    /// What is told next, signs of life apart; `None` when the stream has ended.
    #[track_caller]
    pub fn next(&self) -> Option<Told> {
        loop {
            match self.next_of_all() {
                Some(told) if told.name.is_empty() => {}
                told => return told,
            }
        }
    }

    /// The same with signs of life.
    #[track_caller]
    pub fn next_of_all(&self) -> Option<Told> {
        match self.told.recv_timeout(WITHIN) {
            Ok(told) => Some(told),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("nothing was told within {WITHIN:?}"),
        }
    }

    /// Follows until `done` with what is known; fails when the stream ends before.
    #[track_caller]
    pub fn follow(&self, seats: &mut Seats, sale: &Sale, done: impl Fn(&Seats) -> bool) {
        while !done(seats) {
            let told = self.next().unwrap_or_else(|| panic!("the stream ended at {}", seats.version));
            seats.take(&told, sale);
        }
    }
}

/// Reads chunks, and events out of them, until the connection ends.
fn read(mut lines: BufReader<TcpStream>, tell: &mpsc::SyncSender<Told>) {
    let mut text = String::new();
    loop {
        let mut size = String::new();
        if lines.read_line(&mut size).is_err() {
            return;
        }
        let Ok(size) = usize::from_str_radix(size.trim_end(), 16) else { return };
        let mut chunk = vec![0; size + 2];
        if size == 0 || lines.read_exact(&mut chunk).is_err() {
            return;
        }
        text.push_str(std::str::from_utf8(&chunk[..size]).expect("a text"));
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            if tell.send(parse(&event)).is_err() {
                return;
            }
        }
    }
}

fn parse(event: &str) -> Told {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Told {
        name: field("event").unwrap_or_default().to_owned(),
        id: field("id").map(|id| id.parse().expect("a version")),
        data: field("data").map_or(Value::Null, |data| serde_json::from_str(data).expect("JSON")),
    }
}

impl Seats {
    /// As a reader of the binary form sees them.
    pub fn read(client: &Client, event: &str) -> Self {
        let accept = [("accept", "application/vnd.onsale.seats")];
        Self::unpack(&client.send("GET", &format!("/events/{event}/seats"), &accept, None).bytes)
    }

    fn unpack(bytes: &[u8]) -> Self {
        assert_eq!(&bytes[..4], b"OSB1");
        let count = u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes")) as usize;
        let version = u64::from_le_bytes(bytes[8..16].try_into().expect("eight bytes"));
        let status = |seat: usize| bytes[16 + seat / 4] >> (2 * (seat % 4)) & 0b11;
        Self { version, statuses: (0..count).map(status).collect() }
    }

    /// Takes what a stream tells.
    #[track_caller]
    pub fn take(&mut self, told: &Told, sale: &Sale) {
        assert_eq!(told.id, told.data["version"].as_u64(), "{told:?}");
        assert!(matches!(&*told.name, "snapshot" | "seats"), "{told:?}");
        assert_eq!(told.name == "snapshot", told.data["seats"].is_string(), "{told:?}");
        self.learn(&told.data, sale);
    }

    /// Takes what a stream or a poll tells.
    #[track_caller]
    pub fn learn(&mut self, news: &Value, sale: &Sale) {
        let version = news["version"].as_u64().expect("a version");
        assert!(version >= self.version, "from {} back to {version}", self.version);
        if let Some(seats) = news["seats"].as_str() {
            let bytes = base64::engine::general_purpose::STANDARD.decode(seats).expect("base64");
            *self = Self::unpack(&bytes);
        } else {
            assert!(!self.statuses.is_empty(), "changes of nothing: {news}");
            for change in news["changes"].as_array().expect("changes") {
                let seat = sale.tickets.iter().position(|ticket| change["ticketId"] == ticket.as_str());
                let words = ["available", "held", "booked", "blocked"];
                let status = words.iter().position(|word| change["status"] == *word).expect("a status");
                self.statuses[seat.expect("a ticket of the event")] = status as u8;
            }
        }
        assert!(self.version <= version);
        self.version = version;
    }

    pub fn count(&self, status: u8) -> usize {
        self.statuses.iter().filter(|known| **known == status).count()
    }
}
