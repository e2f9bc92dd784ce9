//! Pieces of a brotli stream (RFC 7932). Owns what stands around them, and the settings that keep them apart.

use ::brotli::enc::{BrotliCompress, BrotliEncoderParams};
use bytes::Bytes;

use super::block::Block;

/// Tickets differ in few places, which this level finds; the next ones cost several times as much.
const LEVEL: i32 = 5;
/// The binary logarithm of how far back is looked: a piece is shorter.
const WINDOW: i32 = 16;
/// That window, and an empty block to the end of the byte.
const HEAD: [u8; 1] = [0b0000_1100];
/// The last block, an empty one.
const END: [u8; 1] = [0b11];

/// Some bytes of a body.
#[derive(Debug)]
pub(super) struct Brotli(Bytes);

impl Block for Brotli {
    fn of(plain: &[u8]) -> Self {
        if plain.is_empty() {
            return Self(Bytes::new());
        }
        let params = BrotliEncoderParams {
            quality: LEVEL,
            lgwin: WINDOW,
            size_hint: plain.len(),
            catable: true,
            appendable: true,
            byte_align: true,
            bare_stream: true,
            use_dictionary: false,
            ..BrotliEncoderParams::default()
        };
        let mut packed = Vec::with_capacity(plain.len() / 16 + 64);
        BrotliCompress(&mut &*plain, &mut packed, &params).expect("a vector takes everything");
        packed.shrink_to_fit();
        Self(packed.into())
    }

    fn byte(byte: u8) -> Self {
        // A block that is not packed, of one byte: its length less one in sixteen bits, and what marks it.
        Self(vec![0, 0, 0b1000, byte].into())
    }

    fn stream(blocks: &[&Self]) -> Vec<u8> {
        let parts = [&HEAD[..]].into_iter().chain(blocks.iter().map(|block| &*block.0)).chain([&END[..]]);
        parts.collect::<Vec<_>>().concat()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn pieces_in_any_order_are_one_stream() {
        super::super::block::test::pieces_in_any_order_are_one_stream::<Brotli>(|stream| {
            let mut plain = Vec::new();
            ::brotli::BrotliDecompress(&mut &*stream, &mut plain).unwrap();
            plain
        });
    }
}
