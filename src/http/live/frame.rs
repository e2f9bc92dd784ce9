//! ⑦ The words in which clients are told of seats: all of them, or what has changed. Made once for everybody who watches an
//! event: the long poll answers the very bytes that are the data of the stream.
//!
//! Owns the look of both. Hazard: data of an event stream are lines; JSON without line breaks is one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::event::SeatStatus;
use domain::ids::{EventId, SeatIndex, TicketId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::detached::Piece;
use crate::http::seat_bytes::seat_bytes;
use crate::http::wire::{Id, ids, seat_status};
use crate::projections::Statuses;

/// How the seats are, or what has changed since.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeatNews)]
pub(super) struct SeatNews {
    /// Grows with every change; to be asked for what comes after it.
    version: u64,
    /// All seats: the binary form of `GET /events/{id}/seats`, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<String>,
    /// Those with another status than before, where it is known what the reader has.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<SeatChange>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SeatChange {
    ticket_id: ids::Ticket,
    #[schema(pattern = "^(available|held|booked|blocked)$")]
    status: &'static str,
}

/// One event of the stream.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    piece: Piece,
    /// Where its data begin.
    data: usize,
}

/// What ends an event.
const END: &str = "\n\n";

impl Frame {
    /// All seats.
    pub(super) fn snapshot(version: u64, statuses: &Statuses) -> Self {
        let seats = STANDARD.encode(seat_bytes(version, statuses.seats(), statuses.packed()));
        Self::new("snapshot", &SeatNews { version, seats: Some(seats), changes: None })
    }

    /// Those that have changed.
    pub(super) fn changes(event: EventId, version: u64, changes: &[(SeatIndex, SeatStatus)]) -> Self {
        let change = |(seat, status): &(SeatIndex, SeatStatus)| SeatChange {
            ticket_id: Id(TicketId::new(event, *seat)),
            status: seat_status(*status),
        };
        let changes = Some(changes.iter().map(change).collect());
        Self::new("seats", &SeatNews { version, seats: None, changes })
    }

    fn new(name: &str, news: &SeatNews) -> Self {
        let data = serde_json::to_string(news).expect("numbers and texts always serialise");
        let head = format!("id: {}\nevent: {name}\ndata: ", news.version);
        Self { piece: Piece::new([&head, &*data, END].concat().as_bytes()), data: head.len() }
    }

    /// The event as the stream has it.
    pub(super) fn piece(&self) -> &Piece {
        &self.piece
    }

    /// Its data alone: an answer of the long poll.
    pub(super) fn json(&self) -> Bytes {
        self.piece.content().slice(self.data..self.piece.len() - END.len())
    }
}

/// A sign of life: a comment, which readers of the stream skip.
pub(super) fn heartbeat() -> Piece {
    Piece::new(b":\n\n")
}

#[cfg(test)]
mod test {
    use SeatStatus::{Available, Held};

    use super::*;

    #[test]
    fn an_event_has_its_version_as_id_and_json_as_data() {
        let seats = Statuses::of(5, [Held, Available, Held].into_iter());
        let frame = Frame::snapshot(9, &seats);
        let json = r#"{"version":9,"seats":"T1NCMQUAAAAJAAAAAAAAABEA"}"#;
        assert_eq!(frame.json(), json);
        assert_eq!(frame.piece().content(), format!("id: 9\nevent: snapshot\ndata: {json}\n\n"));

        let frame = Frame::changes(EventId::new(1), 10, &[(SeatIndex::new(1), Held)]);
        let json = r#"{"version":10,"changes":[{"ticketId":"tkt_00000000000011","status":"held"}]}"#;
        assert_eq!(frame.json(), json);
        assert_eq!(frame.piece().content(), format!("id: 10\nevent: seats\ndata: {json}\n\n"));
    }
}
