//! Golden bytes: a partner's client was written against them. When one of these fails, the format has changed: that is
//! another version, beside this one.

use std::fmt::Write as _;

use super::super::{FRAME_BYTES, checksum};
use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn seats(numbers: &[u32]) -> Wanted {
    Wanted::Seats(Counted::new(numbers.iter().copied().map(SeatIndex::new).collect()).unwrap())
}

fn holds() -> HoldMessage {
    let best = BestWish {
        quantity: 2,
        section: Some(1),
        category: None,
        max_price_minor: Some(5000),
        accessible: false,
    };
    let items = vec![
        HoldItem { key: Some([0xab; 16]), wanted: seats(&[3, 4]), ttl_seconds: Some(120) },
        HoldItem { key: None, wanted: Wanted::Best(best), ttl_seconds: None },
    ];
    HoldMessage::Holds(Counted::new(items).unwrap())
}

fn results() -> HoldMessage {
    let outcomes = vec![
        HoldOutcome::Held {
            hold: HoldNumber::new(7),
            tickets: [PricedSeat { seat: SeatIndex::new(3), price_minor: 2500, price_type: 0 }].into(),
            created_at: UnixMillis::new(1_700_000_000_000),
            expires_at: UnixMillis::new(1_700_000_120_000),
        },
        HoldOutcome::SeatUnavailable { seats: vec![(SeatIndex::new(4), SeatStatus::Booked)] },
        HoldOutcome::SoldOut,
        HoldOutcome::NotOnSale { opens_at: Some(UnixMillis::new(1_800_000_000_000)) },
        HoldOutcome::LimitExceeded { limit: 4 },
        HoldOutcome::KeyReused,
        HoldOutcome::NotFound,
        HoldOutcome::Invalid { pointer: "/a".into(), message: "b".into() },
        HoldOutcome::Overloaded,
        HoldOutcome::OwnerUnavailable,
    ];
    HoldMessage::Results(Counted::new(outcomes).unwrap())
}

/// A frame around any bytes, with a checksum that matches.
fn framed(version: u8, body: &[u8]) -> Vec<u8> {
    let crc = checksum(version, body).to_le_bytes();
    [&[version], &crc[..], body].concat()
}

/// Spaces for the reader's eye: version, checksum, then one field after the other.
fn golden(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn holds_have_these_bytes() {
    assert_eq!(hex(&holds().encode()), golden(HOLDS));
    assert_eq!(HoldMessage::decode(&holds().encode()), Ok(holds()));
}

const HOLDS: &str = "
    01 9f64e8bc
    00000000 0200000000000000
    01 abababababababababababababababab
    00000000 0200000000000000 03000000 04000000
    01 78000000
    00
    01000000 02000000 01 01000000 00 01 8813000000000000 00
    00
";

#[test]
fn the_page_shows_these_bytes() {
    let page = include_str!("../../../docs/batch.md");
    let example = page.split("### An example").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    // Bytes and their meaning are three spaces apart.
    let bytes = example.lines().filter_map(|line| line.trim_start().split("   ").next());
    assert_eq!(golden(&bytes.collect::<Vec<_>>().join(" ")), golden(HOLDS));
}

#[test]
fn results_have_these_bytes() {
    assert_eq!(hex(&results().encode()), golden(RESULTS));
    assert_eq!(HoldMessage::decode(&results().encode()), Ok(results()));
}

const RESULTS: &str = "
    01 b3c19b66
    01000000 0a00000000000000
    00000000 07000000
    0100000000000000 03000000 c409000000000000 00
    0068e5cf8b010000 c03ce7cf8b010000
    01000000 0100000000000000 04000000 02000000
    02000000
    03000000 01 00505c18a3010000
    04000000 04000000
    05000000
    06000000
    07000000 0200000000000000 2f61 0100000000000000 62
    08000000
    09000000
";

#[test]
fn every_flipped_bit_and_every_cut_is_found() {
    for whole in [holds().encode(), results().encode()] {
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(HoldMessage::decode(&flipped), Err(WireError::Checksum), "bit {bit}");
        }
        for length in 0..whole.len() {
            let error = HoldMessage::decode(&whole[..length]).unwrap_err();
            let expected = if length < FRAME_BYTES { WireError::CutShort } else { WireError::Checksum };
            assert_eq!(error, expected, "cut to {length}");
        }
    }
}

#[test]
fn a_sound_frame_around_anything_else_is_refused() {
    for whole in [holds().encode(), results().encode()] {
        let body = &whole[FRAME_BYTES..];
        assert_eq!(HoldMessage::decode(&framed(2, body)), Err(WireError::Version(2)));
        for length in 0..body.len() {
            let cut = HoldMessage::decode(&framed(1, &body[..length]));
            assert!(matches!(cut, Err(WireError::Body(_))), "cut to {length}: {cut:?}");
        }
        let longer = HoldMessage::decode(&framed(1, &[body, &[0]].concat()));
        assert!(matches!(longer, Err(WireError::Body(_))), "{longer:?}");
    }
}

#[test]
fn a_length_is_not_believed() {
    let (kind, no_key, exact) = (0_u32.to_le_bytes(), [0_u8], 0_u32.to_le_bytes());
    for length in [0, MAX_BATCH as u64 + 1, u64::from(u32::MAX), u64::MAX] {
        let body = [&kind[..], &length.to_le_bytes()].concat();
        let error = HoldMessage::decode(&framed(1, &body)).unwrap_err();
        assert!(error.to_string().ends_with("must have 1 to 512 elements"), "{length}: {error}");
    }
    for length in [MAX_HOLD_TICKETS as u64 + 1, u64::from(u32::MAX), u64::MAX] {
        let one = 1_u64.to_le_bytes();
        let body = [&kind[..], &one, &no_key, &exact, &length.to_le_bytes()].concat();
        let error = HoldMessage::decode(&framed(1, &body)).unwrap_err();
        assert!(error.to_string().ends_with("must have 0 to 50 elements"), "{length}: {error}");
    }
}

#[test]
fn what_is_no_variant_or_no_flag_is_refused() {
    let whole = holds().encode();
    let body = &whole[FRAME_BYTES..];
    // Kind, then the count, then the first item: whether it has a key.
    for (at, what) in [(0, "the kind"), (12, "the mark of a key"), (29, "what is wanted")] {
        let mut wrong = body.to_vec();
        wrong[at] = 9;
        let refused = HoldMessage::decode(&framed(1, &wrong));
        assert!(matches!(refused, Err(WireError::Body(_))), "{what}: {refused:?}");
    }
}
