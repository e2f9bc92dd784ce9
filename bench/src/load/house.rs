//! What a node is given to sell before the clock starts: accounts, a venue, and as many events as a run uses up.

use super::servers::OPERATOR;
use crate::ambient::unique_prefix;
use crate::plan::VenuePlan;
use crate::progress::Progress;
use crate::replay::caller::Caller;
use crate::replay::http::Ask;
use crate::replay::setup::{House as Venue, accounts, created, log_in, make_house, make_show};
use crate::replay::wire::{Created, SeatsAnswer, parse};
use hyper::Method;
use serde_json::json;

/// Holds live this long, the longest that an event may choose: within a run none lapses.
pub(crate) const HOLD_SECONDS: u32 = 1_800;
/// Connections for the calls that nobody measures.
pub(crate) const CONNECTIONS: usize = 8;
/// Seats that one hold may take.
const SEATS_A_HOLD: usize = 50;

/// A node with accounts and a venue.
pub(crate) struct House {
    pub(crate) caller: Caller,
    /// The operator's token.
    pub(crate) operator: String,
    pub(crate) tokens: Vec<String>,
    /// The ids of the same buyers.
    pub(crate) buyers: Vec<String>,
    pub(crate) prefix: String,
    plan: VenuePlan,
    venue: Venue,
    made: u64,
}

/// An event on sale.
pub(crate) struct Show {
    pub(crate) id: String,
    /// Every seat, in the order of the map.
    pub(crate) seats: Vec<Seat>,
}

/// A seat and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) ticket: String,
    pub(crate) section: String,
    pub(crate) row: String,
}

impl House {
    /// Signs up so many buyers and builds a venue.
    pub(crate) async fn open(
        caller: Caller,
        operator_password: &str,
        buyers: u32,
        plan: VenuePlan,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        let operator = log_in(&caller, OPERATOR, operator_password).await?.access_token;
        let prefix = unique_prefix()?;
        let buyers = accounts(&caller, &prefix, buyers, progress).await?;
        let venue = make_house(&caller, &operator, &format!("load {prefix}"), &plan).await?;
        let (buyers, tokens) = buyers.into_iter().map(|buyer| (buyer.id, buyer.token)).unzip();
        Ok(Self { caller, operator, tokens, buyers, prefix, plan, venue, made: 0 })
    }

    /// Another event, all of whose seats are free.
    pub(crate) async fn show(&mut self) -> anyhow::Result<Show> {
        self.made += 1;
        let title = format!("load {} {}", self.prefix, self.made);
        let prices = &self.plan.prices;
        let id = make_show(&self.caller, &self.operator, &title, &self.venue, prices, HOLD_SECONDS).await?;
        let ask = Ask::new(Method::GET, format!("/events/{id}/seats"));
        let answer = self.caller.must(&ask).await?;
        let read: SeatsAnswer<'_> =
            parse(&answer.body).map_err(|what| anyhow::anyhow!("{}: {what}", ask.path))?;
        let seats = read.seats.into_iter().map(|seat| Seat {
            ticket: seat.id.into_owned(),
            section: seat.section.into_owned(),
            row: seat.row.unwrap_or_default().into_owned(),
        });
        Ok(Show { seats: seats.collect(), id })
    }

    /// Holds all of these seats; the ids of the holds.
    pub(crate) async fn hold(&self, show: &Show, seats: &[Seat]) -> anyhow::Result<Vec<String>> {
        let mut holds = Vec::new();
        for seats in seats.chunks(SEATS_A_HOLD) {
            let tickets: Vec<&str> = seats.iter().map(|seat| seat.ticket.as_str()).collect();
            let ask = Ask::new(Method::POST, format!("/events/{}/holds", show.id));
            let ask = ask.bearer(&self.tokens[0]).json(&json!({ "ticketIds": tickets }));
            holds.push(created::<Created>(&self.caller, &ask).await?.id);
        }
        Ok(holds)
    }

    /// Books all of these seats.
    pub(crate) async fn book(&self, show: &Show, seats: &[Seat]) -> anyhow::Result<()> {
        for hold in self.hold(show, seats).await? {
            let payment = json!({ "provider": "test", "token": "tok_visa" });
            let ask = Ask::new(Method::POST, "/bookings").bearer(&self.tokens[0]);
            self.caller.must(&ask.json(&json!({ "holdId": hold, "payment": payment }))).await?;
        }
        Ok(())
    }
}

impl Show {
    /// The seats of the first section of the map.
    pub(crate) fn first_section(&self) -> &[Seat] {
        let first = self.seats.first().map_or("", |seat| &seat.section);
        let end = self.seats.iter().position(|seat| seat.section != first);
        &self.seats[..end.unwrap_or(self.seats.len())]
    }
}

/// Seats for parties of this size, who sit side by side; what is left over at the end of a row stays empty.
pub(crate) fn parties(seats: &[Seat], size: usize) -> Vec<Vec<String>> {
    let rows = seats.chunk_by(|one, next| (&one.section, &one.row) == (&next.section, &next.row));
    let parties = rows.flat_map(|row| row.chunks_exact(size));
    parties.map(|party| party.iter().map(|seat| seat.ticket.clone()).collect()).collect()
}

#[cfg(test)]
mod test {
    use super::{Seat, Show, parties};

    fn seats() -> Vec<Seat> {
        let seat = |number: usize, (section, row): (&str, &str)| Seat {
            ticket: format!("tkt_{number}"),
            section: section.into(),
            row: row.into(),
        };
        let places = [("A", "1"), ("A", "1"), ("A", "1"), ("A", "2"), ("A", "2"), ("B", "2"), ("B", "2")];
        places.into_iter().enumerate().map(|(number, place)| seat(number, place)).collect()
    }

    #[test]
    fn a_party_sits_in_one_row_and_no_seat_is_given_twice() {
        let couples = [["tkt_0", "tkt_1"], ["tkt_3", "tkt_4"], ["tkt_5", "tkt_6"]];
        assert_eq!(parties(&seats(), 2), couples);
        assert_eq!(parties(&seats(), 1).len(), 7);
        assert!(parties(&seats(), 4).is_empty());
    }

    #[test]
    fn the_first_section_ends_where_the_next_begins() {
        let show = Show { id: "evt_1".into(), seats: seats() };
        assert_eq!(show.first_section().len(), 5);
    }
}
