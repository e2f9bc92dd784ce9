//! Golden bytes: nodes of two versions speak to each other during an upgrade. When one of these fails, the format has
//! changed: that is another version, beside this one.

use std::fmt::Write as _;

use super::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Spaces for the reader's eye: version and checksum, then one field after the other.
fn golden(text: &str) -> String {
    text.split_whitespace().collect()
}

fn wishes() -> Wishes {
    let events = |list: &[u64]| Counted::new(list.iter().copied().map(EventId::new).collect()).unwrap();
    Wishes { leave: events(&[3]), follow: events(&[1, 2]) }
}

fn news() -> News {
    let whole = Said::Whole {
        owned: true,
        facts: 9,
        version: 8,
        seats: 5,
        packed: Counted::new(vec![0b1110_0100, 1]).unwrap(),
    };
    let changes = vec![(SeatIndex::new(4), SeatStatus::Booked)];
    let changed = Said::Changed {
        owned: false,
        before: 9,
        facts: 11,
        version: 10,
        seats: Counted::new(changes).unwrap(),
    };
    let each = [(1, whole), (2, changed), (3, Said::Gone)].map(|(event, said)| (EventId::new(event), said));
    News { at_ms: 0x0102, each: Counted::new(each.to_vec()).unwrap() }
}

#[test]
fn wishes_have_these_bytes() {
    assert_eq!(hex(&wishes().encode()), golden(WISHES));
    assert_eq!(Wishes::decode(&wishes().encode()), Ok(wishes()));
}

const WISHES: &str = "
    01 45241a0d
    0100000000000000 0300000000000000
    0200000000000000 0100000000000000 0200000000000000";

#[test]
fn news_have_these_bytes() {
    assert_eq!(hex(&news().encode()), golden(NEWS));
    assert_eq!(News::decode(&news().encode()), Ok(news()));
}

const NEWS: &str = "
    01 c524c14e
    0201000000000000
    0300000000000000
    0100000000000000 00000000 01 0900000000000000 0800000000000000 05000000 0200000000000000 e4 01
    0200000000000000 01000000 00 0900000000000000 0b00000000000000 0a00000000000000
        0100000000000000 04000000 02000000
    0300000000000000 02000000";

#[test]
fn bytes_that_are_no_message_are_refused() {
    for frame in [wishes().encode(), news().encode()] {
        for cut in 0..frame.len() {
            assert!(News::decode(&frame[..cut]).is_err() && Wishes::decode(&frame[..cut]).is_err(), "{cut}");
            let mut flipped = frame.clone();
            flipped[cut] ^= 0x10;
            assert!(News::decode(&flipped).is_err() && Wishes::decode(&flipped).is_err(), "{cut}");
        }
    }
    let many = vec![EventId::new(1); MAX_FOLLOWED + 1];
    let frame = encode(&(Events::new(Vec::new()).unwrap(), many));
    assert!(matches!(Wishes::decode(&frame), Err(WireError::Body(_))));
}
