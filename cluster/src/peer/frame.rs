//! The form of what services say to each other: a version byte, a CRC32C (little-endian) over the version byte and the
//! body, and the body, which is bincode with fixed-width integers or plain bytes. Owns the frame; the records are the
//! services'.
//!
//! Hazard: the bytes come from outside, from another version of this program. No list is allocated for more than the
//! bytes that came can hold, and what is left over behind a record is an error.

use std::fmt;

use bincode::Options;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CallError;

/// Bytes of a frame before its body.
pub const FRAME_BYTES: usize = 5;

/// Why bytes were not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameError {
    what: &'static str,
    why: String,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not understood: {}", self.what, self.why)
    }
}

impl std::error::Error for FrameError {}

/// Who answers says so; who has asked cannot tell what has happened, and makes it a [`CallError::Lost`] itself.
impl From<FrameError> for CallError {
    fn from(error: FrameError) -> Self {
        Self::Declined(error.to_string())
    }
}

fn codec() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding()
}

fn checksum(version: u8, body: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&[version]), body)
}

fn sealed(version: u8, mut frame: Vec<u8>) -> Bytes {
    frame[0] = version;
    let crc = checksum(version, &frame[FRAME_BYTES..]);
    frame[1..FRAME_BYTES].copy_from_slice(&crc.to_le_bytes());
    frame.into()
}

/// A frame of `version` around `value`.
#[must_use]
pub fn encode<T: Serialize>(version: u8, value: &T) -> Bytes {
    let mut frame = vec![0; FRAME_BYTES];
    codec()
        .serialize_into(&mut frame, value)
        .expect("memory takes every record, whose lists know their length");
    sealed(version, frame)
}

/// A frame of `version` around plain bytes.
#[must_use]
pub fn seal(version: u8, body: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(FRAME_BYTES + body.len());
    frame.resize(FRAME_BYTES, 0);
    frame.extend_from_slice(body);
    sealed(version, frame)
}

/// Takes the frame off: the version, and the plain bytes. `what` names it in the error.
///
/// # Errors
/// It is cut short, or a byte is not what was sent.
pub fn open(what: &'static str, frame: &Bytes) -> Result<(u8, Bytes), FrameError> {
    let wrong = |why: &str| FrameError { what, why: why.to_owned() };
    let Some((&[version, a, b, c, d], body)) = frame.split_first_chunk::<FRAME_BYTES>() else {
        return Err(wrong("it is cut short"));
    };
    if checksum(version, body) != u32::from_le_bytes([a, b, c, d]) {
        return Err(wrong("its checksum does not match"));
    }
    Ok((version, frame.slice(FRAME_BYTES..)))
}

/// Reads the record in a frame of `version`. `what` names it in the error.
///
/// # Errors
/// As [`open`]; or it is of another version, or no such record.
pub fn decode<T: DeserializeOwned>(what: &'static str, version: u8, frame: &Bytes) -> Result<T, FrameError> {
    let (came, body) = open(what, frame)?;
    if came != version {
        let why =
            format!("it is of version {came}, and version {version} is spoken here; update the older node");
        return Err(FrameError { what, why });
    }
    codec()
        .with_limit(body.len() as u64)
        .deserialize(&body)
        .map_err(|error| FrameError { what, why: error.to_string() })
}

#[cfg(test)]
mod test {
    use super::*;

    type Record = (u64, String, Vec<u32>);

    fn record() -> Record {
        (7, "seat".to_owned(), vec![1, 2])
    }

    #[test]
    fn version_1_keeps_its_bytes() {
        let frame = encode(1, &(7_u16, "a".to_owned()));
        assert_eq!(hex(&frame), GOLDEN);
        assert_eq!(seal(1, &frame[FRAME_BYTES..]), frame);
        assert_eq!(decode::<(u16, String)>("it", 1, &frame), Ok((7, "a".to_owned())));
    }

    const GOLDEN: &str = "0110fbe3970700010000000000000061";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_frame_that_is_not_what_was_sent_is_refused() {
        let frame = encode(1, &record());
        assert_eq!(decode::<Record>("it", 1, &frame), Ok(record()));
        for cut in 0..frame.len() {
            assert!(decode::<Record>("it", 1, &frame.slice(..cut)).is_err(), "{cut}");
        }
        for at in 0..frame.len() {
            let mut altered = frame.to_vec();
            altered[at] ^= 0x10;
            assert!(decode::<Record>("it", 1, &altered.into()).is_err(), "{at}");
        }
        let newer = decode::<Record>("an answer", 1, &encode(2, &record())).unwrap_err().to_string();
        assert!(newer.starts_with("an answer was not understood: it is of version 2"), "{newer}");
        assert!(decode::<Record>("it", 1, &encode(1, &(record(), 0_u8))).is_err(), "bytes left over");
    }

    #[test]
    fn a_length_beyond_the_bytes_allocates_nothing() {
        let hostile = encode(1, &u64::MAX);
        assert!(decode::<Vec<u8>>("it", 1, &hostile).is_err());
        assert!(decode::<String>("it", 1, &hostile).is_err());
        assert!(decode::<Vec<u64>>("it", 1, &hostile).is_err());
    }
}
