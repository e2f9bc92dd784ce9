//! The naive twin's holds, and what the house does.

use super::best_naive::best_available_naive;
use super::twin::{Told, Twin, TwinHold, different_seats, invalid, reply, require};
use crate::account::Role;
use crate::event::{BestWish, Caller, Claim, Hold, HoldView, PricedSeat, Refusal, Reply};
use crate::ids::{HoldNumber, SeatIndex, UserId};

const THIRTY_MINUTES_MS: u64 = 1_800_000;

impl Twin {
    pub(super) fn hold_exact(&mut self, user: UserId, seats: &[SeatIndex], ttl_ms: Option<u64>) -> Told {
        self.on_sale()?;
        let ttl_ms = self.time_to_live(ttl_ms)?;
        self.all_free(seats, "/ticketIds")?;
        self.within_limit(user, seats.len() as u32)?;
        let hold = self.add_hold(user, seats, ttl_ms);
        reply(self.view(hold))
    }

    pub(super) fn hold_best(&mut self, user: UserId, wish: &BestWish, ttl_ms: Option<u64>) -> Told {
        self.on_sale()?;
        let ttl_ms = self.time_to_live(ttl_ms)?;
        require(wish.quantity >= 1 && wish.quantity <= 12, invalid("/bestAvailable/quantity"))?;
        self.within_limit(user, wish.quantity)?;
        let seats = (0..self.house.len() as u32).map(SeatIndex::new);
        let free: Vec<bool> = seats.map(|seat| self.claim(seat) == Claim::Free).collect();
        let found = best_available_naive(&self.map, &free, &self.terms.prices_minor, wish);
        let hold = self.add_hold(user, &found.ok_or(Refusal::SoldOut)?, ttl_ms);
        reply(self.view(hold))
    }

    pub(super) fn change(
        &mut self,
        user: UserId,
        number: HoldNumber,
        add: &[SeatIndex],
        remove: &[SeatIndex],
    ) -> Told {
        self.own_unpaid(user, number)?;
        self.on_sale()?;
        let has = |seat: &SeatIndex| self.claim_of_hold(number, *seat);
        if !remove.is_empty() {
            different_seats(remove, "/remove")?;
            require(remove.iter().all(has), invalid("/remove"))?;
        }
        if !add.is_empty() {
            require(!add.iter().any(has), invalid("/add"))?;
            self.all_free(add, "/add")?;
        }
        if add.len() > remove.len() {
            self.within_limit(user, (add.len() - remove.len()) as u32)?;
        }
        let added = self.priced(add);
        let hold = &mut self.holds[number.number() as usize].hold;
        let mut tickets = hold.tickets.to_vec();
        let left = tickets.len() + add.len() - remove.len();
        require((1..=50).contains(&left), invalid(""))?;
        tickets.retain(|ticket| !remove.contains(&ticket.seat));
        tickets.extend(added);
        hold.tickets = tickets.into();
        reply(self.view(number))
    }

    fn claim_of_hold(&self, number: HoldNumber, seat: SeatIndex) -> bool {
        self.exists(seat) && self.claim(seat) == Claim::Hold(number)
    }

    pub(super) fn is_run_by(&self, caller: Caller) -> bool {
        match caller.role {
            Role::Customer => false,
            Role::Organizer => caller.user == self.terms.organizer,
            Role::Operator => true,
        }
    }

    pub(super) fn house(&mut self, caller: Caller, seats: &[SeatIndex], before: Claim) -> Told {
        require(self.is_run_by(caller), Refusal::Forbidden)?;
        different_seats(seats, "/ticketIds")?;
        require(seats.iter().all(|seat| self.exists(*seat)), Refusal::NotFound)?;
        self.all_are(before, seats)?;
        self.none_is_killed(seats)?;
        seats.iter().for_each(|seat| self.house[seat.number() as usize] = before == Claim::Free);
        reply(Reply::SeatsChanged)
    }

    /// A new hold; the caller has looked that all is well.
    pub(super) fn add_hold(&mut self, buyer: UserId, seats: &[SeatIndex], ttl_ms: u64) -> HoldNumber {
        let hold = Hold {
            buyer,
            tickets: self.priced(seats).into(),
            created_at: self.now,
            expires_at: self.now.plus_ms(ttl_ms),
            paying: None,
            stretched_to: None,
            charges: None,
        };
        self.holds.push(TwinHold { hold, ended: None });
        HoldNumber::new(self.holds.len() as u32 - 1)
    }

    pub(super) fn view(&self, number: HoldNumber) -> Reply {
        let hold = &self.holds[number.number() as usize].hold;
        Reply::Hold(HoldView {
            hold: number,
            buyer: hold.buyer,
            tickets: hold.tickets.clone(),
            created_at: hold.created_at,
            expires_at: hold.expires_at,
            as_of: self.now,
            charges: None,
        })
    }

    fn priced(&self, seats: &[SeatIndex]) -> Vec<PricedSeat> {
        let price = |seat: SeatIndex| {
            let row = self.map.all_rows().iter().find(|row| row.seats().any(|other| other == seat));
            let category = self.map.section_of(row.expect("the seat exists")).category;
            self.terms.prices_minor[category as usize]
        };
        seats
            .iter()
            .map(|seat| PricedSeat { seat: *seat, price_minor: price(*seat), price_type: 0 })
            .collect()
    }

    fn time_to_live(&self, wished: Option<u64>) -> Result<u64, Refusal> {
        let ttl_ms = wished.unwrap_or(self.terms.hold_ms);
        require(ttl_ms >= 1 && ttl_ms <= self.terms.hold_ms, invalid("/ttlSeconds"))?;
        Ok(ttl_ms)
    }

    pub(super) fn extend(&mut self, user: UserId, number: HoldNumber, ttl_ms: Option<u64>) -> Told {
        self.own_unpaid(user, number)?;
        let ttl_ms = self.time_to_live(ttl_ms)?;
        let until = self.now.plus_ms(ttl_ms);
        let hold = &mut self.holds[number.number() as usize].hold;
        hold.expires_at = until.min(hold.created_at.plus_ms(THIRTY_MINUTES_MS));
        reply(self.view(number))
    }
}
