//! The naive twin of a sale: lists of everything that ever was, searched from end to end for every question. It shares
//! the words of the sale (commands, answers, refusals), but no line of its logic: no index, no bitmap, no facts.
//! Here: seats, holds, time. The money is in `twin_payments` and `twin_later`.

use crate::event::{
    Booking, BookingStatus, Caller, Claim, Closing, Command, Hold, Key, Outcome, PaymentStatus, Refusal,
    Reply, SaleTerms,
};
use crate::ids::{BookingNumber, HoldNumber, SeatIndex, UserId};
use crate::seat_map::SeatMap;
use crate::time::UnixMillis;

const A_DAY_MS: u64 = 86_400_000;

/// An answer, and the answers to others who waited for a booking.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) settled: Vec<(BookingNumber, Reply)>,
}

pub(super) type Told = Result<Answer, Refusal>;

pub(super) struct TwinHold {
    pub(super) hold: Hold,
    pub(super) ended: Option<UnixMillis>,
}

/// What was said to a key, and when.
struct Memory {
    at: UnixMillis,
    key: Key,
    said: Said,
}

#[derive(Clone)]
pub(super) enum Said {
    Now(Reply),
    /// When this booking is settled.
    Later(BookingNumber),
}

pub(super) struct Twin {
    pub(super) now: UnixMillis,
    pub(super) terms: SaleTerms,
    pub(super) house: Vec<bool>,
    /// Of those, the seats that are withdrawn.
    pub(super) killed: Vec<bool>,
    pub(super) closing: Option<Closing>,
    /// By number, also those that ended.
    pub(super) holds: Vec<TwinHold>,
    /// By number.
    pub(super) bookings: Vec<Booking>,
    pub(super) drawn_codes: u64,
    pub(super) map: SeatMap,
    memories: Vec<Memory>,
}

pub(super) fn reply(reply: Reply) -> Told {
    Ok(Answer { outcome: Outcome::Reply(reply), settled: Vec::new() })
}

/// Messages are for people and not compared.
pub(super) fn invalid(pointer: &'static str) -> Refusal {
    Refusal::Invalid { pointer, message: "" }
}

pub(super) fn require(right: bool, refusal: Refusal) -> Result<(), Refusal> {
    if right { Ok(()) } else { Err(refusal) }
}

pub(super) fn different_seats(seats: &[SeatIndex], pointer: &'static str) -> Result<(), Refusal> {
    let mut others = seats.to_vec();
    others.sort_unstable();
    others.dedup();
    require(!seats.is_empty() && seats.len() <= 50 && others.len() == seats.len(), invalid(pointer))
}

impl Twin {
    pub(super) fn new(map: &SeatMap, terms: &SaleTerms, now: UnixMillis) -> Self {
        Self {
            now,
            terms: terms.clone(),
            house: vec![false; map.len() as usize],
            killed: vec![false; map.len() as usize],
            closing: None,
            holds: Vec::new(),
            bookings: Vec::new(),
            drawn_codes: 0,
            map: map.clone(),
            memories: Vec::new(),
        }
    }

    /// Ends what is due now.
    pub(super) fn expire(&mut self) {
        for number in 0..self.holds.len() {
            let paying = self.holds[number].hold.paying.filter(|_| self.holds[number].ended.is_none());
            if let Some(booking) = paying {
                self.end_payment(booking);
            }
        }
        for held in self.holds.iter_mut().filter(|held| held.ended.is_none()) {
            if held.hold.paying.is_none() && held.hold.expires_at <= self.now {
                held.ended = Some(self.now);
            }
        }
    }

    /// Ends a payment whose time is over; its holds are as they were.
    fn end_payment(&mut self, number: BookingNumber) {
        let booking = &mut self.bookings[number.number() as usize];
        if booking.payment.settle_by > self.now {
            return;
        }
        if [PaymentStatus::Due, PaymentStatus::Declined].contains(&booking.payment.status) {
            return self.unpaid(number);
        }
        super::twin_payments::lapse(booking);
        for hold in booking.holds.clone() {
            let held = &mut self.holds[hold.number() as usize];
            held.hold.paying = None;
            if self.bookings[number.number() as usize].one_call {
                held.ended = Some(self.now);
            }
        }
    }

