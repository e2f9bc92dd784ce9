//! The table of problem codes: one line for each, with its status and title. Codes are stable and never renamed.

use axum::http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $status:ident, $code:literal, $title:literal;)*) => {
        /// What went wrong, in the stable words that clients may rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The one that is written like this.
            #[must_use]
            pub fn named(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }

            /// The HTTP status it is sent with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$variant => StatusCode::$status,)*
                }
            }

            /// The code itself.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// The same for people, without the particulars.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)*
                }
            }
        }
    };
}

codes! {
    /// Not JSON, or a broken header, path or query.
    MalformedRequest = BAD_REQUEST, "malformed-request", "The request is malformed";
    /// No token, or not one of ours.
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "Please log in";
    /// The token was good once.
    TokenExpired = UNAUTHORIZED, "token-expired", "The access token has expired";
    /// The provider said no.
    PaymentDeclined = PAYMENT_REQUIRED, "payment-declined", "The payment was declined";
    /// The caller's role does not allow it.
    Forbidden = FORBIDDEN, "forbidden", "Not allowed";
    /// There is no such thing, or the caller may not see it.
    NotFound = NOT_FOUND, "not-found", "Not found";
    /// The path exists, this method on it does not.
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed";
    /// The client accepts nothing that can be given.
    NotAcceptable = NOT_ACCEPTABLE, "not-acceptable", "No acceptable representation";
    /// Some seats are not to be had.
    SeatUnavailable = CONFLICT, "seat-unavailable", "Some seats are not available";
    /// Nothing free fits the wish.
    SoldOut = CONFLICT, "sold-out", "Sold out";
    /// The sale has not opened yet or is over.
    NotOnSale = CONFLICT, "not-on-sale", "Not on sale";
    /// Another request with the same key is still under way.
    IdempotencyInFlight = CONFLICT, "idempotency-in-flight", "The first request with this key is still running";
    /// It is cancelled already.
    AlreadyCancelled = CONFLICT, "already-cancelled", "Already cancelled";
    /// The cancellation rule says no.
    NotCancellable = CONFLICT, "not-cancellable", "Cannot be cancelled";
    /// It is paid or being paid.
    AlreadyPaid = CONFLICT, "already-paid", "Already paid";
    /// Somebody else has the user name.
    UsernameTaken = CONFLICT, "username-taken", "The user name is taken";
    /// Somebody else has the e-mail address.
    EmailTaken = CONFLICT, "email-taken", "The e-mail address is taken";
    /// Nodes are too few for the replicas.
    NoRoom = CONFLICT, "no-room", "No room for the replicas";
    /// The node to move away from has no replica of the shard.
    NoReplica = CONFLICT, "no-replica", "The node has no replica of the shard";
    /// The node to move to has a replica of the shard.
    HasReplica = CONFLICT, "has-replica", "The node has a replica of the shard already";
    /// The node to move to is a gateway, draining or gone.
    TakesNoReplicas = CONFLICT, "takes-no-replicas", "The node takes no replicas";
    /// A gateway has nothing to drain.
    NodeIsGateway = CONFLICT, "node-is-gateway", "The node is a gateway";
    /// It was drained before.
    AlreadyDraining = CONFLICT, "already-draining", "The node is draining already";
    /// It was dead for so long that it has no replicas any more.
    NodeGone = CONFLICT, "node-gone", "The node is gone";
    /// It is to be removed before it is drained.
    StillDraining = CONFLICT, "still-draining", "The node is still draining";
    /// It is to be removed while it runs and has replicas.
    DrainFirst = CONFLICT, "drain-first", "Drain the node first";
    /// Nothing of the operation can be set back.
    CannotAbort = CONFLICT, "cannot-abort", "The operation cannot be aborted";
    /// The operation is done or aborted.
    OperationOver = CONFLICT, "operation-over", "The operation is over";
    /// The leader of the directory refuses for a reason that this node has no word for: it runs a newer version.
    OrderRefused = CONFLICT, "order-refused", "The order is refused";
    /// Something else refers to it.
    InUse = CONFLICT, "in-use", "In use";
    /// The event will not take place.
    EventCancelled = GONE, "event-cancelled", "The event is cancelled";
    /// The hold is over.
    HoldExpired = GONE, "hold-expired", "The hold has ended";
    /// It is not what the client has seen.
    PreconditionFailed = PRECONDITION_FAILED, "precondition-failed", "It has changed meanwhile";
    /// More bytes than allowed.
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large";
    /// The body is not said to be JSON.
    UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type";
    /// JSON, but not the fields that are wanted.
    ValidationFailed = UNPROCESSABLE_ENTITY, "validation-failed", "Some fields are not valid";
    /// The key came with another request before.
    IdempotencyKeyReused = UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The key belongs to another request";
    /// More than one customer may have.
    LimitExceeded = UNPROCESSABLE_ENTITY, "limit-exceeded", "Over the limit";
    /// The caller asks too often.
    RateLimited = TOO_MANY_REQUESTS, "rate-limited", "Too many requests";
    /// Something broke; the log has the cause under the request id.
    Internal = INTERNAL_SERVER_ERROR, "internal", "Internal error";
    /// Nobody may decide for the event right now.
    OwnerUnavailable = SERVICE_UNAVAILABLE, "owner-unavailable", "Nobody can decide this right now";
    /// A queue is full.
    Overloaded = SERVICE_UNAVAILABLE, "overloaded", "Too busy right now";
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_code_is_kebab_case_and_has_one_line() {
        for (at, code) in Code::ALL.iter().enumerate() {
            assert!(code.as_str().bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()), "{code:?}");
            assert!(code.status().as_u16() >= 400);
            assert!(Code::ALL[..at].iter().all(|other| other.as_str() != code.as_str()), "{code:?} twice");
        }
    }

    #[test]
    fn every_code_is_documented_with_its_status() {
        let page = include_str!("../../../docs/errors/README.md");
        for code in Code::ALL {
            let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
            assert!(page.contains(&row), "docs/errors/README.md lacks {row}");
        }
    }
}
