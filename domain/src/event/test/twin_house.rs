//! The naive twin's house: what the organizer withdraws, gives away and moves, and the end of it all.

use super::twin::{Told, Twin, different_seats, reply, require};
use super::twin_payments::{is_done, lapse};
use crate::event::{
    BookingStatus, Caller, Claim, Closing, Command, PaymentMethod, PaymentStatus, Refusal, Reply, TicketCode,
};
use crate::ids::{BookingNumber, SeatIndex, UserId};

impl Twin {
    fn is_killed(&self, seat: SeatIndex) -> bool {
        self.killed[seat.number() as usize]
    }

    /// The organizer names seats that there are.
    fn named(&self, caller: Caller, seats: &[SeatIndex]) -> Result<(), Refusal> {
        require(self.is_run_by(caller), Refusal::Forbidden)?;
        different_seats(seats, "/ticketIds")?;
        require(seats.iter().all(|seat| self.exists(*seat)), Refusal::NotFound)
    }

    /// Of the seats, those that are wrong.
    fn none_is(&self, wrong: impl Fn(SeatIndex) -> bool, seats: &[SeatIndex]) -> Result<(), Refusal> {
        let wrong: Vec<_> = seats.iter().copied().filter(|seat| wrong(*seat)).collect();
        let told: Vec<_> = wrong.into_iter().map(|seat| (seat, self.claim(seat).status())).collect();
        require(told.is_empty(), Refusal::SeatUnavailable(told.clone()))
    }

    fn none_is_taken(&self, seats: &[SeatIndex]) -> Result<(), Refusal> {
        let taken = |seat| match self.claim(seat) {
            Claim::Free => false,
            Claim::Blocked => self.is_killed(seat),
            _ => true,
        };
        self.none_is(taken, seats)
    }

    pub(super) fn none_is_killed(&self, seats: &[SeatIndex]) -> Result<(), Refusal> {
        self.none_is(|seat| self.is_killed(seat), seats)
    }

    pub(super) fn kill(&mut self, caller: Caller, seats: &[SeatIndex]) -> Told {
        self.named(caller, seats)?;
        self.none_is_taken(seats)?;
        for seat in seats {
            (self.house[seat.number() as usize], self.killed[seat.number() as usize]) = (true, true);
        }
        reply(Reply::SeatsChanged)
    }

    pub(super) fn restore(&mut self, caller: Caller, seats: &[SeatIndex]) -> Told {
        self.named(caller, seats)?;
        self.none_is(|seat| !self.is_killed(seat), seats)?;
        for seat in seats {
            (self.house[seat.number() as usize], self.killed[seat.number() as usize]) = (false, false);
        }
        reply(Reply::SeatsChanged)
    }

    pub(super) fn comp(&mut self, caller: Caller, seats: &[SeatIndex], to: UserId) -> Told {
        self.named(caller, seats)?;
        self.none_is_taken(seats)?;
        seats.iter().for_each(|seat| self.house[seat.number() as usize] = false);
        let hold = self.add_hold(to, seats, 0);
        let given = &mut self.holds[hold.number() as usize].hold;
        let mut tickets = given.tickets.to_vec();
        tickets.iter_mut().for_each(|ticket| ticket.price_minor = 0);
        given.tickets = tickets.into();
        let number = self.add_booking(&[hold]);
        let booking = &mut self.bookings[number.number() as usize];
        booking.one_call = true;
        booking.payment.method = Some(PaymentMethod { provider: "none".into(), token: String::new() });
        self.sell(number);
        self.bookings[number.number() as usize].payment.status = PaymentStatus::Captured;
        reply(Reply::Booking(self.booking_view(number)))
    }

