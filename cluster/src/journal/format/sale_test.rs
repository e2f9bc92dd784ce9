//! Golden bytes of what a sale stores: facts in the log and the state in a snapshot. How the state is kept in memory may
//! change; these bytes may not.

use domain::account::Role;
use domain::event::{
    Caller, Cancellation, Command, Context, Fact, Key, Sale, SaleTerms, Stamped, apply, decide,
};
use domain::ids::{EventId, SeatIndex, UserId};
use domain::ports::Random;
use domain::seat_map::{Plan, PlanLayout, PlanSection, SeatMap};
use domain::time::UnixMillis;

use super::super::{decode_bare, encode_bare};

struct Ones;

impl Random for Ones {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(1);
    }
}

const EVENT: EventId = EventId::new(7);

/// Plays a small sale with keys, releases and blocked seats; the answers are journaled as facts of the first version.
fn play() -> (Vec<Stamped>, Sale) {
    let section =
        PlanSection { name: "Pit".into(), category: "pit".into(), layout: PlanLayout::Standing(70) };
    let map = SeatMap::build(Plan { sections: vec![section] }).unwrap();
    let far = UnixMillis::new(9_000_000);
    let terms = SaleTerms {
        organizer: UserId::new(90),
        currency: "EUR".parse().unwrap(),
        prices_minor: vec![1_999],
        opens_at: None,
        starts_at: far,
        hold_ms: 60_000,
        per_customer: Some(8),
        cancellation: Cancellation { until: far, fee_percent: 10 },
        charges: None,
        paused: false,
    };
    let (mut facts, mut sale) = (Vec::new(), None);
    let mut happen = |sale: &mut Option<Sale>, at: u64, fact: Fact| {
        let stamped = Stamped { at: UnixMillis::new(at), fact };
        apply(sale, EVENT, &stamped);
        facts.push(stamped);
    };
    happen(&mut sale, 1_000, Fact::SaleOpened { terms, seats: map.len(), revision: 3 });
    for turn in 0..6_u32 {
        let now = UnixMillis::new(2_000 + u64::from(turn / 2));
        let caller = Caller { user: UserId::new(u64::from(60 - turn)), role: Role::Customer };
        let key = Key { caller: caller.user, hash: [turn as u8; 16], fingerprint: [9; 16] };
        let seats = [turn * 12, turn * 12 + 1].map(SeatIndex::new);
        let command = Command::HoldExact { seats: seats.into(), ttl_ms: Some(60_000 - u64::from(turn)) };
        let context = Context { now, caller, key: None, map: &map, random: &Ones };
        let decided = decide(sale.as_ref().unwrap(), &command, &context).unwrap();
        let domain::event::Outcome::Reply(reply) = decided.outcome else { panic!("no reply") };
        decided.facts.into_iter().for_each(|fact| happen(&mut sale, now.millis(), fact));
        happen(&mut sale, now.millis(), Fact::Answered { key, reply });
    }
    happen(&mut sale, 3_000, Fact::HoldReleased { hold: domain::ids::HoldNumber::new(4) });
    happen(&mut sale, 3_001, Fact::HoldExpired { hold: domain::ids::HoldNumber::new(1) });
    happen(&mut sale, 3_002, Fact::SeatsBlocked { seats: vec![SeatIndex::new(69)] });
    (facts, sale.unwrap())
}

fn checksum(bytes: &[u8]) -> (usize, u32) {
    (bytes.len(), crc32c::crc32c(bytes))
}

#[test]
fn the_facts_and_the_state_of_a_sale_are_stored_as_ever() {
    let (facts, sale) = play();
    let stored = (encode_bare(&facts).unwrap(), encode_bare(&sale).unwrap());
    assert_eq!(checksum(&stored.0), FACTS);
    assert_eq!(checksum(&stored.1), STATE);
    assert_eq!(decode_bare::<Vec<Stamped>>(&"facts", &stored.0).unwrap(), facts);
    let restored: Sale = decode_bare(&"a sale", &stored.1).unwrap();
    assert_eq!(restored, sale);
    assert_eq!(encode_bare(&restored).unwrap(), stored.1);
}

/// Length and CRC32C.
const FACTS: (usize, u32) = (1306, 788_428_829);
const STATE: (usize, u32) = (1919, 2_502_698_979);
