//! What buyers are told, in words: the letter and the text message for each notice.

use domain::account::Person;
use domain::event::{Booking, Notice, SoldTicket};
use domain::ids::{BookingId, DeliveryId, SeatIndex};
use domain::ports::Mail;

use super::letter::Letter;
use super::show::Show;
use crate::http::ticket::CodeText;

/// Everything that there is to say.
pub(super) struct Words<'a> {
    pub(super) id: DeliveryId,
    pub(super) notice: &'a Notice,
    pub(super) booking: &'a Booking,
    pub(super) show: &'a Show,
}

impl Words<'_> {
    /// The mail to `person` at `address`; of what is no buyer's there is none.
    pub(super) fn mail(&self, person: &Person, address: &str) -> Option<Mail> {
        let (subject, letter) = match self.notice {
            Notice::BookingConfirmed { .. } => self.confirmed(),
            Notice::TicketsCancelled { seats, refund_minor, .. } => self.cancelled(seats, *refund_minor),
            Notice::RefundPaid { amount_minor, .. } => self.refunded(*amount_minor),
            Notice::TicketMoved { from, to, .. } => self.moved(*from, *to),
            Notice::EventCancelled => return None,
        };
        Some(letter.to(&person.name, address, &subject, self.id.to_string()))
    }

    /// The text message, for notices that are worth one.
    pub(super) fn text(&self) -> Option<String> {
        let (show, booking) = (self.show, self.booking_id());
        match self.notice {
            Notice::BookingConfirmed { .. } => Some(format!(
                "{} for {}, {}: booked. Booking {booking}",
                tickets(self.live().count()),
                show.name,
                show.when()
            )),
            Notice::TicketsCancelled { seats, refund_minor, .. } => Some(format!(
                "{} for {}, {}: cancelled. You get back {}. Booking {booking}",
                tickets(seats.len()),
                show.name,
                show.when(),
                show.money(*refund_minor)
            )),
            Notice::RefundPaid { .. } | Notice::TicketMoved { .. } | Notice::EventCancelled => None,
        }
    }

    fn confirmed(&self) -> (String, Letter) {
        let show = self.show;
        let ticket = |ticket: &SoldTicket| {
            let code = ticket.code.map(|code| CodeText(code).to_string()).unwrap_or_default();
            (show.seat(ticket.seat), format!("{} · {code}", show.money(ticket.price_minor)))
        };
        let letter = Letter::new()
            .paragraph(format!("Your booking for {} is confirmed.", show.name))
            .rows(self.facts())
            .paragraph("Your tickets, each with its price and the code that lets its bearer in:")
            .rows(self.live().map(ticket).collect())
            .paragraph(format!("Total: {}", show.money(self.booking.total_minor())));
        (format!("Your tickets for {}", show.name), letter)
    }

    fn cancelled(&self, seats: &[SeatIndex], refund_minor: i64) -> (String, Letter) {
        let show = self.show;
        let count = tickets(seats.len());
        let seats: Vec<_> = seats.iter().map(|seat| (show.seat(*seat), "cancelled".to_owned())).collect();
        let refund = match refund_minor {
            0 => "Nothing is to be paid back.".to_owned(),
            minor => format!("{} will be paid back to you, the way you paid.", show.money(minor)),
        };
        let letter = Letter::new()
            .paragraph(format!("Cancelled: {count} for {}.", show.name))
            .rows(self.facts())
            .rows(seats)
            .paragraph(refund)
            .paragraph("The codes of these tickets are void.");
        (format!("Cancelled: {}", show.name), letter)
    }

    fn moved(&self, from: SeatIndex, to: SeatIndex) -> (String, Letter) {
        let show = self.show;
        // None where it has been moved on, or cancelled, meanwhile: another mail says so.
        let code = self.live().find(|ticket| ticket.seat == to).and_then(|ticket| ticket.code);
        let code = code.map(|code| CodeText(code).to_string()).unwrap_or_default();
        let letter = Letter::new()
            .paragraph(format!("You have another seat for {}.", show.name))
            .rows(self.facts())
            .rows(vec![(show.seat(from), "no longer yours".to_owned()), (show.seat(to), code)])
            .paragraph("The code of the seat before is void; the new one stands beside the new seat.");
        (format!("Another seat for {}", show.name), letter)
    }

    fn refunded(&self, amount_minor: i64) -> (String, Letter) {
        let show = self.show;
        let letter = Letter::new()
            .paragraph(format!(
                "{} of what you paid for {} is on its way back to you.",
                show.money(amount_minor),
                show.name
            ))
            .rows(self.facts());
        (format!("Your refund for {}", show.name), letter)
    }

    fn facts(&self) -> Vec<(String, String)> {
        let show = self.show;
        let row = |word: &str, value: String| (word.to_owned(), value);
        vec![
            row("When", show.when()),
            row("Where", format!("{}, {}", show.venue, show.city)),
            row("Booking", self.booking_id().to_string()),
        ]
    }

    fn live(&self) -> impl Iterator<Item = &SoldTicket> {
        self.booking.tickets.iter().filter(|ticket| !ticket.cancelled)
    }

    fn booking_id(&self) -> String {
        self.notice
            .booking()
            .map(|number| BookingId::new(self.id.event, number).to_string())
            .unwrap_or_default()
    }
}

