//! An event in JSON, with its venue, its performers and how its seats are right now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::catalogue::{Catalogue, ChargesDraft, Event, EventStatus, Performer, Venue};
use domain::event::{Counts, Progress, Sale};
use domain::ids::EventId;
use domain::seat_map::Row;
use domain::time::UnixMillis;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::auth::Customer;
use super::charge_bodies::{FeeBody, PriceTypeBody, TaxBody};
use super::encoded::{Answer, Shape, What};
use super::events::audience;
use super::extract::Coding;
use super::performers::PerformerBody;
use super::problem::{Code, Problem};
use super::seats_now::{Reader, SeatsNow};
use super::ticket::{Scene, TicketView};
use super::venues::VenueBody;
use super::wire::{CurrencyCode, Id, MoneyView, Timestamp, ids};
use crate::dispatch::ways::State;
use crate::projections::Known;

/// What the catalogue says of an event.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) event: Arc<Event>,
    venue: Arc<Venue>,
    performers: Vec<Arc<Performer>>,
}

impl Found {
    /// The event and everything it names; `None` where the catalogue lacks any of it.
    pub(super) fn of(catalogue: &Catalogue, event: &Arc<Event>) -> Option<Self> {
        let venue = Arc::clone(catalogue.venue(event.venue)?);
        let performers = event.performers.iter().map(|id| catalogue.performer(*id).cloned());
        Some(Self { event: Arc::clone(event), venue, performers: performers.collect::<Option<_>>()? })
    }

    /// The event with this id.
    pub(super) fn get(app: &App, id: EventId) -> Result<Self, Problem> {
        let found = app.cluster.with_catalogue(|catalogue| Self::of(catalogue, catalogue.event(id)?));
        found.ok_or_else(|| Problem::not_found("event"))
    }

    /// Whether the catalogue said the same of `other`.
    pub(super) fn is(&self, other: &Self) -> bool {
        let same = |(one, two)| Arc::ptr_eq(one, two);
        Arc::ptr_eq(&self.event, &other.event)
            && Arc::ptr_eq(&self.venue, &other.venue)
            && self.performers.len() == other.performers.len()
            && self.performers.iter().zip(&other.performers).all(same)
    }

    /// Whether `caller` sees of it what everybody does: nobody's seats are shown who has any.
    pub(super) fn is_as_to_all(&self, app: &App, caller: Option<Customer>) -> bool {
        let Some(caller) = caller else { return true };
        let has_none = |sale: Option<&Sale>| sale.is_none_or(|sale| sale.tickets_of(caller.user) == 0);
        !caller.runs_event_of(self.event.terms.organizer)
            && is_here(app, self.event.id)
            && app.cluster.with_sale(self.event.id, has_none)
    }

    /// How many seats it has.
    pub(super) fn seats(&self) -> u32 {
        self.venue.seat_map.len()
    }

    /// Its seats before anybody has asked for any.
    pub(super) fn untouched(&self) -> SeatsNow {
        SeatsNow::read(None, self.seats(), Reader::Anyone)
    }

    /// Its seats now, as far as `caller` may know, with all that this node has said of them.
    pub(super) async fn seats_now(&self, app: &App, caller: Option<Customer>) -> Result<SeatsNow, Problem> {
        let id = self.event.id;
        app.dispatch.caught_up(State::Sale(id)).await;
        if is_here(app, id) {
            let reader = Reader::of(caller, self.event.terms.organizer);
            let seats = app.cluster.with_sale(id, |sale| SeatsNow::read(sale, self.seats(), reader));
            return Ok(seats.aged(app.encoded.age(id)));
        }
        // Whoever is to be told more than everybody was to be answered by a node that knows it.
        let seen = if caller.is_none() { app.feeds.seats(id).await } else { None };
        let seats = seen.map(|seen| SeatsNow::seen(seen, self.seats())).ok_or_else(unknown)?;
        let age = seats.age().max(app.encoded.age(id));
        Ok(seats.aged(age))
    }