    pub(super) fn play(&mut self, caller: Caller, key: Option<Key>, command: &Command) -> Told {
        if let Some(key) = key {
            let memory = self.memories.iter().rev().find(|memory| {
                let same = (memory.key.caller, memory.key.hash) == (key.caller, key.hash);
                same && self.now.since_ms(memory.at) < A_DAY_MS
            });
            if let Some(memory) = memory {
                require(memory.key.fingerprint == key.fingerprint, Refusal::KeyReused)?;
                let asks_for_pending = matches!(command, Command::AnswerPending { .. });
                match memory.said.clone() {
                    Said::Now(told) => return reply(told),
                    Said::Later(_) if asks_for_pending => {}
                    Said::Later(booking) => {
                        let outcome = Outcome::Settling { booking, joined: true };
                        return Ok(Answer { outcome, settled: Vec::new() });
                    }
                }
            }
        }
        let told = self.decide(caller, command)?;
        match (key, &told.outcome) {
            (Some(key), Outcome::Reply(reply)) => self.remember(key, Said::Now(reply.clone())),
            (Some(key), Outcome::Settling { booking, .. }) => {
                self.bookings[booking.number() as usize].owed.push(key);
                self.remember(key, Said::Later(*booking));
            }
            _ => {}
        }
        Ok(told)
    }

    /// Who was told something need not be told again.
    pub(super) fn remember(&mut self, key: Key, said: Said) {
        if let Said::Now(Reply::Booking(view) | Reply::Pending(view)) = &said {
            self.bookings[view.number.number() as usize].owed.retain(|owed| *owed != key);
        }
        self.memories.push(Memory { at: self.now, key, said });
    }

    fn decide(&mut self, caller: Caller, command: &Command) -> Told {
        let user = caller.user;
        require(!self.is_too_late(command), Refusal::EventCancelled)?;
        match command {
            Command::HoldExact { seats, ttl_ms } => self.hold_exact(user, seats, *ttl_ms),
            Command::HoldBest { wish, ttl_ms } => self.hold_best(user, wish, *ttl_ms),
            Command::ShowHold { hold } => {
                self.own(user, *hold)?;
                reply(self.view(*hold))
            }
            Command::ChangeHold { hold, add, remove } => self.change(user, *hold, add, remove),
            Command::ExtendHold { hold, ttl_ms } => self.extend(user, *hold, *ttl_ms),
            Command::ReleaseHold { hold } => {
                self.own_unpaid(user, *hold)?;
                self.end(*hold);
                reply(Reply::Released)
            }
            Command::Block { seats } => self.house(caller, seats, Claim::Free),
            Command::Unblock { seats } => self.house(caller, seats, Claim::Blocked),
            Command::Book { hold, payment } => self.book(user, *hold, payment),
            Command::BookHeldSeat { seat, payment } => self.book_held_seat(user, *seat, payment),
            Command::HoldAndBook { seats, payment } => self.hold_and_book(user, seats, payment),
            Command::AnswerPending { booking } => self.answer_pending(caller, *booking),
            Command::Cancel { booking, seats } => self.cancel(caller, *booking, seats.as_deref()),
            Command::SettlePayment { booking, outcome } => self.settle(*booking, outcome),
            Command::Reserve { holds } => self.reserve(user, holds),
            Command::BookTogether { holds, payment } => self.book_together(user, holds, payment),
            Command::Pay { booking, payment } => self.pay(caller, *booking, payment),
            Command::NameContact { booking, contact } => self.name_contact(caller, *booking, contact),
            Command::KeepMetadata { booking, metadata } => self.keep_metadata(caller, *booking, metadata),
            Command::HearProvider { booking, attempt, reference, news } => {
                self.hear(*booking, *attempt, reference, news)
            }
            Command::Kill { seats } => self.kill(caller, seats),
            Command::Restore { seats } => self.restore(caller, seats),
            Command::Comp { seats, to } => self.comp(caller, seats, *to),
            Command::MoveTicket { booking, from, to } => self.move_ticket(caller, *booking, *from, *to),
            Command::Close { unsold } => self.close(caller, *unsold),
            Command::HoldTickets { .. } => unreachable!("no play has {command:?}"),
        }
    }

