//! What the door reads: a ticket's code as a picture.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::event::{Booking, BookingStatus, TicketCode};
use domain::ids::{BookingId, SeatIndex, TicketId};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use super::bookings::seen;
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::cache::{Audience, Tag};
use crate::http::extract::{ApiPath, accepted};
use crate::http::openapi::{Part, Routes, get};
use crate::http::problem::{Code, Problem};
use crate::http::ticket::CodeText;
use crate::http::wire::Id;

const SVG: &str = "image/svg+xml";
/// Pixels on each side, at least, where nothing else is said.
const SIDE: u32 = 240;

/// The routes of this module.
pub(in crate::http) fn routes() -> Routes {
    Routes::of(Part::Selling).route(
        "/bookings/{id}/tickets/{ticketId}/qr",
        get(show, "The code of a ticket as a QR code")
            .says("404 for a ticket that has no code: it is not paid yet, or was given back.")
            .gives_bytes(StatusCode::OK, SVG)
            .refuses(&[Code::NotAcceptable]),
    )
}

async fn show(
    State(app): State<App>,
    ApiPath((Id(booking), Id(ticket))): ApiPath<(Id<BookingId>, Id<TicketId>)>,
    caller: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    accepted(&headers, &[SVG])?;
    let seen = seen(&app, booking, &caller).await?;
    let code = Some(ticket).filter(|ticket| ticket.event == booking.event);
    let code = code.and_then(|ticket| code_of(&seen, ticket.part)).ok_or_else(|| {
        let why =
            "The booking has no such ticket, or it has no code: it is not paid yet, or it was given back.";
        Problem::new(Code::NotFound, why)
    })?;
    let picture = drawn(code)?;
    Ok(Tag::of(&picture).guard(&headers, Audience::Private).respond(SVG, picture))
}

/// The code of a ticket that lets somebody in.
fn code_of(booking: &Booking, seat: SeatIndex) -> Option<TicketCode> {
    let is_paid = booking.status == BookingStatus::Booked;
    let ticket = booking.tickets.iter().find(|ticket| ticket.seat == seat && !ticket.cancelled);
    ticket.filter(|_| is_paid)?.code
}

fn drawn(code: TicketCode) -> Result<Vec<u8>, Problem> {
    let text = CodeText(code).to_string();
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Problem::internal)?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).build().into_bytes())
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_code_is_drawn_the_same_each_time_and_another_one_differently() {
        let first = drawn(TicketCode([7; 16])).unwrap();
        assert!(first.starts_with(b"<?xml") && first.ends_with(b"</svg>"));
        assert_eq!(first, drawn(TicketCode([7; 16])).unwrap());
        assert_ne!(first, drawn(TicketCode([8; 16])).unwrap());
    }
}