fn tickets(count: usize) -> String {
    if count == 1 { "1 ticket".to_owned() } else { format!("{count} tickets") }
}

#[cfg(test)]
mod test {
    use domain::event::{BookingStatus, Payment, PaymentMethod, PaymentStatus, TicketCode};
    use domain::ids::{BookingNumber, DeliveryNumber, EventId, HoldNumber, UserId};
    use domain::time::UnixMillis;

    use super::*;

    fn ticket(seat: u32) -> SoldTicket {
        let code = Some(TicketCode([seat as u8; 16]));
        SoldTicket { seat: SeatIndex::new(seat), price_minor: 2_500, code, cancelled: false, price_type: 0 }
    }

    fn told(notice: &Notice) -> (Mail, Option<String>) {
        let method = PaymentMethod { provider: "test".into(), token: "tok_visa".into() };
        let payment = Payment {
            method: Some(method),
            status: PaymentStatus::Captured,
            settle_by: UnixMillis::new(1),
            attempt: 0,
            reference: None,
            action: None,
            refunds_due_minor: Vec::new(),
            refunded_minor: 0,
            refunds: 0,
            void_due: false,
            disputes: Vec::new(),
            metadata: Default::default(),
        };
        let booking = Booking {
            buyer: UserId::new(1),
            holds: vec![HoldNumber::new(0)],
            tickets: vec![ticket(0), ticket(13)],
            status: BookingStatus::Booked,
            payment,
            created_at: UnixMillis::new(1),
            booked_at: Some(UnixMillis::new(1)),
            one_call: false,
            pays_later: false,
            contact: Vec::new(),
            owed: Vec::new(),
            charges: None,
        };
        let show = crate::notify::show::test::show();
        let id = DeliveryId::new(EventId::new(7), DeliveryNumber::new(3));
        let words = Words { id, notice, booking: &booking, show: &show };
        let person = Person { username: "ann".into(), name: "Anna".into(), email: None, phone: None };
        (words.mail(&person, "anna@example.org").expect("it is a buyer's"), words.text())
    }

    #[test]
    fn a_confirmation_has_seats_codes_and_prices() {
        let (mail, text) = told(&Notice::BookingConfirmed { booking: BookingNumber::new(0) });
        assert_eq!(
            (mail.subject.as_str(), mail.id.as_str()),
            ("Your tickets for Us & <Them>", "msg_00000000000073")
        );
        let code = "0d".repeat(16);
        for part in
            ["Floor, row K, seat 1", "Pit, seat 2", "25.00 EUR", "Total: 50.00 EUR", "The Hall, Graz", &code]
        {
            assert!(mail.text.contains(part), "no {part} in {}", mail.text);
            assert!(mail.html.contains(part), "no {part} in {}", mail.html);
        }
        assert!(!mail.text.contains("tok_visa"));
        let text = text.unwrap();
        assert!(
            text.starts_with("2 tickets for Us & <Them>, 18 November 2026, 11:06 UTC: booked."),
            "{text}"
        );
    }

    #[test]
    fn a_cancellation_says_which_seats_and_what_comes_back() {
        let seats = vec![SeatIndex::new(13)];
        let cancelled = |refund_minor| {
            told(&Notice::TicketsCancelled {
                booking: BookingNumber::new(0),
                seats: seats.clone(),
                refund_minor,
            })
        };
        let (mail, text) = cancelled(2_250);
        assert!(mail.text.contains("Cancelled: 1 ticket for Us & <Them>."), "{}", mail.text);
        assert!(mail.text.contains("Pit, seat 2") && !mail.text.contains("row K"), "{}", mail.text);
        assert!(mail.text.contains("22.50 EUR will be paid back"), "{}", mail.text);
        assert!(text.unwrap().contains("You get back 22.50 EUR"));
        assert!(cancelled(0).0.text.contains("Nothing is to be paid back"));
    }

    #[test]
    fn a_ticket_that_was_moved_says_its_new_seat_and_code() {
        let (booking, from, to) = (BookingNumber::new(0), SeatIndex::new(1), SeatIndex::new(13));
        let (mail, text) = told(&Notice::TicketMoved { booking, from, to });
        let code = CodeText(ticket(13).code.unwrap()).to_string();
        assert!(mail.text.contains("Pit, seat 2") && mail.text.contains(&code), "{}", mail.text);
        assert_eq!(text, None);
    }

    #[test]
    fn a_refund_is_worth_a_mail_and_no_text_message() {
        let (mail, text) = told(&Notice::RefundPaid { booking: BookingNumber::new(0), amount_minor: 5_000 });
        assert!(mail.text.contains("50.00 EUR of what you paid"), "{}", mail.text);
        assert_eq!(text, None);
    }
}
