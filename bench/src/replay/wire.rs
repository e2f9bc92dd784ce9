//! The JSON of the HTTP contract, as far as the replay reads it.
//!
//! Owns: the shapes of answers and how they become parts of a history. A success that lacks a field is a violation of
//! the contract, and is put down as such.

use crate::history::{Booking, BookingStatus, Owner, SeatStatus, Ticket};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;

/// A ticket, in any answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TicketAnswer<'a> {
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) section: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) row: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) seat: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) status: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) user_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    code: Option<Cow<'a, str>>,
}

/// `GET /events/{id}/seats`.
#[derive(Debug, Deserialize)]
pub(crate) struct SeatsAnswer<'a> {
    #[serde(borrow)]
    pub(crate) seats: Vec<TicketAnswer<'a>>,
}

/// A hold.
#[derive(Debug, Deserialize)]
pub(crate) struct HoldAnswer<'a> {
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) tickets: Vec<TicketAnswer<'a>>,
}

/// A booking.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BookingAnswer<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    user_id: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    tickets: Vec<TicketAnswer<'a>>,
}

/// A page of bookings.
#[derive(Debug, Deserialize)]
pub(super) struct BookingPage<'a> {
    #[serde(borrow)]
    pub(super) items: Vec<BookingAnswer<'a>>,
    pub(super) total: u64,
}

/// Anything that was created.
#[derive(Debug, Deserialize)]
pub(crate) struct Created {
    pub(crate) id: String,
}

/// `POST /users/login`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Login {
    pub(crate) access_token: String,
    pub(super) user: Created,
}

/// A problem.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Problem {
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) detail: String,
}

/// Positions of the ids that a run knows.
#[derive(Debug, Default)]
pub(super) struct Ids {
    pub(super) tickets: HashMap<String, Ticket>,
    pub(super) accounts: HashMap<String, crate::history::Account>,
}

impl Ids {
    pub(super) fn ticket(&self, id: &str) -> Result<Ticket, String> {
        self.tickets.get(id).copied().ok_or_else(|| format!("the ticket {id} is not on the map"))
    }

    pub(super) fn tickets(&self, answers: &[TicketAnswer<'_>]) -> Result<Vec<Ticket>, String> {
        answers.iter().map(|answer| self.ticket(&answer.id)).collect()
    }

    fn owner(&self, id: &str) -> Owner {
        self.accounts.get(id).map_or_else(|| Owner::Stranger(id.to_owned()), |account| Owner::Buyer(*account))
    }

    pub(super) fn booking(&self, answer: &BookingAnswer<'_>) -> Result<Booking, String> {
        let status = match answer.status.as_ref() {
            "pending" => BookingStatus::Pending,
            "booked" => BookingStatus::Booked,
            "cancelled" => BookingStatus::Cancelled,
            other => return Err(format!("`{other}` is not a status of a booking")),
        };
        let ticket = |answer: &TicketAnswer<'_>| {
            let code = answer.code.as_deref().unwrap_or_default().to_owned();
            Ok((self.ticket(&answer.id)?, code))
        };
        let tickets = answer.tickets.iter().map(ticket).collect::<Result<_, String>>()?;
        Ok(Booking {
            id: answer.id.clone().into_owned(),
            owner: self.owner(&answer.user_id),
            status,
            tickets,
        })
    }

    /// State and owner of a seat on a map.
    pub(super) fn seat(&self, answer: &TicketAnswer<'_>) -> Result<(SeatStatus, Owner), String> {
        let status = match answer.status.as_ref() {
            "available" => SeatStatus::Available,
            "held" => SeatStatus::Held,
            "booked" => SeatStatus::Booked,
            "blocked" => SeatStatus::Blocked,
            other => return Err(format!("`{other}` is not a status of a seat")),
        };
        Ok((status, answer.user_id.as_deref().map_or(Owner::Untold, |id| self.owner(id))))
    }
}

/// Reads a body, saying what is wrong with it in words.
pub(crate) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|fault| format!("the answer is not what the contract says: {fault}"))
}
