//! Bodies that are put together of pieces, each deflated once: a deflated piece that nothing before it is referred from, and
//! that ends at a whole byte, can stand anywhere in a stream. So the 49,999 seats that did not change are copied.
//!
//! Owns the framing of gzip (RFC 1952) around them. Hazard: the checksum is that of all that is in the stream, and is put
//! together of those of the pieces.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// Tickets differ in few places, which the higher levels find; the next level costs twice as much for a tenth less.
const LEVEL: u32 = 8;
/// Deflated, no name, no time, no word on the system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The last block, an empty one.
const END: [u8; 2] = [3, 0];

/// Some bytes of a body, deflated.
#[derive(Debug)]
pub(super) struct Block {
    deflated: Bytes,
    crc: Crc,
}

impl Block {
    /// Of these bytes.
    pub(super) fn of(plain: &[u8]) -> Self {
        let mut encoder =
            DeflateEncoder::new(Vec::with_capacity(plain.len() / 16 + 64), Compression::new(LEVEL));
        encoder.write_all(plain).expect("a vector takes everything");
        encoder.flush().expect("a vector takes everything");
        Self { deflated: std::mem::take(encoder.get_mut()).into(), crc: sum(plain) }
    }

    /// Of a single byte, not deflated, as there is nothing to gain.
    pub(super) fn byte(byte: u8) -> Self {
        Self { deflated: vec![0, 1, 0, 0xfe, 0xff, byte].into(), crc: sum(&[byte]) }
    }
}

fn sum(plain: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(plain);
    crc
}

/// A stream of all these.
pub(super) fn gzip(blocks: &[&Block]) -> Vec<u8> {
    let bytes: usize = blocks.iter().map(|block| block.deflated.len()).sum();
    let mut stream = Vec::with_capacity(HEAD.len() + bytes + END.len() + 8);
    stream.extend_from_slice(&HEAD);
    let mut crc = Crc::new();
    for block in blocks {
        stream.extend_from_slice(&block.deflated);
        crc.combine(&block.crc);
    }
    stream.extend_from_slice(&END);
    stream.extend_from_slice(&crc.sum().to_le_bytes());
    stream.extend_from_slice(&crc.amount().to_le_bytes());
    stream
}

#[cfg(test)]
mod test {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn pieces_in_any_order_are_one_stream() {
        let words = ["", "one ", "two two two two ", "x"].map(|word| word.repeat(300));
        let blocks: Vec<Block> = words.iter().map(|word| Block::of(word.as_bytes())).collect();
        let comma = Block::byte(b',');
        for order in [&[0, 1, 2, 3][..], &[3, 2, 1, 0], &[2, 2, 1], &[]] {
            let mut all: Vec<&Block> = Vec::new();
            let mut plain = String::new();
            for at in order {
                all.extend([&blocks[*at], &comma]);
                plain.push_str(&words[*at]);
                plain.push(',');
            }
            let stream = gzip(&all);
            let mut decoder = flate2::read::GzDecoder::new(&stream[..]);
            let mut text = String::new();
            decoder.read_to_string(&mut text).unwrap();
            assert_eq!(text, plain);
            assert!(decoder.into_inner().is_empty(), "there is one stream and nothing behind it");
        }
    }
}
