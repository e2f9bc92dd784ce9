//! What is expected of whom.

use crate::stage::{Call, Kind, Who};

/// How a call ends, as far as rights go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 401.
    Unauthenticated,
    /// 403: not with this role.
    Forbidden,
    /// 404, or 403: there is no such thing, as far as this caller is concerned.
    Hidden,
    /// 409: somebody has the seat, whoever it is.
    Taken,
    /// A list with nothing in it.
    Empty,
    /// Anything else.
    Allowed,
}

use Outcome::{Allowed, Empty, Forbidden, Hidden, Taken, Unauthenticated};

/// The calls that have a rule of their own: a customer who owns what the customer owns, another customer, the organizer of
/// the event, another organizer, the operator. Nobody is 401 in all of them.
const RULES: &[(&str, [Outcome; 5])] = &[
    // A hold is its holder's alone, and so is paying for it.
    ("GET /holds/{id}", [Allowed, Hidden, Hidden, Hidden, Hidden]),
    ("PATCH /holds/{id}", [Allowed, Hidden, Hidden, Hidden, Hidden]),
    ("DELETE /holds/{id}", [Allowed, Hidden, Hidden, Hidden, Hidden]),
    ("POST /holds/{id}/extend", [Allowed, Hidden, Hidden, Hidden, Hidden]),
    ("POST /bookings", [Allowed, Hidden, Hidden, Hidden, Hidden]),
    ("POST /payments", [Allowed, Hidden, Hidden, Hidden, Hidden]),
    // Of the seat of another they are told what everybody sees.
    ("PUT /booking/confirm", [Allowed, Taken, Taken, Taken, Taken]),
    // Bookings and payments: the buyer, the organizer of the event, operators.
    ("GET /bookings/{id}", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    ("GET /bookings/{id}/tickets/{ticketId}/qr", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    ("GET /bookings/{id}/payment", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    ("GET /payments/{id}", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    ("GET /payments/booking/{bookingId}", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    ("PUT /bookings/{id}", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    ("PUT /payments/{id}", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    ("DELETE /bookings/{id}", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    ("DELETE /payments/{id}", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    ("DELETE /bookings/{id}/tickets/{ticketId}", [Allowed, Hidden, Allowed, Hidden, Allowed]),
    // Whoever runs the event moves the tickets of others; their buyer only sees them.
    ("POST /bookings/{id}/tickets/{ticketId}/move", [Hidden, Hidden, Allowed, Hidden, Allowed]),
    // What is sold of an event is its organizer's affair.
    ("GET /events/{id}/bookings", [Hidden, Hidden, Allowed, Hidden, Allowed]),
    ("GET /events/{id}/payments", [Hidden, Hidden, Allowed, Hidden, Allowed]),
    // Everybody has a list, with what they may see in it.
    ("GET /bookings/event/{eventId}", [Allowed, Empty, Allowed, Empty, Allowed]),
    ("GET /bookings", [Allowed, Empty, Empty, Empty, Empty]),
];

/// What is expected of `call` by `who`.
pub(crate) fn expected(call: &Call, who: Who) -> Outcome {
    let Some(role) = call.role() else { return Allowed };
    if who == Who::Nobody {
        return Unauthenticated;
    }
    if let Some((_, outcomes)) = RULES.iter().find(|(name, _)| *name == call.name()) {
        let at = [Who::Ann, Who::Ben, Who::Olga, Who::Otto, Who::Operator].iter().position(|one| *one == who);
        return at.map_or(Unauthenticated, |at| outcomes[at]);
    }
    if who.rank() < rank(role) {
        return Forbidden;
    }
    match call.kind() {
        _ if who == Who::Operator => Allowed,
        // Ann's own account; another one's is not there.
        Some(Kind::User) if who != Who::Ann => Hidden,
        // What an organizer made is that organizer's to change; anybody may buy.
        Some(Kind::Event | Kind::Venue | Kind::Performer) if role == "organizer" && who != Who::Olga => {
            Hidden
        }
        _ => Allowed,
    }
}

pub(crate) fn rank(role: &str) -> u8 {
    match role {
        "customer" => 1,
        "organizer" => 2,
        _ => 3,
    }
}
