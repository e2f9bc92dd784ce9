//! The naive twin's bookings that are made first and paid later, of one hold or of several, and what is told of them.

use std::collections::BTreeMap;

use super::twin::{Told, Twin, invalid, reply, require};
use crate::event::{
    Booking, BookingStatus, Caller, Claim, NextAction, Payment, PaymentOutcome, PaymentStatus, PaymentTerms,
    ProviderNews, Refusal, Reply, SoldTicket,
};
use crate::ids::{BookingNumber, HoldNumber, SeatIndex, UserId};
use crate::time::UnixMillis;

impl Twin {
    fn at(&mut self, number: BookingNumber) -> &mut Booking {
        &mut self.bookings[number.number() as usize]
    }

    fn first_end(&self, holds: &[HoldNumber]) -> UnixMillis {
        let ends = holds.iter().map(|hold| self.holds[hold.number() as usize].hold.expires_at);
        ends.min().expect("a booking has a hold")
    }

    /// An unpaid booking of these holds, which belong to it from now on.
    pub(super) fn add_booking(&mut self, holds: &[HoldNumber]) -> BookingNumber {
        let number = BookingNumber::new(self.bookings.len() as u32);
        let mut tickets = Vec::new();
        let mut buyer = UserId::new(0);
        for hold in holds {
            let hold = &mut self.holds[hold.number() as usize].hold;
            hold.paying = Some(number);
            buyer = hold.buyer;
            tickets.extend(hold.tickets.iter().map(|ticket| SoldTicket {
                seat: ticket.seat,
                price_minor: ticket.price_minor,
                code: None,
                cancelled: false,
                price_type: 0,
            }));
        }
        let payment = Payment {
            method: None,
            status: PaymentStatus::Due,
            settle_by: self.first_end(holds),
            attempt: 0,
            reference: None,
            action: None,
            refunds_due_minor: Vec::new(),
            refunded_minor: 0,
            refunds: 0,
            void_due: false,
            disputes: Vec::new(),
            metadata: BTreeMap::new(),
        };
        self.bookings.push(Booking {
            buyer,
            holds: holds.to_vec(),
            tickets,
            status: BookingStatus::Pending,
            payment,
            created_at: self.now,
            booked_at: None,
            one_call: false,
            pays_later: false,
            contact: Vec::new(),
            owed: Vec::new(),
            charges: None,
        });
        number
    }

    fn own_unpaid_holds(&self, user: UserId, holds: &[HoldNumber]) -> Result<(), Refusal> {
        let mut others = holds.to_vec();
        others.sort_unstable();
        others.dedup();
        let right = !holds.is_empty() && holds.len() <= 10 && others.len() == holds.len();
        require(right, invalid("/holdIds"))?;
        holds.iter().try_for_each(|hold| self.own_unpaid(user, *hold))
    }

    pub(super) fn reserve(&mut self, user: UserId, holds: &[HoldNumber]) -> Told {
        self.own_unpaid_holds(user, holds)?;
        let number = self.add_booking(holds);
        self.at(number).pays_later = true;
        if self.at(number).total_minor() == 0 {
            return self.settling_or_free(number);
        }
        reply(Reply::Pending(self.booking_view(number)))
    }

    pub(super) fn book_together(&mut self, user: UserId, holds: &[HoldNumber], terms: &PaymentTerms) -> Told {
        if let [only] = holds {
            return self.book(user, *only, terms);
        }
        self.own_unpaid_holds(user, holds)?;
        let number = self.add_booking(holds);
        if self.at(number).total_minor() > 0 {
            self.attempt(number, terms);
        }
        self.settling_or_free(number)
    }

    pub(super) fn pay(&mut self, caller: Caller, number: BookingNumber, terms: &PaymentTerms) -> Told {
        self.may_manage(caller, number)?;
        let booking = self.at(number);
        require(booking.buyer == caller.user, Refusal::Forbidden)?;
        let was_sold = booking.booked_at.is_some();
        if booking.status == BookingStatus::Cancelled {
            return Err(if was_sold { Refusal::AlreadyCancelled } else { Refusal::HoldEnded });
        }
        let open = [PaymentStatus::Due, PaymentStatus::Declined].contains(&booking.payment.status);
        require(booking.status == BookingStatus::Pending && open, Refusal::AlreadyPaid)?;
        self.attempt(number, terms);
        self.settling_or_free(number)
    }

    fn attempt(&mut self, number: BookingNumber, terms: &PaymentTerms) {
        let wanted = self.now.plus_ms(terms.timeout_ms);
        let mut settle_by = wanted;
        for hold in self.at(number).holds.clone() {
            let hold = &self.holds[hold.number() as usize].hold;
            if let Some(stretched_to) = hold.stretched_to {
                settle_by = settle_by.min(stretched_to.max(hold.expires_at));
            }
        }
        let payment = &mut self.at(number).payment;
        payment.attempt += u32::from(payment.method.is_some());
        payment.method = Some(terms.method.clone());
        payment.status = PaymentStatus::Pending;
        payment.reference = None;
        self.wait_until(number, settle_by);
    }

