//! Tickets in JSON: one seat at one event, alone or fifty thousand at a time.
//!
//! Everything is borrowed from the seat map; nothing is allocated for a seat.

use std::fmt;
use std::sync::Arc;

use domain::event::{SeatStatus, TicketCode};
use domain::ids::{EventId, SeatIndex, TicketId, UserId};
use domain::money::Currency;
use domain::seat_map::{Place, Row, SeatMap, Section};
use domain::time::UnixMillis;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::wire::{Id, MoneyView, Timestamp, ids, seat_status};

/// What the tickets of one event have in common.
#[derive(Debug)]
pub struct Scene {
    /// The event.
    pub event: EventId,
    /// Of all its prices.
    pub currency: Currency,
    /// Its seats.
    pub map: Arc<SeatMap>,
    event_text: String,
}

/// A ticket as anybody sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ticket)]
pub struct TicketView<'a> {
    id: ids::Ticket,
    #[schema(value_type = ids::Event)]
    event_id: &'a str,
    section: &'a str,
    row: Option<&'a str>,
    #[schema(value_type = String)]
    seat: SeatName<'a>,
    category: &'a str,
    price: MoneyView,
    #[schema(pattern = "^(available|held|booked|blocked)$")]
    status: &'static str,
    accessible: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<ids::User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserved_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    mine: bool,
    /// Of a blocked seat, to whoever runs the event: it was withdrawn, and not only kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    killed: bool,
}

/// A ticket of a hold or a booking.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldTicket<'a> {
    #[serde(flatten)]
    ticket: TicketView<'a>,
    #[serde(rename = "priceType", skip_serializing_if = "Option::is_none")]
    price_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    code: Option<CodeText>,
}

impl<'a> HeldTicket<'a> {
    /// The same, of a price type, where the event has some.
    #[must_use]
    pub fn of_type(mut self, price_type: Option<&'a str>) -> Self {
        self.price_type = price_type;
        self
    }
}

/// What may be told of the one who has a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub user: UserId,
    /// Since when.
    pub since: UnixMillis,
}

/// How much of a seat's holder a reader is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Nothing.
    Nothing,
    /// That it is the reader.
    Mine,
    /// Everything; and whether it is the reader.
    All(Holder, bool),
    /// That nobody has it, nor will: it was withdrawn.
    Killed,
}

impl Scene {
    /// The tickets of `event`.
    #[must_use]
    pub fn new(event: EventId, currency: Currency, map: Arc<SeatMap>) -> Self {
        Self { event, currency, map, event_text: event.to_string() }
    }

    /// The ticket for a seat of this event, to the one who has it.
    ///
    /// # Panics
    /// Where the seat is not on the map, which no reply of a sale can have.
    #[must_use]
    pub fn held_ticket(
        &self,
        seat: SeatIndex,
        price_minor: i64,
        status: SeatStatus,
        told: Told,
        code: Option<TicketCode>,
    ) -> HeldTicket<'_> {
        let place = self.map.place(seat).expect("a sale has only seats of its map");
        let ticket = self.ticket(seat, place, price_minor, status, told);
        HeldTicket { ticket, price_type: None, code: code.map(CodeText) }
    }

    /// The ticket for a seat as everybody sees it; `None` where there is no such seat.
    #[must_use]
    pub fn ticket_to_all(
        &self,
        seat: SeatIndex,
        prices_minor: &[i64],
        status: SeatStatus,
    ) -> Option<TicketView<'_>> {
        let place = self.map.place(seat)?;
        let price = price_of(place.section, prices_minor);
        Some(self.ticket(seat, place, price, status, Told::Nothing))
    }

    fn ticket<'a>(
        &'a self,
        seat: SeatIndex,
        place: Place<'a>,
        price_minor: i64,
        status: SeatStatus,
        told: Told,
    ) -> TicketView<'a> {
        let (user_id, reserved_at, mine) = match told {
            Told::Nothing | Told::Killed => (None, None, false),
            Told::Mine => (None, None, true),
            Told::All(holder, mine) => (Some(Id(holder.user)), Some(Timestamp(holder.since)), mine),
        };
        TicketView {
            id: Id(TicketId::new(self.event, seat)),
            event_id: &self.event_text,
            section: &place.section.name,
            row: place.row.name.as_deref(),
            seat: SeatName(place),
            category: &self.map.categories()[usize::from(place.section.category)],
            price: MoneyView::new(price_minor, self.currency),
            status: seat_status(status),
            accessible: place.accessible(),
            user_id,
            reserved_at,
            mine,
            killed: told == Told::Killed,
        }
    }

    /// Every ticket in the order of the seat map, of which `pick` says status and holder, or nothing to leave it out.
    pub fn tickets<'a, P>(&'a self, prices_minor: &'a [i64], pick: P) -> Tickets<'a, P>
    where
        P: Fn(&Row, SeatIndex) -> Option<(SeatStatus, Told)>,
    {
        Tickets { scene: self, prices_minor, pick }
    }
}

/// Serialises as a list of [`TicketView`]s, made one at a time.
#[derive(Debug)]
pub struct Tickets<'a, P> {
    scene: &'a Scene,
    prices_minor: &'a [i64],
    pick: P,
}

impl<P> Serialize for Tickets<'_, P>
where
    P: Fn(&Row, SeatIndex) -> Option<(SeatStatus, Told)>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scene = self.scene;
        let tickets = scene.map.all_rows().iter().flat_map(|row| {
            let section = scene.map.section_of(row);
            let price = price_of(section, self.prices_minor);
            row.seats().zip(0..).filter_map(move |(seat, position)| {
                let (status, told) = (self.pick)(row, seat)?;
                Some(scene.ticket(seat, Place { section, row, position }, price, status, told))
            })
        });
        serializer.collect_seq(tickets)
    }
}

/// A catalogue's event has a price for every category.
fn price_of(section: &Section, prices_minor: &[i64]) -> i64 {
    prices_minor.get(usize::from(section.category)).copied().unwrap_or(0)
}

#[derive(Debug)]
struct SeatName<'a>(Place<'a>);

impl fmt::Display for SeatName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write_seat_name(f)
    }
}

impl Serialize for SeatName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text of a ticket's code.
#[derive(Debug)]
pub struct CodeText(pub TicketCode);

impl fmt::Display for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for CodeText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
#[path = "ticket_test.rs"]
mod test;
