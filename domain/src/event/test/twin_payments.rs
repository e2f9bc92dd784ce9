//! The naive twin's money: bookings, what providers say of them, cancellations, and who waits for which answer.

use super::twin::{Answer, Said, Told, Twin, different_seats, reply, require};
use crate::event::{
    Booking, BookingStatus, BookingView, Caller, Claim, Closing, Outcome, PaymentOutcome, PaymentStatus,
    PaymentTerms, Refusal, Reply, TicketCode,
};
use crate::ids::{BookingNumber, HoldNumber, SeatIndex, UserId};
use crate::time::UnixMillis;

/// The provider did not answer in time; whatever it set aside it must let go.
pub(super) fn lapse(booking: &mut Booking) {
    booking.status = BookingStatus::Cancelled;
    booking.payment.status = PaymentStatus::Voided;
    booking.payment.action = None;
    booking.payment.void_due = true;
}

/// Nothing is left to do at the provider.
pub(super) fn is_done(booking: &Booking) -> bool {
    let payment = &booking.payment;
    match payment.status {
        PaymentStatus::Pending | PaymentStatus::RequiresAction | PaymentStatus::Authorized => false,
        PaymentStatus::Captured => payment.refunds_due_minor.is_empty(),
        PaymentStatus::Voided => !payment.void_due,
        PaymentStatus::Declined | PaymentStatus::Due => true,
    }
}

pub(super) fn nothing() -> Told {
    Ok(Answer { outcome: Outcome::Nothing, settled: Vec::new() })
}

impl Twin {
    pub(super) fn booking_view(&self, number: BookingNumber) -> BookingView {
        let booking = self.bookings[number.number() as usize].clone();
        BookingView { number, booking: Box::new(Booking { owed: Vec::new(), ..booking }) }
    }

    pub(super) fn book(&mut self, user: UserId, number: HoldNumber, terms: &PaymentTerms) -> Told {
        self.own_unpaid(user, number)?;
        let hold = &mut self.holds[number.number() as usize].hold;
        let mut settle_by = self.now.plus_ms(terms.timeout_ms);
        if settle_by > hold.expires_at {
            let stretched_to = *hold.stretched_to.get_or_insert(settle_by);
            settle_by = settle_by.min(stretched_to.max(hold.expires_at));
        }
        self.begin_to_pay(number, terms, settle_by, false)
    }

    pub(super) fn book_held_seat(&mut self, user: UserId, seat: SeatIndex, terms: &PaymentTerms) -> Told {
        require(self.exists(seat), Refusal::NotFound)?;
        let claim = self.claim(seat);
        match claim {
            Claim::Hold(number) if self.holds[number.number() as usize].hold.buyer == user => {
                self.book(user, number, terms)
            }
            Claim::Free => Err(Refusal::HoldEnded),
            _ => Err(Refusal::SeatUnavailable(vec![(seat, claim.status())])),
        }
    }

    pub(super) fn hold_and_book(&mut self, user: UserId, seats: &[SeatIndex], terms: &PaymentTerms) -> Told {
        self.on_sale()?;
        self.all_free(seats, "/ticketIds")?;
        self.within_limit(user, seats.len() as u32)?;
        let hold = self.add_hold(user, seats, terms.timeout_ms);
        self.begin_to_pay(hold, terms, self.now.plus_ms(terms.timeout_ms), true)
    }

    fn begin_to_pay(
        &mut self,
        number: HoldNumber,
        terms: &PaymentTerms,
        settle_by: UnixMillis,
        one_call: bool,
    ) -> Told {
        let booking = self.add_booking(&[number]);
        let added = &mut self.bookings[booking.number() as usize];
        added.one_call = one_call;
        added.payment.method = Some(terms.method.clone());
        added.payment.status = PaymentStatus::Pending;
        added.payment.settle_by = settle_by;
        self.settling_or_free(booking)
    }

    /// What costs nothing is sold at once.
    pub(super) fn settling_or_free(&mut self, booking: BookingNumber) -> Told {
        if self.bookings[booking.number() as usize].tickets.iter().any(|ticket| ticket.price_minor > 0) {
            let outcome = Outcome::Settling { booking, joined: false };
            return Ok(Answer { outcome, settled: Vec::new() });
        }
        self.sell(booking);
        self.bookings[booking.number() as usize].payment.status = PaymentStatus::Captured;
        reply(Reply::Booking(self.booking_view(booking)))
    }

    pub(super) fn sell(&mut self, number: BookingNumber) {
        let booking = &mut self.bookings[number.number() as usize];
        booking.status = BookingStatus::Booked;
        booking.payment.status = PaymentStatus::Authorized;
        booking.payment.action = None;
        booking.payment.void_due = false;
        booking.booked_at = Some(self.now);
        for ticket in &mut booking.tickets {
            let drawn = self.drawn_codes.to_le_bytes();
            self.drawn_codes += 1;
            ticket.code = Some(TicketCode(core::array::from_fn(|at| drawn[at % 8])));
        }
        let sold: Vec<_> = booking.tickets.iter().map(|ticket| ticket.seat).collect();
        for hold in booking.holds.clone() {
            let held = &self.holds[hold.number() as usize];
            if held.ended.is_none() && held.hold.tickets.iter().all(|ticket| sold.contains(&ticket.seat)) {
                self.end(hold);
            }
        }
    }

    pub(super) fn may_manage(&self, caller: Caller, number: BookingNumber) -> Result<(), Refusal> {
        let booking = self.bookings.get(number.number() as usize).ok_or(Refusal::NotFound)?;
        let buys = caller.user == booking.buyer;
        require(buys || self.is_run_by(caller), Refusal::NotFound)
    }

