//! How a payment looks in JSON.

use std::collections::BTreeMap;

use domain::event::{Booking, BookingStatus, Dispute, NextAction, Payment, PaymentStatus};
use domain::ids::{BookingId, BookingNumber, EventId, PaymentId, UserId};
use domain::money::Currency;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::wire::{Id, MoneyView, Timestamp, ids};

/// A payment, to whoever may see its booking.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payment)]
pub(super) struct PaymentBody {
    id: ids::Payment,
    booking_id: ids::Booking,
    event_id: ids::Event,
    amount: MoneyView,
    refunded: MoneyView,
    status: &'static str,
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextActionBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_by: Option<Timestamp>,
    metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disputes: Vec<DisputeBody>,
    created_at: Timestamp,
}

/// A payment, as its booking shows it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PaymentOfBooking)]
pub(super) struct PaymentInBooking {
    id: ids::Payment,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextActionBody>,
}

/// What the buyer has to do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NextAction)]
struct NextActionBody {
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Dispute)]
struct DisputeBody {
    id: String,
    amount: MoneyView,
    reason: String,
    status: String,
}

impl PaymentBody {
    /// As `viewer` sees it, who may.
    pub(super) fn new(
        (event, currency): (EventId, Currency),
        number: BookingNumber,
        booking: &Booking,
        viewer: UserId,
    ) -> Self {
        let payment = &booking.payment;
        let total = booking.total_minor();
        let dispute = |dispute: &Dispute| DisputeBody {
            id: dispute.id.clone(),
            amount: MoneyView::new(dispute.amount_minor, currency),
            reason: dispute.reason.clone(),
            status: dispute.status.clone(),
        };
        Self {
            id: Id(PaymentId::new(event, number)),
            booking_id: Id(BookingId::new(event, number)),
            event_id: Id(event),
            amount: MoneyView::new(total, currency),
            refunded: MoneyView::new(payment.refunded_minor, currency),
            status: payment_status(payment, total),
            provider: payment.method.as_ref().map(|method| method.provider.clone()),
            next_action: next_action(booking, viewer),
            pay_by: (booking.status == BookingStatus::Pending).then_some(Timestamp(payment.settle_by)),
            metadata: payment.metadata.clone(),
            disputes: payment.disputes.iter().map(dispute).collect(),
            created_at: Timestamp(booking.created_at),
        }
    }
}

impl PaymentInBooking {
    /// As `viewer` sees it, who may.
    pub(super) fn new(event: EventId, number: BookingNumber, booking: &Booking, viewer: UserId) -> Self {
        Self {
            id: Id(PaymentId::new(event, number)),
            status: payment_status(&booking.payment, booking.total_minor()),
            next_action: next_action(booking, viewer),
        }
    }
}

/// For the buyer alone: what it shows lets its bearer act for them.
fn next_action(booking: &Booking, viewer: UserId) -> Option<NextActionBody> {
    let NextAction { kind, url, client_secret } = booking.payment.action.as_deref()?.clone();
    (booking.buyer == viewer).then_some(NextActionBody { r#type: kind, url, client_secret })
}

/// The word for where the money is.
pub(in crate::http) fn payment_status(payment: &Payment, total_minor: i64) -> &'static str {
    match payment.status {
        PaymentStatus::Due | PaymentStatus::Pending => "pending",
        PaymentStatus::Voided if payment.void_due => "pending",
        PaymentStatus::RequiresAction => "requires_action",
        PaymentStatus::Authorized => "authorized",
        PaymentStatus::Voided => "voided",
        PaymentStatus::Declined => "declined",
        PaymentStatus::Captured if payment.refunded_minor == 0 => "captured",
        PaymentStatus::Captured if payment.refunded_minor < total_minor => "partially_refunded",
        PaymentStatus::Captured => "refunded",
    }
}
