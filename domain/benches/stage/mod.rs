//! A hall of 50,000 seats and a flash sale for it, the same in every run.
//!
//! All rules are on: the sale has opened and will close, requests ask for a time to live, customers have a limit that
//! they come near, and requests may come with keys.

use domain::account::Role;
use domain::event::{
    Caller, Cancellation, Command, Context, Fact, Key, Refusal, Sale, SaleTerms, Stamped, apply, decide,
    expire,
};
use domain::ids::{EventId, SeatIndex, UserId};
use domain::ports::Random;
use domain::seat_map::{Plan, PlanLayout, PlanRow, PlanSeats, PlanSection, SeatMap};
use domain::time::UnixMillis;

/// In 20 sections of 100 rows of 25.
pub(super) const SEATS: u32 = 50_000;
/// Of 100 requests.
const WINNERS: u64 = 64;
const CUSTOMERS: u64 = 10_000;
const PER_CUSTOMER: u32 = 12;
/// So many requests come in a millisecond.
const PER_MS: usize = 1_000;

pub(super) const EVENT: EventId = EventId::new(7);
pub(super) const START: UnixMillis = UnixMillis::new(1_700_000_000_000);
pub(super) const HOLD_MS: u64 = 600_000;

/// What somebody asks for.
pub(super) struct Request {
    pub(super) command: Command,
    pub(super) caller: Caller,
    pub(super) key: Option<Key>,
}

/// Holds draw nothing.
pub(super) struct Undrawn;

impl Random for Undrawn {
    fn fill(&self, _bytes: &mut [u8]) {}
}

/// SplitMix64: numbers that look random and are the same in every run.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) const fn from(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(super) const fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// The hall.
pub(super) fn hall() -> SeatMap {
    let rows = (1..=100).map(|row| PlanRow { name: row.to_string(), seats: PlanSeats::Count(25) });
    let rows: Vec<_> = rows.collect();
    let sections = (0..20).map(|section| PlanSection {
        name: format!("Block {section}"),
        category: format!("level {}", section / 4),
        layout: PlanLayout::Rows(rows.clone()),
    });
    SeatMap::build(Plan { sections: sections.collect() }).expect("the plan is right")
}

/// Its sale, with all seats free.
pub(super) fn opened() -> Sale {
    let terms = SaleTerms {
        organizer: UserId::new(1),
        currency: "EUR".parse().expect("three capital letters"),
        prices_minor: vec![12_000, 9_900, 7_500, 5_000, 2_500],
        opens_at: Some(START),
        starts_at: START.plus_ms(1_000_000_000),
        hold_ms: HOLD_MS,
        per_customer: Some(PER_CUSTOMER),
        cancellation: Cancellation { until: START, fee_percent: 0 },
        charges: None,
        paused: false,
    };
    let mut sale = None;
    let fact = Fact::SaleOpened { terms, seats: SEATS, revision: 1 };
    apply(&mut sale, EVENT, &Stamped { at: START, fact });
    sale.expect("opened by its first fact")
}

/// Parties of one to four neighbours, in no order, until the hall is sold out.
fn parties(numbers: &mut Numbers) -> Vec<Vec<SeatIndex>> {
    let (mut parties, mut next) = (Vec::new(), 0);
    while next < SEATS {
        let end = (next + 1 + numbers.below(4) as u32).min(SEATS);
        parties.push((next..end).map(SeatIndex::new).collect());
        next = end;
    }
    for last in (1..parties.len()).rev() {
        parties.swap(last, numbers.below(last as u64 + 1) as usize);
    }
    parties
}

/// Who comes in which turn: in another order each round, as often as each other.
fn caller(turn: u64) -> Caller {
    let user = Numbers::from(turn * 7_919 % CUSTOMERS).next();
    Caller { user: UserId::new(user), role: Role::Customer }
}

fn request(caller: Caller, seats: Vec<SeatIndex>, keyed: bool, numbers: &mut Numbers) -> Request {
    let mut half = || {
        let (low, high) = (numbers.next(), numbers.next());
        (u128::from(high) << 64 | u128::from(low)).to_le_bytes()
    };
    let key = keyed.then(|| Key { caller: caller.user, hash: half(), fingerprint: half() });
    Request { command: Command::HoldExact { seats, ttl_ms: Some(HOLD_MS) }, caller, key }
}

/// Everybody who comes until the hall is sold out; how many of them win.
pub(super) fn flash_sale(keyed: bool) -> (Vec<Request>, usize) {
    let mut numbers = Numbers::from(42);
    let parties = parties(&mut numbers);
    let (mut requests, mut taken) = (Vec::new(), 0);
    while let Some(party) = parties.get(taken) {
        let wins = taken == 0 || numbers.below(100) < WINNERS;
        if wins {
            requests.push(request(caller(taken as u64), party.clone(), keyed, &mut numbers));
            taken += 1;
        } else {
            let late = parties[numbers.below(taken as u64) as usize].clone();
            requests.push(request(caller(numbers.below(CUSTOMERS)), late, keyed, &mut numbers));
        }
    }
    (requests, taken)
}

/// Requests that all come too late, for a hall that is sold out.
pub(super) fn losers(count: usize) -> Vec<Request> {
    let mut numbers = Numbers::from(43);
    let parties = parties(&mut numbers);
    let loser = |party: &Vec<SeatIndex>| {
        let caller = caller(numbers.below(CUSTOMERS));
        request(caller, party.clone(), true, &mut numbers)
    };
    parties.iter().take(count).map(loser).collect()
}

pub(super) fn context<'a>(
    map: &'a SeatMap,
    now: UnixMillis,
    caller: Caller,
    key: Option<Key>,
) -> Context<'a> {
    Context { now, caller, key, map, random: &Undrawn }
}

/// Plays requests as an owner does: what is due ends first, then each is decided and its facts applied. Gives how many
/// of them won.
pub(super) fn play(sale: &mut Sale, map: &SeatMap, requests: &[Request]) -> usize {
    let mut winners = 0;
    for (at, request) in requests.iter().enumerate() {
        let now = START.plus_ms((at / PER_MS) as u64);
        end_due(sale, now);
        match decide(sale, &request.command, &context(map, now, request.caller, request.key)) {
            Ok(decision) => {
                winners += 1;
                decision.facts.into_iter().for_each(|fact| sale.apply(&Stamped { at: now, fact }));
                std::hint::black_box(decision.outcome);
            }
            Err(refusal) => {
                assert!(matches!(std::hint::black_box(refusal), Refusal::SeatUnavailable(_)));
            }
        }
    }
    winners
}

/// Ends what is due, as the owner does before each answer.
pub(super) fn end_due(sale: &mut Sale, now: UnixMillis) {
    loop {
        let due = expire(sale, now).facts;
        if due.is_empty() {
            return;
        }
        due.into_iter().for_each(|fact| sale.apply(&Stamped { at: now, fact }));
    }
}