    /// These events in a list: as they are now, without their tickets; and how old that is, where it is worth saying.
    pub(super) async fn summaries<'a>(
        app: &App,
        found: &'a [Self],
        now: UnixMillis,
    ) -> Result<(Vec<EventBody<'a, ()>>, Option<Duration>), Problem> {
        let elsewhere = found.iter().map(|found| found.event.id).filter(|id| !is_here(app, *id));
        let elsewhere: Vec<EventId> = elsewhere.collect();
        let Known { counts: told, age } = app.feeds.counts(&elsewhere).await;
        let ages = found.iter().filter_map(|found| app.encoded.age(found.event.id));
        let age = age.max(ages.max());
        let summary = |found: &'a Self| {
            let id = found.event.id;
            let counts = match told.get(&id) {
                Some(counts) => *counts,
                None if is_here(app, id) => app.cluster.with_sale(id, |sale| sale.map(Sale::counts)),
                None => return Err(unknown()),
            };
            let all_free = Counts { available: found.seats(), ..Counts::default() };
            Ok(found.body(now, counts.unwrap_or(all_free), None))
        };
        Ok((found.iter().map(summary).collect::<Result<_, _>>()?, age))
    }

    /// The number of the section called `name`.
    pub(super) fn section_named(&self, name: &str) -> Option<u32> {
        self.venue.seat_map.section_named(name)
    }

    /// `what` of it as everybody sees it, with all that this node has said of it, for `caller`, who sees no more.
    pub(super) async fn as_to_all(
        &self,
        app: &App,
        what: What,
        caller: Option<Customer>,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let (now, coding) = (app.now(), Coding::of(headers));
        let shape = Shape { what, status: status_name(self.event.status(now)), coding };
        let Answer { tag, body } = app.encoded.answer(self, shape, now).await?;
        let mut response = tag.guard(headers, audience(caller)).respond("application/json", Body::new(body));
        if response.status() == StatusCode::OK {
            coding.tell(&mut response);
        }
        Ok(SeatsNow::dated(app.encoded.age(self.event.id), response))
    }

    /// What its tickets have in common.
    pub(super) fn scene(&self) -> Scene {
        Scene::new(self.event.id, self.event.terms.currency, Arc::clone(&self.venue.seat_map))
    }

    /// Whether `row` is in the section called `name`.
    pub(super) fn is_in_section(&self, row: &Row, name: &str) -> bool {
        self.venue.seat_map.section_of(row).name == name
    }

    /// All of it but the tickets.
    pub(super) fn body<T>(&self, now: UnixMillis, counts: Counts, tickets: Option<T>) -> EventBody<'_, T> {
        let Event {
            id,
            name,
            description,
            kind,
            performers,
            venue,
            image_url,
            terms,
            revision,
            created_at,
            external_id,
            standing: _,
        } = self.event.as_ref();
        let charges = ChargesDraft::of(terms.charges.as_deref(), &self.venue.seat_map);
        EventBody {
            id: Id(*id),
            name,
            description,
            kind,
            status: status_name(self.event.status(now)),
            starts_at: Timestamp(terms.starts_at),
            timezone: &self.venue.timezone,
            onsale_at: terms.opens_at.map(Timestamp),
            currency: CurrencyCode(terms.currency),
            prices: self.prices(),
            price_from: MoneyView::new(terms.prices_minor.iter().copied().min().unwrap_or(0), terms.currency),
            image_url: image_url.as_deref(),
            venue_id: Id(*venue),
            performer_ids: performers.iter().map(|id| Id(*id)).collect(),
            venue: VenueBody::new(&self.venue),
            performers: self.performers.iter().map(|performer| PerformerBody::new(performer)).collect(),
            limits: terms.per_customer.map(|per_customer| Limits { per_customer }),
            hold_seconds: terms.hold_ms / 1000,
            cancellation: Cancellation {
                until: Timestamp(terms.cancellation.until),
                fee_percent: terms.cancellation.fee_percent,
            },
            organizer_id: Id(terms.organizer),
            revision: *revision,
            created_at: Timestamp(*created_at),
            external_id: external_id.as_deref(),
            price_types: charges.types.into_iter().map(PriceTypeBody::from).collect(),
            fees: charges.fees.iter().map(FeeBody::from).collect(),
            taxes: charges.taxes.iter().map(TaxBody::from).collect(),
            winding_up: None,
            availability: Availability::new(counts),
            tickets,
        }
    }

    fn prices(&self) -> BTreeMap<&str, i64> {
        let categories = self.venue.seat_map.categories().iter().map(String::as_str);
        categories.zip(self.event.terms.prices_minor.iter().copied()).collect()
    }
}

