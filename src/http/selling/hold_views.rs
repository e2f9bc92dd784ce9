//! How a hold looks in JSON.

use domain::event::{HoldView, SeatStatus};
use domain::ids::HoldId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::charge_bodies::{IncludedTax, LineBody, included_taxes, lines, type_name};
use crate::http::ticket::{HeldTicket, Scene, Told};
use crate::http::wire::{Id, MoneyView, Timestamp, ids};

/// A hold, to its holder.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Hold)]
pub(super) struct HoldBody<'a> {
    id: ids::Hold,
    event_id: ids::Event,
    tickets: Vec<HeldTicket<'a>>,
    total: MoneyView,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineBody<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    included_taxes: Option<Vec<IncludedTax<'a>>>,
    expires_at: Timestamp,
    expires_in_seconds: u64,
}

impl<'a> HoldBody<'a> {
    pub(super) fn new(scene: &'a Scene, view: &'a HoldView) -> Self {
        let tickets = view.tickets.iter();
        let charges = view.charges.as_deref();
        Self {
            id: Id(HoldId::new(scene.event, view.hold)),
            event_id: Id(scene.event),
            tickets: tickets
                .map(|ticket| {
                    scene
                        .held_ticket(ticket.seat, ticket.price_minor, SeatStatus::Held, Told::Mine, None)
                        .of_type(type_name(charges, ticket.price_type))
                })
                .collect(),
            total: MoneyView::new(view.total_minor(), scene.currency),
            lines: charges.map(|charges| lines(charges, &view.priced(), scene.currency)),
            included_taxes: charges.map(|charges| included_taxes(charges, &view.priced(), scene.currency)),
            expires_at: Timestamp(view.expires_at),
            // Rounded up: a hold that lives has a second left.
            expires_in_seconds: view.expires_at.since_ms(view.as_of).div_ceil(1000),
        }
    }
}