    pub(super) fn move_ticket(
        &mut self,
        caller: Caller,
        number: BookingNumber,
        from: SeatIndex,
        to: SeatIndex,
    ) -> Told {
        self.may_manage(caller, number)?;
        require(self.is_run_by(caller), Refusal::Forbidden)?;
        let booking = &self.bookings[number.number() as usize];
        let of_the_seat = || booking.tickets.iter().filter(|ticket| ticket.seat == from);
        require(of_the_seat().count() > 0, Refusal::NotFound)?;
        require(booking.status != BookingStatus::Pending, Refusal::NotCancellable)?;
        let live = of_the_seat().any(|ticket| !ticket.cancelled);
        require(booking.status == BookingStatus::Booked && live, Refusal::AlreadyCancelled)?;
        require(self.exists(to), Refusal::NotFound)?;
        let claim = self.claim(to);
        require(claim == Claim::Free, Refusal::SeatUnavailable(vec![(to, claim.status())]))?;
        let drawn = self.drawn_codes.to_le_bytes();
        self.drawn_codes += 1;
        let booking = &mut self.bookings[number.number() as usize];
        for ticket in booking.tickets.iter_mut().filter(|ticket| ticket.seat == from && !ticket.cancelled) {
            (ticket.seat, ticket.code) = (to, Some(TicketCode(core::array::from_fn(|at| drawn[at % 8]))));
        }
        reply(Reply::Booking(self.booking_view(number)))
    }

    /// Whether the command could give somebody a seat.
    pub(super) fn is_too_late(&self, command: &Command) -> bool {
        let goes_on = matches!(
            command,
            Command::ShowHold { .. }
                | Command::ReleaseHold { .. }
                | Command::AnswerPending { .. }
                | Command::Cancel { .. }
                | Command::SettlePayment { .. }
                | Command::NameContact { .. }
                | Command::KeepMetadata { .. }
                | Command::HearProvider { .. }
                | Command::Close { .. }
        );
        self.closing.is_some() && !goes_on
    }

    pub(super) fn close(&mut self, caller: Caller, unsold: bool) -> Told {
        require(self.is_run_by(caller), Refusal::Forbidden)?;
        if unsold {
            let needs_it = self.bookings.iter().any(|booking| {
                booking.booked_at.is_some() || booking.status == BookingStatus::Pending || !is_done(booking)
            });
            require(!needs_it, Refusal::InUse)?;
        }
        match (self.closing, unsold) {
            (None, _) | (Some(Closing::Cancelled), true) => {}
            _ => return reply(Reply::Closed),
        }
        for number in 0..self.holds.len() {
            let held = &self.holds[number];
            let paying = held.hold.paying.filter(|_| held.ended.is_none());
            if let Some(booking) = paying.filter(|booking| self.is_paying(*booking)) {
                let is_open = [PaymentStatus::Due, PaymentStatus::Declined]
                    .contains(&self.bookings[booking.number() as usize].payment.status);
                if is_open {
                    self.unpaid(booking);
                } else {
                    lapse(&mut self.bookings[booking.number() as usize]);
                }
            }
        }
        for held in self.holds.iter_mut().filter(|held| held.ended.is_none()) {
            (held.ended, held.hold.paying) = (Some(self.now), None);
        }
        self.closing = Some(if unsold { Closing::Withdrawn } else { Closing::Cancelled });
        reply(Reply::Closed)
    }

    fn is_paying(&self, number: BookingNumber) -> bool {
        self.bookings[number.number() as usize].status == BookingStatus::Pending
    }

    /// So many bookings of a cancelled event are given back, for all that they cost.
    pub(super) fn wind_up(&mut self, at_most: usize) {
        if self.closing != Some(Closing::Cancelled) {
            return;
        }
        let sold = self.bookings.iter_mut().filter(|booking| booking.status == BookingStatus::Booked);
        for booking in sold.take(at_most) {
            let mut refund_minor = 0;
            for ticket in booking.tickets.iter_mut().filter(|ticket| !ticket.cancelled) {
                ticket.cancelled = true;
                refund_minor += ticket.price_minor;
            }
            if refund_minor > 0 {
                booking.payment.refunds_due_minor.push(refund_minor);
            }
            booking.status = BookingStatus::Cancelled;
        }
    }

    /// The directory has let go of the event.
    pub(super) fn forget(&mut self) {
        if self.closing == Some(Closing::Withdrawn) {
            self.closing = Some(Closing::Purged);
        }
    }
}
