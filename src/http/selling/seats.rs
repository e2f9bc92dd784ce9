//! Ticket ids of a request as seats of one event.

use domain::ids::{EventId, SeatIndex, TicketId};

use crate::http::problem::Problem;

/// The seat of a ticket, if that belongs to `event`. To the caller, anything else is a ticket that does not exist.
pub(super) fn seat(event: EventId, ticket: &str) -> Result<SeatIndex, Problem> {
    let ticket: TicketId = ticket.parse().map_err(|_| Problem::not_found("ticket"))?;
    if ticket.event == event { Ok(ticket.part) } else { Err(Problem::not_found("ticket")) }
}

/// The seats of several tickets, in order.
pub(super) fn seats(event: EventId, tickets: &[String]) -> Result<Vec<SeatIndex>, Problem> {
    tickets.iter().map(|ticket| seat(event, ticket)).collect()
}
