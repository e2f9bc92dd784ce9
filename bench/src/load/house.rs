//! What a node is given to sell before the clock starts: accounts, a venue, and as many events as a run uses up.

use super::servers::{OPERATOR, Server};
use crate::ambient::{Clock, unique_prefix};
use crate::plan::VenuePlan;
use crate::progress::Progress;
use crate::replay::caller::Caller;
use crate::replay::http::{Ask, Client};
use crate::replay::setup::{House as Venue, accounts, log_in, make_house, make_show};
use crate::replay::wire::{SeatsAnswer, parse};
use hyper::Method;
use serde_json::json;

/// Holds live this long, the longest that an event may choose: within a run none lapses.
const HOLD_SECONDS: u32 = 1_800;
/// Connections for the calls that nobody measures.
const CONNECTIONS: usize = 8;
/// Seats that one hold may take.
const SEATS_A_HOLD: usize = 50;

/// A node with accounts and a venue.
pub(super) struct House {
    pub(super) caller: Caller,
    operator: String,
    pub(super) tokens: Vec<String>,
    pub(super) prefix: String,
    plan: VenuePlan,
    venue: Venue,
    made: u64,
}

/// An event on sale.
pub(super) struct Show {
    pub(super) id: String,
    /// Every seat, in the order of the map.
    pub(super) seats: Vec<Seat>,
}

/// A seat and where it is.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) ticket: String,
    pub(super) section: String,
    pub(super) row: String,
}

impl House {
    /// Signs up so many buyers and builds a venue.
    pub(super) async fn open(
        server: &Server,
        clock: Clock,
        buyers: u32,
        plan: VenuePlan,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        let caller = Caller::new(Client::new(std::slice::from_ref(&server.http), CONNECTIONS)?, clock);
        let operator = log_in(&caller, OPERATOR, &server.operator_password).await?.access_token;
        let prefix = unique_prefix()?;
        let buyers = accounts(&caller, &prefix, buyers, progress).await?;
        let venue = make_house(&caller, &operator, &format!("load {prefix}"), &plan).await?;
        Ok(Self {
            caller,
            operator,
            tokens: buyers.into_iter().map(|buyer| buyer.token).collect(),
            prefix,
            plan,
            venue,
            made: 0,
        })
    }

    /// Another event, all of whose seats are free.
    pub(super) async fn show(&mut self) -> anyhow::Result<Show> {
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

    /// Holds all of these seats.
    pub(super) async fn hold(&self, show: &Show, seats: &[Seat]) -> anyhow::Result<()> {
        for seats in seats.chunks(SEATS_A_HOLD) {
            let tickets: Vec<&str> = seats.iter().map(|seat| seat.ticket.as_str()).collect();
            let ask = Ask::new(Method::POST, format!("/events/{}/holds", show.id));
            let ask = ask.bearer(&self.tokens[0]).json(&json!({ "ticketIds": tickets }));
            self.caller.must(&ask).await?;
        }
        Ok(())
    }
}

impl Show {
    /// The seats of the first section of the map.
    pub(super) fn first_section(&self) -> &[Seat] {
        let first = self.seats.first().map_or("", |seat| &seat.section);
        let end = self.seats.iter().position(|seat| seat.section != first);
        &self.seats[..end.unwrap_or(self.seats.len())]
    }
}

/// Seats for parties of this size, who sit side by side; what is left over at the end of a row stays empty.
pub(super) fn parties(seats: &[Seat], size: usize) -> Vec<Vec<String>> {
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
