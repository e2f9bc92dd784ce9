//! Random plays: who asks for what, when the clocks say so. Numbers of holds and bookings are chosen by counting back
//! from the newest, so that most commands meet something that exists.

use proptest::collection::vec;
use proptest::prelude::*;

use super::halls::{hall, wish};
use super::scene::{ANNA, BEN, HOLD_MS, HOUR_MS, MINUTE_MS, OPERATOR, ORGANIZER, START, TIMEOUT_MS, terms};
use crate::event::{BestWish, Caller, SaleTerms};
use crate::ids::UserId;
use crate::seat_map::PlanSection;

/// What somebody does.
#[derive(Debug, Clone)]
pub(super) enum Act {
    HoldExact {
        seats: Vec<u8>,
        ttl_ms: Option<u64>,
    },
    HoldBest {
        wish: BestWish,
        ttl_ms: Option<u64>,
    },
    ShowHold {
        back: u8,
    },
    ChangeHold {
        back: u8,
        add: Vec<u8>,
        remove: Vec<u8>,
    },
    ExtendHold {
        back: u8,
        ttl_ms: Option<u64>,
    },
    ReleaseHold {
        back: u8,
    },
    Book {
        back: u8,
    },
    BookHeldSeat {
        seat: u8,
    },
    HoldAndBook {
        seats: Vec<u8>,
    },
    AnswerPending {
        back: u8,
    },
    Cancel {
        back: u8,
        seats: Option<Vec<u8>>,
    },
    Block {
        seats: Vec<u8>,
    },
    Unblock {
        seats: Vec<u8>,
    },
    Kill {
        seats: Vec<u8>,
    },
    /// Of the seats that are withdrawn, or any.
    Restore {
        seats: Vec<u8>,
    },
    Comp {
        seats: Vec<u8>,
        to: UserId,
    },
    Move {
        back: u8,
        from: u8,
        to: u8,
    },
    Close {
        unsold: bool,
    },
    /// The owner gives back a few bookings of an event that is called off.
    WindUp {
        at_most: usize,
    },
    /// The directory lets go of the event.
    Forget,
    /// The provider does what the booking waits for.
    Progress {
        back: u8,
    },
    Authorize {
        back: u8,
    },
    Decline {
        back: u8,
    },
    Capture {
        back: u8,
    },
    Void {
        back: u8,
    },
    Refund {
        back: u8,
        amount_minor: i64,
        attempt: u32,
    },
    /// Holds counted back, made into one booking that is paid later.
    Reserve {
        backs: Vec<u8>,
    },
    BookTogether {
        backs: Vec<u8>,
    },
    Pay {
        back: u8,
    },
    /// The provider's answer has a name for the charge.
    AuthorizeAs {
        back: u8,
    },
    FindLate {
        back: u8,
    },
    RequireAction {
        back: u8,
    },
    Lose {
        back: u8,
    },
    /// The provider tells something unasked; which of its words is drawn.
    Hear {
        back: u8,
        word: u8,
        attempt: u32,
    },
    NameContact {
        back: u8,
    },
    KeepMetadata {
        back: u8,
    },
    /// The client sends an earlier request again.
    Again {
        back: u8,
    },
    /// The owner dies; another node goes on from the committed facts with its own clocks.
    ChangeOwner,
}

#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Where this is Anna, the buyer of the hold or booking asks.
    pub(super) caller: Caller,
    pub(super) key: Option<u8>,
    pub(super) act: Act,
    /// Of the monotonic clock; a wrong one may even go back.
    pub(super) passed_ms: i64,
    /// How far the wall clock is from the truth.
    pub(super) wall_off_ms: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Play {
    pub(super) sections: Vec<PlanSection>,
    pub(super) terms: SaleTerms,
    pub(super) steps: Vec<Step>,
}

pub(super) fn play() -> impl Strategy<Value = Play> {
    (hall(), rules(), vec(step(), 1..80)).prop_map(|(sections, terms, steps)| Play { sections, terms, steps })
}

fn rules() -> impl Strategy<Value = SaleTerms> {
    let limit = prop::option::weighted(0.4, 2..9_u32);
    let opens = prop::option::weighted(0.2, 0..2_000_u64);
    let hours = prop_oneof![1 => 1_u64..4, 3 => Just(1_000)];
    (limit, opens, hours.clone(), hours, prop_oneof![Just(0_u8), Just(10), Just(33), Just(100)]).prop_map(
        |(per_customer, opens, starts, until, fee_percent)| {
            let mut terms = terms(vec![1_999, 3_001, 0]);
            terms.per_customer = per_customer;
            terms.opens_at = opens.map(|millis| START.plus_ms(millis));
            terms.starts_at = START.plus_ms(starts * HOUR_MS);
            terms.cancellation.until = START.plus_ms(until * HOUR_MS);
            terms.cancellation.fee_percent = fee_percent;
            terms
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let caller = prop_oneof![12 => Just(ANNA), 4 => Just(BEN), 1 => Just(ORGANIZER), 1 => Just(OPERATOR)];
    let key = prop::option::weighted(0.5, 0..40_u8);
    (caller, key, act(), passed_ms(), wall_off_ms()).prop_map(|(caller, key, act, passed_ms, wall_off_ms)| {
        let of_the_house = matches!(
            act,
            Act::Block { .. }
                | Act::Unblock { .. }
                | Act::Kill { .. }
                | Act::Restore { .. }
                | Act::Comp { .. }
                | Act::Move { .. }
                | Act::Close { .. }
        );
        let caller = if of_the_house && caller == ANNA { ORGANIZER } else { caller };
        Step { caller, key, act, passed_ms, wall_off_ms }
    })
}

fn passed_ms() -> impl Strategy<Value = i64> {
    let exactly = [TIMEOUT_MS, TIMEOUT_MS - 1, MINUTE_MS, HOLD_MS, 3 * HOLD_MS].map(|millis| millis as i64);
    prop_oneof![
        30 => Just(0),
        30 => 1..2_000_i64,
        5 => prop::sample::select(exactly.to_vec()),
        2 => 1..1_200_000_i64,
        1 => Just(24 * HOUR_MS as i64),
        2 => -5_000..0_i64,
    ]
}

fn wall_off_ms() -> impl Strategy<Value = i64> {
    let hour = HOUR_MS as i64;
    prop_oneof![4 => Just(0), 2 => -1_000..1_000_i64, 1 => -hour..hour, 1 => Just(-(START.millis() as i64))]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        30 => about_holds(),
        30 => about_bookings(),
        35 => about_money(),
        10 => about_the_house(),
        6 => about_the_world(),
        1 => about_the_end(),
    ]
}

/// Which hold or booking, counted back from the newest.
fn back() -> impl Strategy<Value = u8> {
    prop_oneof![6 => Just(0_u8), 3 => 1..3_u8, 1 => 0..12_u8]
}

fn some_seats() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![10 => vec(any::<u8>(), 1..4), 1 => vec(any::<u8>(), 0..9)]
}

