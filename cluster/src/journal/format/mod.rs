//! Step ⑤: the bytes of everything stored. Owns the frame around each record; the records are in the version modules.
//!
//! A frame is one version byte, a CRC32C (little-endian) over the version byte and the body, and the body. A reader
//! names what it was reading when a byte is wrong. Hazard: bytes once written stay readable for ever; a change of a
//! record is a new version module beside the old one, and old golden bytes stay in the tests.

pub(crate) mod v1;

use std::fmt::Display;
use std::io;

use bincode::Options;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version that is written.
const VERSION: u8 = 1;
/// Bytes of a frame before its body.
pub(crate) const FRAME_BYTES: usize = 5;
/// No record is larger; a length beyond it is damage, not a reason to allocate.
pub(crate) const MAX_RECORD_BYTES: u64 = 1 << 36;

/// The error for stored bytes that are not what was written.
pub(crate) fn damaged(what: &dyn Display, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what} is damaged: {why}"))
}

fn codec() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding().with_limit(MAX_RECORD_BYTES)
}

/// `value` alone, without a frame, for a place inside a framed record.
pub(crate) fn encode_bare<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    codec().serialize(value).map_err(|error| unencodable(&error))
}

/// Reads what [`encode_bare`] wrote; the bytes must end with the value.
pub(crate) fn decode_bare<T: DeserializeOwned>(what: &dyn Display, bytes: &[u8]) -> io::Result<T> {
    codec().deserialize(bytes).map_err(|error| damaged(what, &error.to_string()))
}

/// Reads the first of several values that [`encode_bare`] wrote one behind the other; gives the rest too.
pub(crate) fn decode_first<'a, T: DeserializeOwned>(
    what: &dyn Display,
    mut bytes: &'a [u8],
) -> io::Result<(T, &'a [u8])> {
    let first = codec().allow_trailing_bytes().deserialize_from(&mut bytes);
    Ok((first.map_err(|error| damaged(what, &error.to_string()))?, bytes))
}

/// How many bytes [`encode_bare`] would give.
pub(crate) fn bare_len<T: Serialize>(value: &T) -> io::Result<u64> {
    codec().serialized_size(value).map_err(|error| unencodable(&error))
}

/// A frame around `head` and the raw bytes of `tail`.
pub(crate) fn encode<T: Serialize>(head: &T, tail: &[&[u8]]) -> io::Result<Vec<u8>> {
    let mut frame = vec![VERSION, 0, 0, 0, 0];
    codec().serialize_into(&mut frame, head).map_err(|error| unencodable(&error))?;
    for bytes in tail {
        frame.extend_from_slice(bytes);
    }
    let crc = checksum(frame[0], &frame[FRAME_BYTES..]);
    frame[1..FRAME_BYTES].copy_from_slice(&crc.to_le_bytes());
    Ok(frame)
}

/// Checks the frame, and not what is in it.
pub(crate) fn check(what: &dyn Display, frame: &[u8]) -> io::Result<()> {
    body(what, frame).map(drop)
}

fn body<'a>(what: &dyn Display, frame: &'a [u8]) -> io::Result<&'a [u8]> {
    let Some((&[version, a, b, c, d], body)) = frame.split_first_chunk::<FRAME_BYTES>() else {
        return Err(damaged(what, "it is cut short"));
    };
    if checksum(version, body) != u32::from_le_bytes([a, b, c, d]) {
        return Err(damaged(what, "its checksum does not match"));
    }
    if version != VERSION {
        return Err(damaged(what, &format!("its format version {version} is unknown to this program")));
    }
    Ok(body)
}

/// Checks the frame and reads its head; gives the bytes behind it too.
pub(crate) fn decode_with_tail<'a, T: DeserializeOwned>(
    what: &dyn Display,
    frame: &'a [u8],
) -> io::Result<(T, &'a [u8])> {
    let mut body = body(what, frame)?;
    // No list or text in it can be longer than the frame: a length that claims it allocates nothing.
    let head = codec()
        .with_limit(body.len() as u64)
        .allow_trailing_bytes()
        .deserialize_from(&mut body)
        .map_err(|error| damaged(what, &error.to_string()))?;
    Ok((head, body))
}

/// Checks the frame and reads the one value in it.
pub(crate) fn decode<T: DeserializeOwned>(what: &dyn Display, frame: &[u8]) -> io::Result<T> {
    match decode_with_tail(what, frame)? {
        (value, []) => Ok(value),
        _ => Err(damaged(what, "it has bytes behind its end")),
    }
}

fn checksum(version: u8, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&[version]), body)
}

fn unencodable(error: &bincode::ErrorKind) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("a record cannot be encoded: {error}"))
}