    pub(super) fn answer_pending(&mut self, caller: Caller, number: BookingNumber) -> Told {
        self.may_manage(caller, number)?;
        let view = self.booking_view(number);
        if is_done(&view.booking) { reply(Reply::Booking(view)) } else { reply(Reply::Pending(view)) }
    }

    pub(super) fn cancel(
        &mut self,
        caller: Caller,
        number: BookingNumber,
        seats: Option<&[SeatIndex]>,
    ) -> Told {
        self.may_manage(caller, number)?;
        let (rule, in_full) = (self.terms.cancellation, self.closing == Some(Closing::Cancelled));
        let booking = &mut self.bookings[number.number() as usize];
        if let Some(seats) = seats {
            different_seats(seats, "/ticketIds")?;
            for seat in seats {
                let of_the_seat = || booking.tickets.iter().filter(|ticket| ticket.seat == *seat);
                require(of_the_seat().count() > 0, Refusal::NotFound)?;
                require(of_the_seat().any(|ticket| !ticket.cancelled), Refusal::AlreadyCancelled)?;
            }
        }
        require(booking.status != BookingStatus::Cancelled, Refusal::AlreadyCancelled)?;
        let unpaid = [PaymentStatus::Due, PaymentStatus::Declined].contains(&booking.payment.status);
        if booking.status == BookingStatus::Pending && unpaid && seats.is_none() {
            return self.give_up(number);
        }
        let allowed = booking.status == BookingStatus::Booked && (in_full || self.now < rule.until);
        require(allowed, Refusal::NotCancellable)?;
        let fee_percent = if in_full { 0 } else { i64::from(rule.fee_percent) };
        let mut refund_minor = 0;
        for ticket in booking.tickets.iter_mut().filter(|ticket| !ticket.cancelled) {
            if seats.is_none_or(|seats| seats.contains(&ticket.seat)) {
                ticket.cancelled = true;
                refund_minor += ticket.price_minor - ticket.price_minor * fee_percent / 100;
            }
        }
        if refund_minor > 0 {
            booking.payment.refunds_due_minor.push(refund_minor);
        }
        if booking.tickets.iter().all(|ticket| ticket.cancelled) {
            booking.status = BookingStatus::Cancelled;
        }
        if is_done(booking) {
            return reply(Reply::Booking(self.booking_view(number)));
        }
        Ok(Answer { outcome: Outcome::Settling { booking: number, joined: false }, settled: Vec::new() })
    }

    pub(super) fn settle(&mut self, number: BookingNumber, outcome: &PaymentOutcome) -> Told {
        use PaymentOutcome as Did;
        let booking = self.bookings.get(number.number() as usize).ok_or(Refusal::NotFound)?;
        let again = booking.payment.void_due && self.can_be_had_again(number);
        let payment = &mut self.bookings[number.number() as usize].payment;
        let asked = [PaymentStatus::Pending, PaymentStatus::RequiresAction].contains(&payment.status);
        match (payment.status, outcome) {
            (_, Did::Authorized) if asked => self.sell(number),
            (_, Did::AuthorizedAs(name)) if asked => {
                payment.reference = Some(name.clone());
                self.sell(number);
            }
            (PaymentStatus::Voided, Did::FoundLate(name)) if again => {
                payment.reference = name.clone().or(payment.reference.take());
                self.sell(number);
            }
            (_, Did::Declined) if asked => return self.decline(number),
            (PaymentStatus::Pending, Did::ActionRequired { action, reference }) => {
                return self.require_action(number, action, reference);
            }
            (PaymentStatus::Authorized, Did::Captured) => payment.status = PaymentStatus::Captured,
            (PaymentStatus::Authorized, Did::Lost) => self.lose(number),
            (PaymentStatus::Voided, Did::Voided) if payment.void_due => payment.void_due = false,
            (PaymentStatus::Captured, Did::Refunded { amount_minor, attempt }) => {
                let due = payment.refunds_due_minor.first();
                if due != Some(amount_minor) || *attempt != payment.refunds {
                    return nothing();
                }
                payment.refunds_due_minor.remove(0);
                payment.refunded_minor += amount_minor;
                payment.refunds += 1;
            }
            _ => return nothing(),
        }
        if !is_done(&self.bookings[number.number() as usize]) {
            return nothing();
        }
        let reply = Reply::Booking(self.booking_view(number));
        self.answer_all(number, reply)
    }

    fn decline(&mut self, number: BookingNumber) -> Told {
        let booking = &mut self.bookings[number.number() as usize];
        booking.payment.status = PaymentStatus::Declined;
        booking.payment.action = None;
        let (holds, one_call) = (booking.holds.clone(), booking.one_call);
        if booking.pays_later {
            let ends = holds.iter().map(|hold| self.holds[hold.number() as usize].hold.expires_at);
            booking.payment.settle_by = ends.min().expect("a booking has a hold");
        } else {
            booking.status = BookingStatus::Cancelled;
            for hold in holds {
                self.holds[hold.number() as usize].hold.paying = None;
                if one_call {
                    self.end(hold);
                }
            }
        }
        self.answer_all(number, Reply::Declined)
    }

    /// Everyone who waits for the booking hears this.
    pub(super) fn answer_all(&mut self, number: BookingNumber, reply: Reply) -> Told {
        for key in core::mem::take(&mut self.bookings[number.number() as usize].owed) {
            self.remember(key, Said::Now(reply.clone()));
        }
        Ok(Answer { outcome: Outcome::Nothing, settled: vec![(number, reply)] })
    }
}
