use std::collections::BTreeSet;

use super::*;

fn said<'a>(kind: Kind, call: u64, number: u64, name: &'a str, body: &'a [u8]) -> Said<'a> {
    Said { kind, call, number, name, body }
}

#[test]
fn a_tag_goes_with_nothing_but_what_was_said_in_its_session() {
    let session = Session::new(&[1; 32], 1);
    let right = said(Kind::Call, 7, 0, "append", b"body");
    let tag = session.tag(&right);
    assert!(session.proves(&right, &tag));
    for wrong in [
        said(Kind::Answer, 7, 0, "append", b"body"),
        said(Kind::Call, 8, 0, "append", b"body"),
        said(Kind::Call, 7, 1, "append", b"body"),
        said(Kind::Call, 7, 0, "appen", b"dbody"),
        said(Kind::Call, 7, 0, "append", b"bodx"),
    ] {
        assert!(!session.proves(&wrong, &tag), "{wrong:?}");
    }
    assert!(!Session::new(&[2; 32], 1).proves(&right, &tag));
}

#[test]
fn every_kind_is_read_as_it_is_written() {
    for byte in 0..=u8::MAX {
        if let Some(kind) = Kind::from_wire(byte) {
            assert_eq!(kind as u8, byte);
        }
    }
    let numbers: BTreeSet<u8> = Kind::ALL.into_iter().map(|kind| kind as u8).collect();
    assert_eq!(numbers.len(), Kind::ALL.len());
}

#[test]
fn a_number_is_used_once_in_whatever_order_they_come() {
    let mut used = Used::new();
    let mut model = BTreeSet::new();
    // A walk that goes forwards and back, deterministic and without a pattern of the window's size.
    let mut at = 1_u64;
    for step in 0..200_000_u64 {
        at = (at + (step * 7919) % 301).saturating_sub((step * 104_729) % 280).max(1);
        assert_eq!(used.admit(at), model.insert(at), "{at}");
    }
}

#[test]
fn a_number_that_can_no_longer_be_told_is_refused() {
    let mut used = Used::new();
    assert!(!used.admit(0));
    assert!(used.admit(1));
    assert!(used.admit(WINDOW + 1));
    assert!(!used.admit(1), "out of the window");
    assert!(used.admit(2), "the oldest in it");
    assert!(used.admit(u64::MAX));
    assert!(!used.admit(u64::MAX));
    assert!(!used.admit(WINDOW + 1));
    assert!(used.admit(u64::MAX - WINDOW + 1));
}

#[tokio::test]
async fn an_end_before_anyone_waits_is_not_missed() {
    let session = Session::new(&[1; 32], 1);
    session.end();
    session.ended().await;
    session.ended().await;
}

#[test]
fn the_tags_of_version_1_stay() {
    let session = Session::new(&[3; 32], 1);
    let hex = |said| session.tag(&said).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(said(Kind::Call, 1, 0, "append", b"body")), CALL_V1);
    assert_eq!(hex(said(Kind::Answer, 1, 1000, "append", b"")), ANSWER_V1);
}

const CALL_V1: &str = "37f91d99380a781acf0ad561f9879169";
const ANSWER_V1: &str = "7101f2f718b1706852e1b6d648a0d74c";
