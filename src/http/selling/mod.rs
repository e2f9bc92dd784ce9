//! ① to ⑦ of everything that sells: holds, bookings and their short-hand. Each handler reads its request, has one
//! command decided, and renders the reply; the same reply always renders to the same bytes, which is what lets an
//! answer be given again word for word.

mod booking_lists;
mod booking_views;
mod bookings;
mod elsewhere;
mod hold_batch;
mod hold_views;
mod holds;
mod house;
mod new_payment;
mod of_user;
mod own_bookings;
mod own_holds;
mod payment_views;
mod payments;
mod seats;
mod shorthand;
mod ticket_code;
mod webhooks;

use axum::http::StatusCode;
use domain::event::{Caller, Command, Key, Reply};
use domain::ids::EventId;

use super::App;
use super::extract::Idempotency;
use super::openapi::{Part, Routes, delete, get, patch, post, put};
use super::problem::{Code, Problem};

pub(super) use bookings::{book, buy};
pub(super) use holds::hold;
pub(super) use of_user::{Records, booking_ids, user_routes};
pub(super) use payment_views::payment_status;
pub(super) use ticket_code::routes as picture_routes;
pub(super) use webhooks::routes as webhook_routes;

use booking_views::BookingBody;
use hold_views::HoldBody;
use payment_views::PaymentBody;

pub(super) use hold_batch::routes as batch_routes;
pub(crate) use own_bookings::answer as answer_bookings;
pub(crate) use own_holds::answer as answer_holds;

/// The routes of this module.
pub(super) fn routes() -> Routes {
    holds_routes()
        .merge(booking_routes())
        .merge(house::routes())
        .merge(list_routes())
        .merge(payment_routes())
        .merge(shorthand_routes())
}

/// Why seats may not be had.
const NO_SEATS: &[Code] = &[
    Code::NotFound,
    Code::SeatUnavailable,
    Code::SoldOut,
    Code::NotOnSale,
    Code::LimitExceeded,
    Code::ValidationFailed,
    Code::EventCancelled,
];
/// Why a booking may not be given back.
const NO_CANCELLING: &[Code] = &[Code::AlreadyCancelled, Code::NotCancellable];

fn holds_routes() -> Routes {
    let (created, ok) = (StatusCode::CREATED, StatusCode::OK);
    Routes::of(Part::Selling)
        .route(
            "/events/{id}/holds",
            post(holds::create, "Hold seats: all or nothing")
                .says("One of `ticketIds`, `tickets` (with price types) and `bestAvailable`.")
                .gives::<HoldBody<'_>>(created)
                .refuses(NO_SEATS),
        )
        .route(
            "/holds/{id}",
            get(holds::show, "One's hold").gives::<HoldBody<'_>>(ok).refuses(&[Code::HoldExpired]),
        )
        .route(
            "/holds/{id}",
            patch(holds::change, "Add seats to a hold, or take some out; the deadline stays")
                .gives::<HoldBody<'_>>(ok)
                .refuses(NO_SEATS)
                .refuses(&[Code::HoldExpired, Code::AlreadyPaid]),
        )
        .route(
            "/holds/{id}",
            delete(holds::release, "Release a hold: its seats are free at once")
                .gives_nothing(StatusCode::NO_CONTENT)
                .refuses(&[Code::HoldExpired, Code::AlreadyPaid]),
        )
        .route(
            "/holds/{id}/extend",
            post(holds::extend, "Move the deadline of a hold").gives::<HoldBody<'_>>(ok).refuses(&[
                Code::HoldExpired,
                Code::AlreadyPaid,
                Code::NotOnSale,
            ]),
        )
}