/// Whether this node has a replica of the event's sale.
fn is_here(app: &App, event: EventId) -> bool {
    app.dispatch.ways().applied(State::Sale(event)).is_some()
}

/// Nobody can say how its seats are.
pub(super) fn unknown() -> Problem {
    Problem::new(
        Code::OwnerUnavailable,
        "No node that knows these seats can be reached right now. Try again.",
    )
}

/// The word for an event's status.
pub(super) const fn status_name(status: EventStatus) -> &'static str {
    match status {
        EventStatus::Scheduled => "scheduled",
        EventStatus::Onsale => "onsale",
        EventStatus::Postponed => "postponed",
        EventStatus::Cancelled => "cancelled",
        EventStatus::Ended => "ended",
    }
}

/// An event, with tickets or without.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(super) struct EventBody<'a, T> {
    id: ids::Event,
    name: &'a str,
    description: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[schema(pattern = "^(scheduled|onsale|postponed|cancelled|ended)$")]
    status: &'static str,
    starts_at: Timestamp,
    timezone: &'a str,
    onsale_at: Option<Timestamp>,
    currency: CurrencyCode,
    prices: BTreeMap<&'a str, i64>,
    price_from: MoneyView,
    image_url: Option<&'a str>,
    venue_id: ids::Venue,
    performer_ids: Vec<ids::Performer>,
    venue: VenueBody<'a>,
    performers: Vec<PerformerBody<'a>>,
    limits: Option<Limits>,
    hold_seconds: u64,
    cancellation: Cancellation,
    organizer_id: ids::User,
    revision: u64,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    price_types: Vec<PriceTypeBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fees: Vec<FeeBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taxes: Vec<TaxBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    winding_up: Option<WindingUp>,
    availability: Availability,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<TicketView<'a>>>)]
    tickets: Option<T>,
}

/// How far the bookings of a cancelled event are cancelled.
#[derive(Debug, Serialize, ToSchema)]
struct WindingUp {
    bookings: u32,
    cancelled: u32,
    refunded: u32,
    amount: MoneyView,
}

impl<T> EventBody<'_, T> {
    /// With how far its bookings are cancelled, for those who are told.
    pub(super) fn winding_up(mut self, progress: Option<Progress>) -> Self {
        self.winding_up = progress.map(|progress| WindingUp {
            bookings: progress.bookings,
            cancelled: progress.cancelled,
            refunded: progress.refunded,
            amount: MoneyView::new(progress.refunded_minor, self.currency.0),
        });
        self
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Limits {
    per_customer: u32,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Cancellation {
    until: Timestamp,
    fee_percent: u8,
}

#[derive(Debug, Serialize, ToSchema)]
struct Availability {
    total: u32,
    available: u32,
    held: u32,
    booked: u32,
    blocked: u32,
}

impl Availability {
    fn new(counts: Counts) -> Self {
        let Counts { available, held, booked, blocked } = counts;
        Self { total: available + held + booked + blocked, available, held, booked, blocked }
    }
}
