//! Refusals and faults of the other crates, each with its problem.

use actors::Fault;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue};
use cluster::OrderFault;
use cluster::placement::layout::decide::Refused;
use domain::account::AccountRefusal;
use domain::catalogue::CatalogueRefusal;
use domain::event::Refusal;
use domain::ids::{EventId, SeatIndex, TicketId};
use domain::invalid::Invalid;
use domain::ports::JournalFault;
use serde_json::{Value, json};

use super::{Code, Problem};
use crate::auth::Busy;
use crate::dispatch::NoReply;
use crate::http::wire::{Timestamp, seat_status};
use crate::limits::TooMany;

/// What a limit is: draft-ietf-httpapi-ratelimit-headers.
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of it.
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

impl From<Vec<Invalid>> for Problem {
    fn from(errors: Vec<Invalid>) -> Self {
        Self::invalid(&errors)
    }
}

impl From<AccountRefusal> for Problem {
    fn from(refusal: AccountRefusal) -> Self {
        match refusal {
            AccountRefusal::UsernameTaken => Self::new(Code::UsernameTaken, "Choose another username."),
            AccountRefusal::EmailTaken => {
                Self::new(Code::EmailTaken, "Log in with this address instead, or sign up with another one.")
            }
            AccountRefusal::NotFound => Self::not_found("user"),
            AccountRefusal::NotAnOperator => Self::forbidden("The account is not an operator's."),
            AccountRefusal::Changed => {
                Self::new(Code::Overloaded, "Others are changing this account. Try again.")
            }
            AccountRefusal::ResetVoid => {
                Self::invalid_field("/token", "was used or replaced, is too old, or is not one of ours")
            }
            AccountRefusal::Bootstrap => Self::in_use(
                "This is the operator whom auth.operator_username names: they keep their name and their role.",
            ),
            AccountRefusal::OtherSeal => Self::internal("personal data is sealed with another secret"),
        }
    }
}

impl From<TooMany> for Problem {
    fn from(too_many: TooMany) -> Self {
        let TooMany { policy, quota, window_seconds, retry_after_seconds } = too_many;
        let text = |text: String| HeaderValue::try_from(text).expect("words and numbers are a header value");
        let detail =
            format!("Too many requests by the limit \"{policy}\". Try again in {retry_after_seconds} s.");
        Self::new(Code::RateLimited, detail)
            .with_header(RETRY_AFTER, HeaderValue::from(retry_after_seconds))
            .with_header(RATE_LIMIT_POLICY, text(format!("\"{policy}\";q={quota};w={window_seconds}")))
            .with_header(RATE_LIMIT, text(format!("\"{policy}\";r=0;t={retry_after_seconds}")))
    }
}

impl From<CatalogueRefusal> for Problem {
    fn from(refusal: CatalogueRefusal) -> Self {
        match refusal {
            CatalogueRefusal::NotFound => Self::not_found("venue, performer or event"),
            CatalogueRefusal::Forbidden => Self::forbidden("Only its organizer or an operator may do this."),
            CatalogueRefusal::InUse(why) => Self::in_use(why),
            CatalogueRefusal::EventCancelled => Self::event_cancelled(),
            CatalogueRefusal::Invalid(errors) => Self::invalid(&errors),
        }
    }
}

impl From<Busy> for Problem {
    fn from(_: Busy) -> Self {
        Self::new(Code::Overloaded, "Too many people are signing up or logging in. Try again.")
    }
}

impl From<JournalFault> for Problem {
    fn from(fault: JournalFault) -> Self {
        match fault {
            JournalFault::Full => Self::new(Code::Overloaded, "The journal is full. Try again."),
            JournalFault::NotOwner | JournalFault::Closed => {
                Self::new(Code::OwnerUnavailable, "Nobody may decide this right now. Try again.")
            }
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Overloaded => Self::new(
                Code::Overloaded,
                "Too many are asking for this event. Retry with the same Idempotency-Key.",
            ),
            Fault::OwnerUnavailable => Self::new(
                Code::OwnerUnavailable,
                "The event has no owner right now. Retry with the same Idempotency-Key.",
            ),
        }
    }
}

impl From<OrderFault> for Problem {
    fn from(fault: OrderFault) -> Self {
        match fault {
            OrderFault::Refused(refused) => refused.into(),
            OrderFault::Unavailable(why) => Self::new(
                Code::OwnerUnavailable,
                format!(
                    "{} See GET /admin/operations whether the order was taken, then give it again.",
                    sentence(&why)
                ),
            ),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let code = match &*refused.code {
            "unknown-node" | "unknown-shard" | "unknown-operation" => Code::NotFound,
            code => Code::named(code).unwrap_or(Code::OrderRefused),
        };
        Self::new(code, sentence(&refused.text))
    }
}

/// The same words as a sentence of its own.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

impl Problem {
    /// Why there is no reply from the sale of `event`.
    #[must_use]
    pub fn no_reply(event: EventId, no: NoReply) -> Self {
        match no {
            NoReply::Refused(refusal) => Self::of_sale(event, &refusal),
            NoReply::Invalid(invalid) => Self::invalid(&[invalid]),
            NoReply::InFlight => {
                Self::new(Code::IdempotencyInFlight, "Ask again with the same Idempotency-Key.")
            }
            NoReply::Fault(fault) => fault.into(),
        }
    }

