//! Readers that ask for one thing again and again, over connections of their own, and throw away what they get.
//!
//! Owns: a reader with as little work as can be, because it shares the cores with the server it measures.

use anyhow::{Context, bail, ensure};
use hdrhistogram::Histogram;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::ambient::Clock;

const BUFFER_BYTES: usize = 256 << 10;

/// What came of a turn.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) per_second: f64,
    /// Of an answer's body.
    pub(super) bytes: u64,
    pub(super) latency_us: Histogram<u64>,
}

/// A keep-alive connection.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) authority: String,
    /// The whole head of the request.
    pub(super) request: String,
}

impl Wanted {
    /// `path` there, with these header lines.
    pub(super) fn new(authority: &str, path: &str, headers: &str) -> Self {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\n{headers}\r\n");
        Self { authority: authority.to_owned(), request }
    }

    /// The body, once.
    pub(super) async fn once(&self) -> anyhow::Result<Vec<u8>> {
        let (mut connection, mut body) = (self.connect().await?, Vec::new());
        let Connection { stream, buffer } = &mut connection;
        self.fetch(stream, buffer, |bytes| body.extend_from_slice(bytes)).await?;
        Ok(body)
    }

    /// A connection to read over.
    pub(super) async fn connect(&self) -> anyhow::Result<Connection> {
        Ok(Connection { stream: TcpStream::connect(&self.authority).await?, buffer: vec![0; BUFFER_BYTES] })
    }

    /// Reads it over `connection` and throws it away; how many bytes the body had.
    pub(super) async fn fetch_over(&self, connection: &mut Connection) -> anyhow::Result<u64> {
        self.fetch(&mut connection.stream, &mut connection.buffer, |_| {}).await
    }

    async fn fetch(
        &self,
        stream: &mut TcpStream,
        buffer: &mut [u8],
        mut keep: impl FnMut(&[u8]),
    ) -> anyhow::Result<u64> {
        stream.write_all(self.request.as_bytes()).await?;
        let head = read_head(stream, buffer).await?;
        keep(&buffer[head.end..head.have]);
        let mut left = head.length.checked_sub((head.have - head.end) as u64).context(MORE)?;
        while left > 0 {
            let read = stream.read(buffer).await?;
            ensure!(read > 0, "the connection ended in the middle of an answer");
            keep(&buffer[..read]);
            left = left.checked_sub(read as u64).context(MORE)?;
        }
        Ok(head.length)
    }
}

const MORE: &str = "more came than was announced";

struct Head {
    /// Bytes in the buffer, those of the body among them.
    have: usize,
    /// Where the body begins.
    end: usize,
    length: u64,
}

async fn read_head(stream: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<Head> {
    let mut have = 0;
    loop {
        let read = stream.read(&mut buffer[have..]).await?;
        ensure!(read > 0, "the connection ended instead of an answer");
        have += read;
        let Some(end) = buffer[..have].windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..end])?;
        if !text.starts_with("HTTP/1.1 200 ") {
            bail!("it was answered {}", text.lines().next().unwrap_or_default());
        }
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            if name.eq_ignore_ascii_case("content-length") { value.trim().parse().ok() } else { None }
        });
        return Ok(Head { have, end: end + 4, length: length.context("an answer without a length")? });
    }
}

/// Has so many readers fetch `wanted`, each again as soon as it has it, for so long.
pub(super) async fn fetch_for(wanted: &Wanted, readers: usize, turn: Duration) -> anyhow::Result<Fetched> {
    let clock = Clock::start();
    let mut all = JoinSet::new();
    for _ in 0..readers {
        let wanted = wanted.clone();
        all.spawn(async move {
            let mut connection = wanted.connect().await?;
            let (mut bytes, mut times) = (0, Vec::new());
            while u128::from(clock.now_us()) < turn.as_micros() {
                let asked = clock.now_us();
                bytes = wanted.fetch_over(&mut connection).await?;
                times.push(clock.now_us() - asked);
            }
            Ok::<_, anyhow::Error>((bytes, times))
        });
    }
    let (mut latency_us, mut size) = (Histogram::new(3)?, 0);
    while let Some(done) = all.join_next().await {
        let (bytes, times) = done??;
        size = size.max(bytes);
        for time in times {
            latency_us.record(time)?;
        }
    }
    let seconds = clock.now_us() as f64 / 1e6;
    Ok(Fetched { per_second: latency_us.len() as f64 / seconds, bytes: size, latency_us })
}
