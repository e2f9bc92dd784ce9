//! What other nodes say, for fuzzers.

use axum::body::Bytes;

use super::relay;
use super::wire::{Batch, Outcomes};
use crate::fuzzed::both;

/// Commands, and what came of them.
pub fn forwarded(bytes: &[u8]) {
    for frame in both(bytes) {
        if let Ok(batch) = Batch::decode(&frame) {
            assert_eq!(Batch::decode(&batch.encode()).as_ref(), Ok(&batch));
        }
        if let Ok(outcomes) = Outcomes::decode(&frame) {
            assert_eq!(Outcomes::decode(&outcomes.encode()).as_ref(), Ok(&outcomes));
        }
    }
}

/// Whole requests and their answers: the first byte says how long the head is, where it is sealed.
pub fn relayed(bytes: &[u8]) {
    relay::read_any(&Bytes::copy_from_slice(bytes));
    let Some((length, rest)) = bytes.split_first() else { return };
    let (head, body) = rest.split_at_checked(usize::from(*length)).unwrap_or((rest, &[]));
    for head in both(head) {
        let length = u32::try_from(head.len()).expect("a few hundred bytes");
        relay::read_any(&[&length.to_le_bytes()[..], &head, body].concat().into());
    }
}