    /// What the sale of `event` refused.
    #[must_use]
    pub fn of_sale(event: EventId, refusal: &Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::not_found("hold, booking or ticket"),
            Refusal::Forbidden => Self::forbidden("Only the event's organizer or an operator may do this."),
            Refusal::SeatUnavailable(seats) => {
                let ticket = |(seat, status): &(SeatIndex, _)| json!({"ticketId": TicketId::new(event, *seat).to_string(), "status": seat_status(*status)});
                let unavailable: Vec<Value> = seats.iter().map(ticket).collect();
                Self::new(Code::SeatUnavailable, "Choose other seats; see unavailable.")
                    .with("unavailable", unavailable)
            }
            Refusal::SoldOut => {
                Self::new(Code::SoldOut, "No free seats fit the wish. Ask for fewer, or elsewhere.")
            }
            Refusal::NotOnSale { opens_at: Some(opens_at) } => {
                let opens_at = Timestamp(*opens_at).to_string();
                Self::new(Code::NotOnSale, format!("The sale opens at {opens_at}.")).with("opensAt", opens_at)
            }
            Refusal::NotOnSale { opens_at: None } => Self::new(Code::NotOnSale, "The sale is over."),
            Refusal::HoldEnded => Self::new(
                Code::HoldExpired,
                "The hold has expired, or was released or booked; a booking of it has lapsed. Hold seats again.",
            ),
            Refusal::LimitExceeded { limit } => {
                Self::new(Code::LimitExceeded, format!("A customer may have {limit} tickets of this event."))
                    .with("limit", *limit)
            }
            Refusal::KeyReused => {
                Self::new(Code::IdempotencyKeyReused, "Send another Idempotency-Key with another request.")
            }
            Refusal::AlreadyCancelled => {
                Self::new(Code::AlreadyCancelled, "There is nothing left to cancel.")
            }
            Refusal::NotCancellable => Self::new(
                Code::NotCancellable,
                "The event's cancellation rule does not allow it, or a payment is running.",
            ),
            Refusal::AlreadyPaid => Self::new(Code::AlreadyPaid, "It is paid, or being paid, already."),
            Refusal::Invalid { pointer, message } => Self::invalid(&[Invalid::new(*pointer, *message)]),
            Refusal::Exhausted => {
                Self::new(Code::Overloaded, "The event has used up its numbers of holds or bookings.")
            }
            Refusal::EventCancelled => Self::event_cancelled(),
            Refusal::InUse => Self::in_use("The event has bookings. Cancel it without purge=true."),
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_refusal_keeps_its_code() {
        for refusal in [
            Refusal::NotFound,
            Refusal::Forbidden,
            Refusal::SeatUnavailable(Vec::new()),
            Refusal::SoldOut,
            Refusal::NotOnSale { opens_at: None },
            Refusal::HoldEnded,
            Refusal::LimitExceeded { limit: 4 },
            Refusal::KeyReused,
            Refusal::AlreadyCancelled,
            Refusal::NotCancellable,
            Refusal::AlreadyPaid,
            Refusal::Invalid { pointer: "/ttlSeconds", message: "too long" },
            Refusal::Exhausted,
            Refusal::EventCancelled,
            Refusal::InUse,
        ] {
            assert_eq!(Problem::of_sale(EventId::new(1), &refusal).code().as_str(), refusal.code());
        }
    }

    #[test]
    fn a_limit_is_said_in_headers() {
        use axum::response::IntoResponse;
        let too_many = TooMany { policy: "address", quota: 100, window_seconds: 60, retry_after_seconds: 7 };
        let response = Problem::from(too_many).into_response();
        let header = |name: HeaderName| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(response.status(), 429);
        assert_eq!(header(RETRY_AFTER), "7");
        assert_eq!(header(RATE_LIMIT_POLICY), "\"address\";q=100;w=60");
        assert_eq!(header(RATE_LIMIT), "\"address\";r=0;t=7");
    }

    #[test]
    fn a_refused_order_keeps_its_code_and_says_why() {
        let code = |code: &str| {
            let refused = Refused { code: code.to_owned(), text: "node 3 is draining; wait".to_owned() };
            Problem::from(refused).code()
        };
        for unknown in ["unknown-node", "unknown-shard", "unknown-operation"] {
            assert_eq!(code(unknown), Code::NotFound);
        }
        for known in [
            "no-room",
            "no-replica",
            "has-replica",
            "takes-no-replicas",
            "node-is-gateway",
            "already-draining",
            "node-gone",
            "still-draining",
            "drain-first",
            "cannot-abort",
            "operation-over",
        ] {
            assert_eq!(code(known).as_str(), known);
        }
        assert_eq!(code("from-the-future"), Code::OrderRefused);
        assert_eq!(sentence("node 3 is draining; wait"), "Node 3 is draining; wait.");
        assert_eq!(sentence(""), ".");
    }
}