    fn wait_until(&mut self, number: BookingNumber, settle_by: UnixMillis) {
        self.at(number).payment.settle_by = settle_by;
        for hold in self.at(number).holds.clone() {
            let hold = &mut self.holds[hold.number() as usize].hold;
            if settle_by > hold.expires_at && hold.stretched_to.is_none() {
                hold.stretched_to = Some(settle_by);
            }
        }
    }

    pub(super) fn give_up(&mut self, number: BookingNumber) -> Told {
        self.unpaid(number);
        for hold in self.at(number).holds.clone() {
            self.end(hold);
        }
        reply(Reply::Booking(self.booking_view(number)))
    }

    /// Nobody has paid; the holds are as they were.
    pub(super) fn unpaid(&mut self, number: BookingNumber) {
        let booking = self.at(number);
        booking.status = BookingStatus::Cancelled;
        if booking.payment.status == PaymentStatus::Due {
            booking.payment.status = PaymentStatus::Voided;
        }
        for hold in booking.holds.clone() {
            self.holds[hold.number() as usize].hold.paying = None;
        }
    }

    pub(super) fn require_action(
        &mut self,
        number: BookingNumber,
        action: &NextAction,
        reference: &str,
    ) -> Told {
        let booking = self.at(number).clone();
        let mut end = self.first_end(&booking.holds);
        if booking.one_call {
            end = booking.created_at.plus_ms(self.terms.hold_ms);
        }
        let payment = &mut self.at(number).payment;
        payment.status = PaymentStatus::RequiresAction;
        payment.action = Some(Box::new(action.clone()));
        payment.reference = Some(reference.to_owned());
        self.wait_until(number, end.max(booking.payment.settle_by));
        let told = Reply::Pending(self.booking_view(number));
        self.answer_all(number, told)
    }

    pub(super) fn lose(&mut self, number: BookingNumber) {
        let booking = self.at(number);
        booking.status = BookingStatus::Cancelled;
        booking.payment.status = PaymentStatus::Voided;
        booking.payment.refunds_due_minor.clear();
        booking.tickets.iter_mut().for_each(|ticket| ticket.cancelled = true);
    }

    pub(super) fn can_be_had_again(&self, number: BookingNumber) -> bool {
        let booking = &self.bookings[number.number() as usize];
        let wanted: Vec<SeatIndex> = booking.tickets.iter().map(|ticket| ticket.seat).collect();
        let mut more = 0;
        for seat in &wanted {
            match self.claim(*seat) {
                Claim::Free => more += 1,
                Claim::Hold(hold) if booking.holds.contains(&hold) => {
                    let hold = &self.holds[hold.number() as usize].hold;
                    let only = hold.tickets.iter().all(|ticket| wanted.contains(&ticket.seat));
                    if hold.paying.is_some() || !only {
                        return false;
                    }
                }
                _ => return false,
            }
        }
        self.on_sale().is_ok() && self.within_limit(booking.buyer, more).is_ok()
    }

    pub(super) fn hear(
        &mut self,
        number: BookingNumber,
        attempt: u32,
        reference: &str,
        news: &ProviderNews,
    ) -> Told {
        let booking = self.bookings.get(number.number() as usize).ok_or(Refusal::NotFound)?;
        let mut settled = Vec::new();
        if booking.payment.attempt == attempt {
            let outcome = match news {
                ProviderNews::Authorized(money) | ProviderNews::Captured(money)
                    if money.minor != booking.total_minor() || money.currency != self.terms.currency =>
                {
                    return Err(invalid("/data/object"));
                }
                ProviderNews::Authorized(_) => PaymentOutcome::AuthorizedAs(reference.to_owned()),
                ProviderNews::Captured(_) => PaymentOutcome::Captured,
                ProviderNews::Cancelled if booking.payment.status == PaymentStatus::Authorized => {
                    PaymentOutcome::Lost
                }
                ProviderNews::Cancelled if booking.payment.status == PaymentStatus::RequiresAction => {
                    PaymentOutcome::Declined
                }
                ProviderNews::Cancelled => PaymentOutcome::Voided,
                ProviderNews::Disputed(dispute) => {
                    let disputes = &mut self.at(number).payment.disputes;
                    let known = disputes.iter().position(|known| known.id == dispute.id);
                    known.map(|at| disputes.remove(at));
                    disputes.insert(known.unwrap_or(disputes.len()), dispute.clone());
                    return reply(Reply::Heard);
                }
            };
            settled = self.settle(number, &outcome)?.settled;
        }
        Ok(super::twin::Answer { settled, ..reply(Reply::Heard)? })
    }

    pub(super) fn name_contact(&mut self, caller: Caller, number: BookingNumber, contact: &[u8]) -> Told {
        self.may_manage(caller, number)?;
        self.at(number).contact = contact.to_vec();
        reply(Reply::Booking(self.booking_view(number)))
    }

    pub(super) fn keep_metadata(
        &mut self,
        caller: Caller,
        number: BookingNumber,
        metadata: &BTreeMap<String, String>,
    ) -> Told {
        self.may_manage(caller, number)?;
        self.at(number).payment.metadata = metadata.clone();
        reply(Reply::Booking(self.booking_view(number)))
    }
}
