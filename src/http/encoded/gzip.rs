//! Pieces of a deflated stream. Owns the framing of gzip (RFC 1952) around them. Hazard: the checksum is that of all that is
//! in the stream, and is put together of those of the pieces.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use super::block::Block;

/// Tickets differ in few places, which the higher levels find; the next level costs twice as much for a tenth less.
const LEVEL: u32 = 8;
/// Deflated, no name, no time, no word on the system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The last block, an empty one.
const END: [u8; 2] = [3, 0];

/// Some bytes of a body, deflated.
#[derive(Debug)]
pub(super) struct Gzip {
    deflated: Bytes,
    crc: Crc,
}

impl Block for Gzip {
    fn of(plain: &[u8]) -> Self {
        let mut encoder =
            DeflateEncoder::new(Vec::with_capacity(plain.len() / 16 + 64), Compression::new(LEVEL));
        encoder.write_all(plain).expect("a vector takes everything");
        encoder.flush().expect("a vector takes everything");
        Self { deflated: std::mem::take(encoder.get_mut()).into(), crc: sum(plain) }
    }

    fn byte(byte: u8) -> Self {
        Self { deflated: vec![0, 1, 0, 0xfe, 0xff, byte].into(), crc: sum(&[byte]) }
    }

    fn stream(blocks: &[&Self]) -> Vec<u8> {
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
}

fn sum(plain: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(plain);
    crc
}

#[cfg(test)]
mod test {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn pieces_in_any_order_are_one_stream() {
        super::super::block::test::pieces_in_any_order_are_one_stream::<Gzip>(|stream| {
            let mut decoder = flate2::read::GzDecoder::new(stream);
            let mut plain = Vec::new();
            decoder.read_to_end(&mut plain).unwrap();
            assert!(decoder.into_inner().is_empty(), "there is one stream and nothing behind it");
            plain
        });
    }
}