fn booking_routes() -> Routes {
    let (created, accepted, ok) = (StatusCode::CREATED, StatusCode::ACCEPTED, StatusCode::OK);
    Routes::of(Part::Selling)
        .route(
            "/bookings",
            post(bookings::create, "Pay for a hold, or for several of one event")
                .says("Either `holdId` or `holdIds`. Without `payment` the booking waits for `POST /payments` until `payBy`.")
                .gives::<BookingBody<'_>>(created)
                .gives::<BookingBody<'_>>(accepted)
                .refuses(&[Code::NotFound, Code::PaymentDeclined, Code::HoldExpired, Code::AlreadyPaid]),
        )
        .route(
            "/bookings/{id}",
            post(bookings::one_call, "Hold and pay in one call; the id is the event's")
                .gives::<BookingBody<'_>>(created)
                .gives::<BookingBody<'_>>(accepted)
                .refuses(NO_SEATS)
                .refuses(&[Code::PaymentDeclined]),
        )
        .route("/bookings/{id}", get(bookings::show, "A booking").gives::<BookingBody<'_>>(ok))
        .route(
            "/bookings/{id}",
            put(bookings::change, "Say who the tickets are for").gives::<BookingBody<'_>>(ok),
        )
        .route(
            "/bookings/{id}",
            delete(bookings::cancel, "Cancel a booking").gives::<BookingBody<'_>>(ok).refuses(NO_CANCELLING),
        )
        .route(
            "/bookings/{id}/tickets/{ticketId}",
            delete(bookings::cancel_ticket, "Cancel one ticket of a booking")
                .gives::<BookingBody<'_>>(ok)
                .refuses(NO_CANCELLING),
        )
}

fn list_routes() -> Routes {
    Routes::of(Part::Selling)
        .route(
            "/bookings",
            get(booking_lists::own, "One's bookings, newest first").gives_page::<BookingBody<'_>>(),
        )
        .route(
            "/bookings/user/{userId}",
            get(booking_lists::of_user, "The bookings of a user: for them and operators")
                .gives_page::<BookingBody<'_>>()
                .refuses(&[Code::Forbidden]),
        )
        .route(
            "/bookings/event/{eventId}",
            get(booking_lists::visible_in_event, "The bookings of an event that one may see")
                .gives_page::<BookingBody<'_>>(),
        )
        .route(
            "/events/{id}/bookings",
            get(booking_lists::of_event, "All bookings of an event, newest first")
                .gives_page::<BookingBody<'_>>()
                .refuses(&[Code::Forbidden]),
        )
        .route(
            "/events/{id}/payments",
            get(booking_lists::payments_of_event, "All payments of an event, newest first")
                .gives_page::<PaymentBody>()
                .refuses(&[Code::Forbidden]),
        )
}

fn payment_routes() -> Routes {
    let (created, accepted, ok) = (StatusCode::CREATED, StatusCode::ACCEPTED, StatusCode::OK);
    Routes::of(Part::Selling)
        .route(
            "/payments",
            post(payments::create, "Pay a booking that was made without a payment")
                .gives::<PaymentBody>(created)
                .gives::<PaymentBody>(accepted)
                .refuses(&[Code::NotFound, Code::Forbidden, Code::PaymentDeclined])
                .refuses(&[Code::AlreadyPaid, Code::AlreadyCancelled, Code::HoldExpired]),
        )
        .route("/payments/{id}", get(payments::show, "A payment").gives::<PaymentBody>(ok))
        .route(
            "/payments/{id}",
            put(payments::change, "Put notes of one's own on a payment, in the place of those before")
                .gives::<PaymentBody>(ok),
        )
        .route(
            "/payments/{id}",
            delete(payments::refund, "Refund a payment by the cancellation rule; the booking is cancelled")
                .gives::<PaymentBody>(ok)
                .refuses(NO_CANCELLING),
        )
        .route(
            "/payments/booking/{bookingId}",
            get(payments::show_of_booking, "The payment of a booking").gives::<PaymentBody>(ok),
        )
        .route(
            "/bookings/{id}/payment",
            get(payments::show_of_booking, "The payment of a booking").gives::<PaymentBody>(ok),
        )
}

fn shorthand_routes() -> Routes {
    Routes::of(Part::Shorthand)
        .route(
            "/booking/reserve",
            post(shorthand::reserve, "Hold one ticket")
                .gives::<shorthand::Reserved>(StatusCode::CREATED)
                .refuses(NO_SEATS),
        )
        .route(
            "/booking/confirm",
            put(shorthand::confirm, "Pay for the hold that one has on a ticket")
                .gives::<BookingBody<'_>>(StatusCode::OK)
                .gives::<BookingBody<'_>>(StatusCode::ACCEPTED)
                .refuses(&[Code::NotFound, Code::PaymentDeclined, Code::HoldExpired, Code::AlreadyPaid]),
        )
}

/// ③ Has a command of `caller` decided.
async fn decided(
    app: &App,
    event: EventId,
    command: Command,
    caller: Caller,
    idempotency: Option<Idempotency>,
) -> Result<Reply, Problem> {
    let key =
        idempotency.map(|given| Key { caller: caller.user, hash: given.key, fingerprint: given.fingerprint });
    app.dispatch.command(event, command, caller, key).await.map_err(|no| Problem::no_reply(event, no))
}

/// The reply is not one that the command can have: a fault of ours.
fn unexpected(reply: &Reply) -> Problem {
    Problem::internal(format!("an unexpected reply: {reply:?}"))
}

/// Reads every body of this module, for fuzzers.
#[cfg(any(test, fuzzing))]
pub(super) fn read_any(bytes: &[u8]) {
    use super::extract::parse;
    let _hold = parse::<holds::NewHold>(bytes).is_ok() | parse::<holds::HoldChange>(bytes).is_ok();
    let _booking =
        parse::<bookings::NewBooking>(bytes).is_ok() | parse::<bookings::NewOneCall>(bytes).is_ok();
    hold_batch::read_any(bytes);
}
