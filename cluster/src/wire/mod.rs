//! The compact form of messages that leave the node: between partners and the node now, between nodes wherever they
//! forward. Owns the frame and its limits; each kind of message is a module beside this one.
//!
//! A frame is one version byte, a CRC32C (little-endian) over the version byte and the body, and the body in bincode with
//! fixed-width integers. Hazard: the bytes come from outside. A list says how many it has before they come, so every
//! list that is read has a bound that is checked before anything is allocated for it.

mod counted;
mod holds;

use std::fmt;

use bincode::Options;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use counted::Counted;
pub use holds::{HoldItem, HoldMessage, HoldOutcome, HoldResults, Holds, MAX_BATCH, Wanted};

/// The version that is written and read.
const VERSION: u8 = 1;
/// Bytes of a frame before its body.
const FRAME_BYTES: usize = 5;

/// Why a frame is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireError {
    /// It ends within its first five bytes.
    CutShort,
    /// A byte is not what was sent.
    Checksum,
    /// It is of another version than this program speaks.
    Version(u8),
    /// The frame is sound and its body is no message, which the text explains.
    Body(String),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutShort => f.write_str("it has fewer bytes than a frame begins with"),
            Self::Checksum => {
                f.write_str("its checksum does not match: it was cut short or changed on the way")
            }
            Self::Version(version) => {
                write!(f, "its version is {version}, and version {VERSION} is spoken here")
            }
            Self::Body(why) => write!(f, "its body is not a message: {why}"),
        }
    }
}

impl std::error::Error for WireError {}

fn codec() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding()
}

/// The frame of `message`.
///
/// # Panics
/// Where `message` has a list that does not know its length.
#[must_use]
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    let mut frame = vec![VERSION, 0, 0, 0, 0];
    codec()
        .serialize_into(&mut frame, message)
        .expect("memory takes every message, whose lists know their length");
    let crc = checksum(VERSION, &frame[FRAME_BYTES..]);
    frame[1..FRAME_BYTES].copy_from_slice(&crc.to_le_bytes());
    frame
}

/// How many bytes `message` takes within a frame.
///
/// # Panics
/// As [`encode`].
#[must_use]
pub fn size<T: Serialize>(message: &T) -> u64 {
    codec().serialized_size(message).expect("every list of a message knows its length")
}

/// The message in `frame`, all of it.
///
/// # Errors
/// [`WireError`] where a byte is wrong, missing or too many, or a list is out of bounds.
pub fn decode<T: DeserializeOwned>(frame: &[u8]) -> Result<T, WireError> {
    let Some((&[version, a, b, c, d], body)) = frame.split_first_chunk::<FRAME_BYTES>() else {
        return Err(WireError::CutShort);
    };
    if checksum(version, body) != u32::from_le_bytes([a, b, c, d]) {
        return Err(WireError::Checksum);
    }
    if version != VERSION {
        return Err(WireError::Version(version));
    }
    let options = codec().with_limit(body.len() as u64);
    options.deserialize(body).map_err(|error| WireError::Body(error.to_string()))
}

fn checksum(version: u8, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&[version]), body)
}
