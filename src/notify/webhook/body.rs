//! What a webhook says: its type, when it happened, and ids with what belongs to them. No person is in it but by id.

use domain::catalogue::WebhookKind;
use domain::event::{Booking, Delivery, Notice};
use domain::ids::{BookingId, BookingNumber, EventId, PaymentId, SeatIndex, TicketId};
use serde_json::{Value, json};

use super::super::show::Show;
use crate::http::wire::{Id, MoneyView, Timestamp};

/// What kind of webhook tells of `notice`.
#[must_use]
pub fn kind_of(notice: &Notice) -> WebhookKind {
    match notice {
        Notice::BookingConfirmed { .. } => WebhookKind::BookingConfirmed,
        Notice::TicketsCancelled { .. } => WebhookKind::BookingCancelled,
        Notice::RefundPaid { .. } => WebhookKind::PaymentRefunded,
        Notice::EventCancelled => WebhookKind::EventCancelled,
        Notice::TicketMoved { .. } => WebhookKind::BookingChanged,
    }
}

/// The whole body: of one delivery the same at every attempt, but for a booking that has changed meanwhile.
pub(in crate::notify) fn write(
    event: EventId,
    delivery: &Delivery,
    show: &Show,
    booking: Option<&Booking>,
) -> Vec<u8> {
    let body = json!({
        "type": kind_of(&delivery.notice).name(),
        "timestamp": Timestamp(delivery.since),
        "data": data(event, &delivery.notice, show, booking),
    });
    body.to_string().into_bytes()
}

fn data(event: EventId, notice: &Notice, show: &Show, booking: Option<&Booking>) -> Value {
    let money = |minor| json!(MoneyView::new(minor, show.currency));
    let about = |number: BookingNumber, with: Value| {
        let mut data = json!({
            "eventId": Id(event),
            "bookingId": Id(BookingId::new(event, number)),
            "userId": booking.map(|booking| Id(booking.buyer)),
        });
        if let (Value::Object(data), Value::Object(with)) = (&mut data, with) {
            data.extend(with);
        }
        data
    };
    match notice {
        Notice::BookingConfirmed { booking: number } => {
            let sold = booking.iter().flat_map(|booking| &booking.tickets).map(|ticket| ticket.seat);
            let total = booking.map_or(0, Booking::total_minor);
            about(*number, json!({ "ticketIds": tickets(event, sold), "total": money(total) }))
        }
        Notice::TicketsCancelled { booking, seats, refund_minor } => {
            let seats = seats.iter().copied();
            about(*booking, json!({ "ticketIds": tickets(event, seats), "refund": money(*refund_minor) }))
        }
        Notice::RefundPaid { booking, amount_minor } => {
            let payment = Id(PaymentId::new(event, *booking));
            about(*booking, json!({ "paymentId": payment, "amount": money(*amount_minor) }))
        }
        Notice::EventCancelled => json!({ "eventId": Id(event) }),
        Notice::TicketMoved { booking, from, to } => {
            let ticket = |seat| Id(TicketId::new(event, seat));
            about(*booking, json!({ "from": ticket(*from), "to": ticket(*to) }))
        }
    }
}

fn tickets(event: EventId, seats: impl Iterator<Item = SeatIndex>) -> Vec<Value> {
    seats.map(|seat| json!(Id(TicketId::new(event, seat)))).collect()
}