    /// Everyone who has this seat; more than one of them is a double sale.
    pub(super) fn claims(&self, seat: SeatIndex) -> Vec<Claim> {
        let mut claims = Vec::new();
        if self.house[seat.number() as usize] {
            claims.push(Claim::Blocked);
        }
        for (number, held) in self.holds.iter().enumerate() {
            if held.ended.is_none() && held.hold.tickets.iter().any(|ticket| ticket.seat == seat) {
                claims.push(Claim::Hold(HoldNumber::new(number as u32)));
            }
        }
        for (number, booking) in self.bookings.iter().enumerate() {
            let live = |ticket: &crate::event::SoldTicket| ticket.seat == seat && !ticket.cancelled;
            if booking.status == BookingStatus::Booked && booking.tickets.iter().any(live) {
                claims.push(Claim::Booking(BookingNumber::new(number as u32)));
            }
        }
        claims
    }

    pub(super) fn claim(&self, seat: SeatIndex) -> Claim {
        let claims = self.claims(seat);
        assert!(claims.len() <= 1, "{seat:?} is sold twice: {claims:?}");
        claims.first().copied().unwrap_or(Claim::Free)
    }

    pub(super) fn exists(&self, seat: SeatIndex) -> bool {
        (seat.number() as usize) < self.house.len()
    }

    pub(super) fn tickets_of(&self, customer: UserId) -> u32 {
        let seats = (0..self.house.len() as u32).map(SeatIndex::new);
        let has = |claim: Claim| match claim {
            Claim::Hold(number) => self.holds[number.number() as usize].hold.buyer == customer,
            Claim::Booking(number) => self.bookings[number.number() as usize].buyer == customer,
            Claim::Free | Claim::Blocked => false,
        };
        seats.filter(|seat| has(self.claim(*seat))).count() as u32
    }

    pub(super) fn on_sale(&self) -> Result<(), Refusal> {
        require(self.closing.is_none(), Refusal::EventCancelled)?;
        if self.terms.opens_at.is_some_and(|opens_at| self.now < opens_at) {
            return Err(Refusal::NotOnSale { opens_at: self.terms.opens_at });
        }
        require(self.now < self.terms.starts_at, Refusal::NotOnSale { opens_at: None })
    }

    pub(super) fn within_limit(&self, customer: UserId, more: u32) -> Result<(), Refusal> {
        let Some(limit) = self.terms.per_customer else { return Ok(()) };
        require(self.tickets_of(customer) + more <= limit, Refusal::LimitExceeded { limit })
    }

    pub(super) fn all_free(&self, seats: &[SeatIndex], pointer: &'static str) -> Result<(), Refusal> {
        different_seats(seats, pointer)?;
        require(seats.iter().all(|seat| self.exists(*seat)), Refusal::NotFound)?;
        self.all_are(Claim::Free, seats)
    }

    pub(super) fn all_are(&self, claim: Claim, seats: &[SeatIndex]) -> Result<(), Refusal> {
        let others = seats.iter().map(|seat| (*seat, self.claim(*seat))).filter(|(_, other)| *other != claim);
        let others: Vec<_> = others.map(|(seat, other)| (seat, other.status())).collect();
        require(others.is_empty(), Refusal::SeatUnavailable(others.clone()))
    }

    pub(super) fn end(&mut self, hold: HoldNumber) {
        self.holds[hold.number() as usize].ended = Some(self.now);
    }

    pub(super) fn own(&self, user: UserId, number: HoldNumber) -> Result<(), Refusal> {
        let held = self.holds.get(number.number() as usize).filter(|held| held.hold.buyer == user);
        let ended = held.ok_or(Refusal::NotFound)?.ended;
        let Some(ended) = ended else { return Ok(()) };
        require(self.now.since_ms(ended) >= A_DAY_MS, Refusal::HoldEnded)?;
        Err(Refusal::NotFound)
    }

    pub(super) fn own_unpaid(&self, user: UserId, number: HoldNumber) -> Result<(), Refusal> {
        self.own(user, number)?;
        require(self.holds[number.number() as usize].hold.paying.is_none(), Refusal::AlreadyPaid)
    }
}
