use domain::account::Role;
use domain::event::{
    Caller, Cancellation, Command, Context, Fact, Key, PaymentMethod, PaymentOutcome, PaymentTerms,
    SaleTerms, Stamped, decide, expire,
};
use domain::ids::{BookingNumber, HoldNumber, SeatIndex, UserId};
use domain::ports::Random;
use domain::seat_map::{Plan, PlanLayout, PlanSection, SeatMap};
use domain::time::UnixMillis;

use super::*;
use crate::journal::format;

const EVENT: EventId = EventId::new(0x000b_5eed);
const BUYER: UserId = UserId::new(5);

struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// A sale under way, with every fact that it came from.
struct Play {
    map: SeatMap,
    sale: Option<Sale>,
    facts: Vec<Stamped>,
    now: UnixMillis,
}

impl Play {
    fn open() -> Self {
        let section =
            PlanSection { name: "Pit".into(), category: "all".into(), layout: PlanLayout::Standing(100) };
        let map = SeatMap::build(Plan { sections: vec![section] }).unwrap();
        let far = UnixMillis::new(1_800_000_000_000);
        let terms = SaleTerms {
            organizer: UserId::new(1),
            currency: "EUR".parse().unwrap(),
            prices_minor: vec![2_500],
            opens_at: Some(UnixMillis::new(0)),
            starts_at: far,
            hold_ms: 60_000,
            per_customer: Some(60),
            cancellation: Cancellation { until: far, fee_percent: 10 },
            charges: None,
            paused: false,
        };
        let mut play = Self { map, sale: None, facts: Vec::new(), now: UnixMillis::new(1_700_000_000_000) };
        play.happen(vec![Fact::SaleOpened { terms, seats: 100, revision: 3 }]);
        play
    }

    fn happen(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            let stamped = Stamped { at: self.now, fact };
            apply(&mut self.sale, EVENT, &stamped);
            self.facts.push(stamped);
        }
        self.sale.as_ref().unwrap().validate().unwrap();
    }

    fn decide(&mut self, user: u64, key: Option<u8>, command: &Command) {
        let caller = Caller { user: UserId::new(user), role: Role::Organizer };
        let key = key.map(|byte| Key { caller: caller.user, hash: [byte; 16], fingerprint: [byte; 16] });
        let context = Context { now: self.now, caller, key, map: &self.map, random: &Sevens };
        let decision = decide(self.sale.as_ref().unwrap(), command, &context).unwrap();
        self.happen(decision.facts);
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now.plus_ms(millis);
        let expired = expire(self.sale.as_ref().unwrap(), self.now);
        self.happen(expired.facts);
    }

    fn settle(&mut self, booking: u32, outcome: PaymentOutcome) {
        self.decide(1, None, &Command::SettlePayment { booking: BookingNumber::new(booking), outcome });
    }
}

fn seats(numbers: std::ops::Range<u32>) -> Vec<SeatIndex> {
    numbers.map(SeatIndex::new).collect()
}

fn hold(numbers: std::ops::Range<u32>) -> Command {
    Command::HoldExact { seats: seats(numbers), ttl_ms: None }
}

fn payment() -> PaymentTerms {
    let method = PaymentMethod { provider: "test".into(), token: "tok_visa".into() };
    PaymentTerms { method, timeout_ms: 30_000 }
}

/// A sale with something in every one of its parts: holds, free, blocked and sold seats, payments that are pending,
/// authorized, captured, late and declined, refunds due and paid, answers given and owed.
fn busy() -> Play {
    let mut play = Play::open();
    let buyer = 5;
    assert_eq!(BUYER, UserId::new(buyer));
    play.decide(1, Some(1), &Command::Block { seats: seats(90..95) });
    play.decide(buyer, Some(2), &hold(0..3));
    play.decide(buyer, None, &hold(3..5));
    play.pass(60_000);
    let one_call = |numbers| Command::HoldAndBook { seats: seats(numbers), payment: payment() };
    for (key, numbers) in [(3, 10..20), (4, 20..22), (5, 22..24), (6, 24..26), (7, 26..28)] {
        play.decide(buyer, Some(key), &one_call(numbers));
    }
    play.settle(0, PaymentOutcome::Authorized);
    play.settle(0, PaymentOutcome::Captured);
    for (key, numbers) in [(8, 10..11), (9, 11..13)] {
        let cancel = Command::Cancel { booking: BookingNumber::new(0), seats: Some(seats(numbers)) };
        play.decide(buyer, Some(key), &cancel);
    }
    play.settle(0, PaymentOutcome::Refunded { amount_minor: 2_250, attempt: 0 });
    play.settle(1, PaymentOutcome::Authorized);
    play.settle(2, PaymentOutcome::Declined);
    play.pass(29_000);
    play.decide(6, None, &hold(40..45));
    let change = Command::ChangeHold { hold: HoldNumber::new(7), add: seats(50..52), remove: seats(40..41) };
    play.decide(6, Some(10), &change);
    play.pass(1_000);
    play.decide(7, None, &hold(60..61));
    play.decide(7, Some(11), &Command::Book { hold: HoldNumber::new(8), payment: payment() });
    play
}

fn shard(facts: &[Stamped]) -> Shard {
    let mut shard = Shard::default();
    let batch = SaleBatch { event: EVENT, base: 0, facts: facts.into() };
    assert_eq!(shard.fold(&Entry::Sales([batch].into()), &mut |_, _| {}), Applied::Sales(vec![true]));
    shard
}

#[test]
fn a_busy_sale_comes_back_from_its_snapshot_as_it_was_and_goes_on_alike() {
    let mut play = busy();
    let whole = shard(&play.facts);
    let bytes = format::encode_bare(&whole).unwrap();
    let mut restored: Shard = format::decode_bare(&"a shard", &bytes).unwrap();
    assert_eq!(restored, whole);
    assert_eq!(format::encode_bare(&restored).unwrap(), bytes, "the same state is the same bytes");
    let sale = &restored.sales[&EVENT];
    assert_eq!(Some(&**sale), play.sale.as_ref());
    sale.validate().unwrap();
    assert!(sale.holds().len() >= 2 && sale.bookings().len() == 6 && sale.working().count() >= 4);

    // What it does next is what the original does.
    let before = play.facts.len();
    play.pass(120_000);
    let rest = SaleBatch { event: EVENT, base: before as u64, facts: play.facts[before..].into() };
    restored.fold(&Entry::Sales([rest].into()), &mut |_, _| {});
    assert_eq!(restored, shard(&play.facts));
}

#[test]
fn every_fact_comes_back_from_the_log_as_it_was() {
    for fact in busy().facts {
        let bytes = format::encode_bare(&fact).unwrap();
        assert_eq!(format::decode_bare::<Stamped>(&"a fact", &bytes).unwrap(), fact);
    }
}
