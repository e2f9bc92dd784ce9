//! What is for sale, and to whom: a small hall with several events, so that buyers get into each other's way.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use bench::history::{Account, Owner, Ticket};
use domain::account::Role;
use domain::catalogue::{
    Author, CancellationDraft, ChargesDraft, EventDraft, VenueDraft, add_event, add_venue,
};
use domain::event::Caller;
use domain::ids::{EventId, SeatIndex, UserId, VenueId};
use domain::seat_map::{Plan, PlanLayout, PlanRow, PlanSeats, PlanSection, SeatMap};
use domain::time::UnixMillis;

use crate::clock;
use crate::machine::SimCluster;

const EVENTS: u64 = 3;
const ROWS: [&str; 3] = ["A", "B", "C"];
const SEATS_A_ROW: u32 = 8;
const STANDING: u32 = 6;
/// Sold at a price of zero, which goes another way: without a provider.
const FREE: u32 = 4;
/// The longest hold.
const HOLD_SECONDS: u32 = 9;
/// Long after any simulation.
const SHOW_AFTER_MS: u64 = 100 * 24 * 60 * 60 * 1000;
const ORGANIZER: UserId = UserId::new(1);
const VENUE: VenueId = VenueId::new(1);

/// The hall, the events and the buyers.
pub(crate) struct Stage {
    pub(crate) map: Arc<SeatMap>,
    pub(crate) events: Vec<EventId>,
    pub(crate) accounts: u32,
}

impl Stage {
    /// For so many buyers.
    pub(crate) fn new(accounts: u32) -> anyhow::Result<Self> {
        let rows = ROWS.map(|name| PlanRow { name: name.into(), seats: PlanSeats::Count(SEATS_A_ROW) });
        let section = |name: &str, layout| PlanSection { name: name.into(), category: name.into(), layout };
        let plan = Plan {
            sections: vec![
                section("stalls", PlanLayout::Rows(rows.into())),
                section("pit", PlanLayout::Standing(STANDING)),
                section("lawn", PlanLayout::Standing(FREE)),
            ],
        };
        let map = SeatMap::build(plan).map_err(|wrong| anyhow!("the hall: {wrong:?}"))?;
        // Spread over the shards by their ids.
        let events = (1..=EVENTS).map(|number| EventId::new(number * 0x1234_5678_9abc)).collect();
        Ok(Self { map: Arc::new(map), events, accounts })
    }

    /// Whether the events are in the catalogue, as far as `cluster` has followed.
    pub(crate) fn is_set(&self, cluster: &SimCluster) -> bool {
        cluster.with_catalogue(|catalogue| self.events.iter().all(|event| catalogue.event(*event).is_some()))
    }

    /// Makes sure that the events are in the catalogue.
    pub(crate) async fn set_up(&self, cluster: &SimCluster) -> anyhow::Result<()> {
        if cluster.with_catalogue(|catalogue| catalogue.venue(VENUE).is_none()) {
            let author = Author { organizer: ORGANIZER, at: clock::unix_at(clock::elapsed()) };
            let venue = self.venue();
            let made = cluster.update_catalogue(|_| add_venue(VENUE, &venue, author)).await?;
            made.map_err(|wrong| anyhow!("the venue: {wrong:?}"))?;
        }
        for event in &self.events {
            if cluster.with_catalogue(|catalogue| catalogue.event(*event).is_some()) {
                continue;
            }
            let author = Author { organizer: ORGANIZER, at: clock::unix_at(clock::elapsed()) };
            let draft = self.draft().context("the event")?;
            let made =
                cluster.update_catalogue(|catalogue| add_event(catalogue, *event, &draft, author)).await?;
            made.map_err(|wrong| anyhow!("the event: {wrong:?}"))?;
        }
        Ok(())
    }

    fn venue(&self) -> VenueDraft {
        VenueDraft {
            name: "Hall".into(),
            address: "Road 1".into(),
            city: "Taipei".into(),
            country: "Taiwan".into(),
            lat: 25.05,
            lon: 121.55,
            timezone: "Asia/Taipei".into(),
            seat_map: self.map.clone(),
            external_id: None,
        }
    }

    fn draft(&self) -> anyhow::Result<EventDraft> {
        let starts_at = UnixMillis::new(clock::unix_at(clock::elapsed()).millis() + SHOW_AFTER_MS);
        let prices = [("stalls", 2_500), ("pit", 1_100), ("lawn", 0)];
        Ok(EventDraft {
            name: "Final".into(),
            description: String::new(),
            kind: "match".into(),
            performers: Vec::new(),
            venue: VENUE,
            starts_at,
            opens_at: None,
            currency: "EUR".parse().map_err(|_| anyhow!("EUR is a currency"))?,
            prices_minor: prices.map(|(category, price)| (category.to_owned(), price)).into(),
            image_url: None,
            per_customer: None,
            hold_seconds: HOLD_SECONDS,
            cancellation: Some(CancellationDraft { until: starts_at, fee_percent: 10 }),
            charges: ChargesDraft::default(),
            external_id: None,
        })
    }

    /// The buyer behind an account.
    pub(crate) fn caller(&self, account: Account) -> Caller {
        Caller { user: UserId::new(1_000 + u64::from(account.0)), role: Role::Customer }
    }

    /// Whose account it is.
    pub(crate) fn owner(&self, user: UserId) -> Owner {
        let account = user.number().checked_sub(1_000).filter(|account| *account < u64::from(self.accounts));
        account.map_or_else(
            || Owner::Stranger(user.to_string()),
            |account| Owner::Buyer(Account(account as u32)),
        )
    }

    /// Seats of one event.
    pub(crate) fn seats(&self) -> u32 {
        self.map.len()
    }

    /// A seat in the history.
    pub(crate) fn ticket(&self, event: usize, seat: SeatIndex) -> Ticket {
        Ticket(event as u32 * self.seats() + seat.number())
    }

    /// A seat of the history, within its event.
    pub(crate) fn seat(&self, ticket: Ticket) -> SeatIndex {
        SeatIndex::new(ticket.0 % self.seats())
    }

    /// Where in the list of events one stands.
    pub(crate) fn place_of(&self, event: EventId) -> usize {
        self.events.iter().position(|known| *known == event).unwrap_or(usize::MAX)
    }

    /// The names of all tickets, in order.
    pub(crate) fn tickets(&self) -> Vec<String> {
        let names = |event: &EventId| {
            let event = *event;
            (0..self.seats()).map(move |seat| format!("{event}/{seat}"))
        };
        self.events.iter().flat_map(names).collect()
    }
}
