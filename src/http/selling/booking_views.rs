//! How a booking and its payment look in JSON.

use domain::account::Contact;
use domain::event::{Booking, BookingStatus, SeatStatus, SoldTicket};
use domain::ids::{BookingId, BookingNumber, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::payment_views::PaymentInBooking;
use crate::http::charge_bodies::{IncludedTax, LineBody, included_taxes, lines, type_name};
use crate::http::ticket::{HeldTicket, Holder, Scene, Told};
use crate::http::wire::{Id, MoneyView, Timestamp, ids};

/// A booking, to whoever may see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Booking)]
pub(super) struct BookingBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    booking_id: Option<ids::Booking>,
    id: ids::Booking,
    event_id: ids::Event,
    user_id: ids::User,
    tickets: Vec<HeldTicket<'a>>,
    total: MoneyView,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineBody<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    included_taxes: Option<Vec<IncludedTax<'a>>>,
    refunded: MoneyView,
    #[schema(pattern = "^(pending|booked|cancelled)$")]
    status: &'static str,
    payment: PaymentInBooking,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_by: Option<Timestamp>,
    booked_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactBody>,
}

/// Who the tickets are for, and where what is told of them goes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Contact)]
pub(super) struct ContactBody {
    pub(super) name: String,
    pub(super) email: String,
}

impl<'a> BookingBody<'a> {
    /// As `viewer` sees it, who may.
    pub(super) fn new(scene: &'a Scene, number: BookingNumber, booking: &'a Booking, viewer: UserId) -> Self {
        let told = if booking.buyer == viewer {
            Told::Mine
        } else {
            Told::All(Holder { user: booking.buyer, since: booking.created_at }, false)
        };
        let charges = booking.charges.as_deref();
        let ticket = |ticket: &SoldTicket| {
            sold(scene, booking.status, told, ticket).of_type(type_name(charges, ticket.price_type))
        };
        let pending = booking.status == BookingStatus::Pending;
        Self {
            booking_id: None,
            id: Id(BookingId::new(scene.event, number)),
            event_id: Id(scene.event),
            user_id: Id(booking.buyer),
            tickets: booking.tickets.iter().map(ticket).collect(),
            total: MoneyView::new(booking.total_minor(), scene.currency),
            lines: charges.map(|charges| lines(charges, &booking.priced(), scene.currency)),
            included_taxes: charges.map(|charges| included_taxes(charges, &booking.priced(), scene.currency)),
            refunded: MoneyView::new(booking.payment.refunded_minor, scene.currency),
            status: booking_status(booking),
            payment: PaymentInBooking::new(scene.event, number, booking, viewer),
            pay_by: pending.then_some(Timestamp(booking.payment.settle_by)),
            booked_at: booking.booked_at.map(Timestamp),
            contact: None,
        }
    }

    /// With whom its tickets are for.
    pub(super) fn with_contact(mut self, contact: Option<Contact>) -> Self {
        self.contact = contact.map(|Contact { name, email }| ContactBody { name, email });
        self
    }

    /// With its id as `bookingId` too, as the one-call and short-hand answers have it.
    pub(super) fn with_booking_id(mut self) -> Self {
        self.booking_id = Some(Id(self.id.0));
        self
    }
}

/// The code of a ticket that was given back is void and is not shown, nor does its seat belong to anybody here any more.
fn sold<'a>(scene: &'a Scene, booking: BookingStatus, told: Told, ticket: &SoldTicket) -> HeldTicket<'a> {
    let status = match booking {
        _ if ticket.cancelled => SeatStatus::Available,
        BookingStatus::Pending => SeatStatus::Held,
        BookingStatus::Booked => SeatStatus::Booked,
        BookingStatus::Cancelled => SeatStatus::Available,
    };
    let told = if status == SeatStatus::Available { Told::Nothing } else { told };
    let code = ticket.code.filter(|_| status == SeatStatus::Booked);
    scene.held_ticket(ticket.seat, ticket.price_minor, status, told, code)
}

/// What has not been paid in time is cancelled for good only when the provider has said that it holds no money: until
/// then, money that is found gets the same seats.
fn booking_status(booking: &Booking) -> &'static str {
    match booking.status {
        BookingStatus::Cancelled if booking.payment.void_due => "pending",
        BookingStatus::Pending => "pending",
        BookingStatus::Booked => "booked",
        BookingStatus::Cancelled => "cancelled",
    }
}