fn ttl_ms() -> impl Strategy<Value = Option<u64>> {
    prop::option::weighted(0.3, prop_oneof![4 => 1..=HOLD_MS, 1 => Just(0_u64), 1 => Just(HOLD_MS + 1)])
}

fn about_holds() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (some_seats(), ttl_ms()).prop_map(|(seats, ttl_ms)| Act::HoldExact { seats, ttl_ms }),
        4 => (wish(), ttl_ms()).prop_map(|(wish, ttl_ms)| Act::HoldBest { wish, ttl_ms }),
        1 => back().prop_map(|back| Act::ShowHold { back }),
        3 => (back(), vec(any::<u8>(), 0..3), vec(0..4_u8, 0..3))
            .prop_map(|(back, add, remove)| Act::ChangeHold { back, add, remove }),
        2 => (back(), ttl_ms()).prop_map(|(back, ttl_ms)| Act::ExtendHold { back, ttl_ms }),
        1 => back().prop_map(|back| Act::ReleaseHold { back }),
    ]
}

fn about_bookings() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => back().prop_map(|back| Act::Book { back }),
        2 => any::<u8>().prop_map(|seat| Act::BookHeldSeat { seat }),
        2 => some_seats().prop_map(|seats| Act::HoldAndBook { seats }),
        2 => back().prop_map(|back| Act::AnswerPending { back }),
        4 => vec(0..3_u8, 1..3).prop_map(|backs| Act::Reserve { backs }),
        2 => vec(0..3_u8, 1..3).prop_map(|backs| Act::BookTogether { backs }),
        4 => back().prop_map(|back| Act::Pay { back }),
        1 => back().prop_map(|back| Act::NameContact { back }),
        1 => back().prop_map(|back| Act::KeepMetadata { back }),
        4 => (back(), prop::option::weighted(0.6, vec(0..4_u8, 0..3)))
            .prop_map(|(back, seats)| Act::Cancel { back, seats }),
    ]
}

fn about_money() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => back().prop_map(|back| Act::Progress { back }),
        2 => back().prop_map(|back| Act::Authorize { back }),
        2 => back().prop_map(|back| Act::AuthorizeAs { back }),
        3 => back().prop_map(|back| Act::FindLate { back }),
        2 => back().prop_map(|back| Act::RequireAction { back }),
        1 => back().prop_map(|back| Act::Lose { back }),
        3 => (back(), any::<u8>(), prop_oneof![5 => Just(0_u32), 1 => Just(1)])
            .prop_map(|(back, word, attempt)| Act::Hear { back, word, attempt }),
        2 => back().prop_map(|back| Act::Decline { back }),
        1 => back().prop_map(|back| Act::Capture { back }),
        1 => back().prop_map(|back| Act::Void { back }),
        1 => (back(), 0..4_000_i64, 0..2_u32)
            .prop_map(|(back, amount_minor, attempt)| Act::Refund { back, amount_minor, attempt }),
    ]
}

fn about_the_house() -> impl Strategy<Value = Act> {
    let user = prop_oneof![Just(ANNA.user), Just(BEN.user)];
    prop_oneof![
        2 => vec(any::<u8>(), 0..3).prop_map(|seats| Act::Block { seats }),
        2 => vec(0..3_u8, 0..3).prop_map(|seats| Act::Unblock { seats }),
        2 => vec(any::<u8>(), 0..3).prop_map(|seats| Act::Kill { seats }),
        2 => vec(0..3_u8, 0..3).prop_map(|seats| Act::Restore { seats }),
        2 => (vec(any::<u8>(), 0..3), user).prop_map(|(seats, to)| Act::Comp { seats, to }),
        4 => (back(), 0..4_u8, any::<u8>()).prop_map(|(back, from, to)| Act::Move { back, from, to }),
    ]
}

/// Nothing much happens behind it, so it comes seldom.
fn about_the_end() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => any::<bool>().prop_map(|unsold| Act::Close { unsold }),
        4 => (1..4_usize).prop_map(|at_most| Act::WindUp { at_most }),
        4 => Just(Act::Forget),
    ]
}

fn about_the_world() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..8_u8).prop_map(|back| Act::Again { back }),
        1 => Just(Act::ChangeOwner),
    ]
}
