//! The first words on a connection, and their bytes. `handshake` says them and judges them.
//!
//! A record is eight bytes of magic, the length of its body (u16, little-endian), the body in bincode with fixed-width
//! integers, and a MAC of 32 bytes. This envelope stays for ever, and so do the fields of v1, in their order: a later
//! version adds its own behind them, which an older one passes over. That is how two versions agree on the older.

use std::io;

use bincode::Options;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::me::Mac;
use hmac::Mac as _;

const MAGIC: [u8; 8] = *b"onsale/p";
const HEAD_BYTES: usize = MAGIC.len() + 2;
const MAC_BYTES: usize = 32;
/// No body is longer, of any version.
const MAX_BODY_BYTES: usize = 1 << 10;

/// What the dialling side says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// The oldest protocol version that it speaks.
    pub(crate) oldest: u16,
    /// The newest.
    pub(crate) newest: u16,
    pub(crate) nonce: [u8; 32],
    /// What the connection is for.
    pub(crate) lane: u8,
    /// Its cluster and node; `None` before it has joined.
    pub(crate) member: Option<(u128, u64)>,
    /// The node it means to reach; `None` when it knows an address only.
    pub(crate) wants: Option<u64>,
}

/// What the other side answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reply {
    Welcome(Welcome),
    /// No, and why.
    Refused(String),
}

/// The other side, where it has no objection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Welcome {
    /// The version that will be spoken.
    pub(crate) version: u16,
    pub(crate) nonce: [u8; 32],
    pub(crate) cluster: u128,
    pub(crate) node: u64,
    /// Tells the process from one before it under the same id.
    pub(crate) process: u64,
    /// Its monotonic clock.
    pub(crate) clock_ms: u64,
}

/// A record as it came, its MAC not yet checked.
pub(crate) struct Record {
    pub(crate) body: Vec<u8>,
    mac: [u8; MAC_BYTES],
}

impl Record {
    /// Whether the record's MAC is what `mac` comes to; takes as long for every wrong one.
    pub(crate) fn is_proved_by(&self, mac: Mac) -> bool {
        mac.verify_slice(&self.mac).is_ok()
    }

    /// What the body says; bytes of a later version behind it are passed over.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        codec().allow_trailing_bytes().with_limit(MAX_BODY_BYTES as u64).deserialize(&self.body).ok()
    }
}

fn codec() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding()
}

/// The body of a record.
pub(crate) fn body<T: Serialize>(record: &T) -> Vec<u8> {
    codec().serialize(record).expect("memory takes every record")
}

/// The bytes of a record with `body` and `mac`.
pub(crate) fn envelope(body: &[u8], mac: Mac) -> Vec<u8> {
    let len = u16::try_from(body.len()).expect("a reason is cut before its record can be so long");
    let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len() + MAC_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(&mac.finalize().into_bytes());
    bytes
}

/// Reads one record, and not a byte more; `None` when what comes is no record.
pub(crate) async fn receive<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<Record>> {
    let mut head = [0; HEAD_BYTES];
    stream.read_exact(&mut head).await?;
    let [magic @ .., low, high] = head;
    let len = usize::from(u16::from_le_bytes([low, high]));
    if magic != MAGIC || len > MAX_BODY_BYTES {
        return Ok(None);
    }
    let mut body = vec![0; len];
    stream.read_exact(&mut body).await?;
    let mut mac = [0; MAC_BYTES];
    stream.read_exact(&mut mac).await?;
    Ok(Some(Record { body, mac }))
}

/// Sends the bytes of a record.
pub(crate) async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}
