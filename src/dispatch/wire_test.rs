use domain::account::Role;
use domain::event::{PaymentMethod, PaymentOutcome, PaymentTerms};
use domain::ids::{BookingNumber, HoldNumber, UserId};

use super::*;

fn request(commands: Vec<Keyed>) -> Forwarded {
    Forwarded {
        event: EventId::new(0x0102),
        caller: Caller { user: UserId::new(3), role: Role::Organizer },
        deadline_ms: 0x0405,
        id: RequestId::new(b"r1"),
        commands: Counted::new(commands).unwrap(),
    }
}

fn batch() -> Batch {
    let key = Key { caller: UserId::new(3), hash: [0xaa; 16], fingerprint: [0xbb; 16] };
    let method = PaymentMethod { provider: "p".to_owned(), token: "t".to_owned() };
    let payment = PaymentTerms { method, timeout_ms: 7 };
    let commands = vec![
        (Command::HoldExact { seats: vec![SeatIndex::new(5)], ttl_ms: None }, Some(key)),
        (Command::Book { hold: HoldNumber::new(6), payment }, None),
    ];
    Batch { first: 9, requests: Counted::new(vec![request(commands)]).unwrap() }
}

fn outcomes() -> Outcomes {
    let invalid = Refused::Invalid { pointer: "/a".to_owned(), message: "b".to_owned() };
    let each = vec![
        (1, Outcome::Reply { reply: Reply::Released, facts: 2 }),
        (2, Outcome::Refused(invalid)),
        (3, Outcome::Moved { owner: Some(4) }),
        (5, Outcome::Late),
    ];
    Outcomes { taken: 1, each: Counted::new(each).unwrap() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn format_1_is_what_it_was() {
    assert_eq!(hex(&batch().encode()), BATCH);
    assert_eq!(hex(&outcomes().encode()), OUTCOMES);
    assert_eq!(Batch::decode(&batch().encode()), Ok(batch()));
    assert_eq!(Outcomes::decode(&outcomes().encode()), Ok(outcomes()));
}

const BATCH: &str = "01e5b8a971\
    0900000000000000\
    0100000000000000\
    0201000000000000\
    030000000000000001000000\
    0504000000000000\
    02000000000000007231\
    0200000000000000\
    0000000001000000000000000500000000\
    010300000000000000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\
    06000000060000000100000000000000700100000000000000740700000000000000\
    00";
const OUTCOMES: &str = "01f554c9a2\
    010000000400000000000000\
    010000000000000000000000010000000200000000000000\
    0200000000000000010000000b00000002000000000000002f61010000000000000062\
    030000000000000005000000010400000000000000\
    050000000000000006000000";

#[test]
fn every_refusal_comes_through() {
    for refusal in [
        Refusal::NotFound,
        Refusal::Forbidden,
        Refusal::SeatUnavailable(vec![(SeatIndex::new(1), SeatStatus::Blocked)]),
        Refusal::SoldOut,
        Refusal::NotOnSale { opens_at: Some(UnixMillis::new(1)) },
        Refusal::HoldEnded,
        Refusal::LimitExceeded { limit: 4 },
        Refusal::KeyReused,
        Refusal::AlreadyCancelled,
        Refusal::NotCancellable,
        Refusal::AlreadyPaid,
        Refusal::Exhausted,
        Refusal::EventCancelled,
        Refusal::InUse,
    ] {
        let came: NoReply = Refused::from(refusal.clone()).into();
        assert!(matches!(came, NoReply::Refused(came) if came == refusal));
    }
    let invalid = Refused::from(Refusal::Invalid { pointer: "/a", message: "b" });
    assert!(matches!(invalid.into(), NoReply::Invalid(field) if field == Invalid::new("/a", "b")));
}

#[test]
fn hostile_bytes_are_refused_and_nothing_breaks() {
    for frame in [batch().encode(), outcomes().encode()] {
        for length in 0..frame.len() {
            assert!(Batch::decode(&frame[..length]).is_err());
            assert!(Outcomes::decode(&frame[..length]).is_err());
        }
        for at in 0..frame.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut changed = frame.clone();
                changed[at] ^= flip;
                assert!(Batch::decode(&changed).is_err() && Outcomes::decode(&changed).is_err());
                // With a checksum that is right, whatever comes out of it has been read within the bounds.
                let crc = crc_of(&changed);
                changed[1..5].copy_from_slice(&crc);
                let _read = (Batch::decode(&changed).is_ok(), Outcomes::decode(&changed).is_ok());
            }
        }
    }
}

/// The checksum that makes `frame` sound, found by encoding a message of the same body.
fn crc_of(frame: &[u8]) -> [u8; 4] {
    struct Raw<'a>(&'a [u8]);
    impl Serialize for Raw<'_> {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeTuple;
            let mut bytes = serializer.serialize_tuple(self.0.len())?;
            self.0.iter().try_for_each(|byte| bytes.serialize_element(byte))?;
            bytes.end()
        }
    }
    let sound = encode(&Raw(&frame[5..]));
    [sound[1], sound[2], sound[3], sound[4]]
}

#[test]
fn what_no_request_may_say_is_refused() {
    let settle =
        Command::SettlePayment { booking: BookingNumber::new(1), outcome: PaymentOutcome::Authorized };
    let settling = Batch { first: 0, requests: Counted::new(vec![request(vec![(settle, None)])]).unwrap() };
    assert!(matches!(Batch::decode(&settling.encode()), Err(WireError::Body(_))));
    let release = || (Command::ReleaseHold { hold: HoldNumber::new(1) }, None);
    let many = || request((0..300).map(|_| release()).collect());
    let crowd = Batch { first: 0, requests: Counted::new(vec![many(), many()]).unwrap() };
    assert!(matches!(Batch::decode(&crowd.encode()), Err(WireError::Body(_))));
    let endless = Batch { first: u64::MAX, ..batch() };
    assert!(matches!(Batch::decode(&endless.encode()), Err(WireError::Body(_))));
}

#[test]
fn a_payment_token_is_in_no_debug_text_and_an_id_is_what_can_be_seen() {
    let mut batch = batch();
    let mut commands = batch.requests.as_slice()[0].commands.clone().into_vec();
    if let Command::Book { payment, .. } = &mut commands[1].0 {
        payment.method.token = "tok_secret".to_owned();
    }
    batch.requests = Counted::new(vec![request(commands)]).unwrap();
    assert!(!format!("{batch:?}").contains("tok_secret"));
    assert_eq!(RequestId::new(b"req_1\n").shown().to_string(), "");
    assert_eq!(RequestId::new(&[b'x'; 129]).shown().to_string(), "");
    assert_eq!(RequestId::new(b"req_1").shown().to_string(), "req_1");
}
