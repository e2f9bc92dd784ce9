//! ⑧ Lists of bookings and of payments: a customer's own, wherever the sales are, and those of one event.
//!
//! An attempt to buy that was declined is no booking, though its id still shows what became of it; its payment is one.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::event::{Booking, BookingStatus, PaymentStatus};
use domain::ids::{BookingNumber, EventId, UserId};

use super::booking_views::BookingBody;
use super::own_bookings::{self, Own};
use super::payment_views::PaymentBody;
use crate::dispatch::ways;
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::cache::Audience;
use crate::http::extract::{ApiPath, ApiQuery};
use crate::http::page::PageQuery;
use crate::http::problem::Problem;
use crate::http::ticket::Scene;
use crate::http::wire::Id;

/// Whether it counts as a booking.
pub(super) fn is_one(booking: &Booking) -> bool {
    booking.status != BookingStatus::Cancelled || booking.payment.status != PaymentStatus::Declined
}

/// The caller's own bookings, newest first.
pub(super) async fn own(
    State(app): State<App>,
    caller: Customer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let own = bookings_of(&app, caller.user).await?;
    respond_with_own(&app, own, page, &headers, "/bookings")
}

/// Those of a user: for that user, and operators.
pub(super) async fn of_user(
    State(app): State<App>,
    ApiPath(Id(user)): ApiPath<Id<UserId>>,
    caller: Customer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if caller.user != user && !caller.is_operator() {
        return Err(Problem::forbidden("Only they themselves or an operator may see a user's bookings."));
    }
    let own = bookings_of(&app, user).await?;
    respond_with_own(&app, own, page, &headers, &format!("/bookings/user/{user}"))
}

/// The bookings of `user`, newest first. A declined attempt to pay is none.
pub(super) async fn bookings_of(app: &App, user: UserId) -> Result<Vec<Own>, Problem> {
    let mut own = own_bookings::of(app, user).await?;
    own.retain(|own| is_one(&own.booking));
    Ok(own)
}

fn respond_with_own(
    app: &App,
    own: Vec<Own>,
    page: PageQuery,
    headers: &HeaderMap,
    path: &str,
) -> Result<Response, Problem> {
    let (own, total) = page.cut(own);
    let scenes = own.iter().map(|own| app.scene(own.event)).collect::<Result<Vec<_>, _>>()?;
    let shown = own.iter().zip(&scenes);
    let shown: Vec<_> = shown
        .map(|(own, scene)| BookingBody::new(scene, own.number, &own.booking, own.booking.buyer))
        .collect();
    page.respond(headers, Audience::Private, path, &shown, total)
}

/// All bookings of an event: for its organizer, and operators.
pub(super) async fn of_event(
    State(app): State<App>,
    ApiPath(Id(event)): ApiPath<Id<EventId>>,
    caller: Customer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scene = app.scene(event)?;
    require_organizer(&app, event, &caller)?;
    let (found, total) = in_event(&app, event, page, is_one).await;
    respond(&scene, &found, total, (page, &headers, caller.user), &format!("/events/{event}/bookings"))
}

/// The bookings of an event that the caller may see: all, or their own.
pub(super) async fn visible_in_event(
    State(app): State<App>,
    ApiPath(Id(event)): ApiPath<Id<EventId>>,
    caller: Customer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scene = app.scene(event)?;
    let all = require_organizer(&app, event, &caller).is_ok();
    let shown = |booking: &Booking| is_one(booking) && (all || booking.buyer == caller.user);
    let (found, total) = in_event(&app, event, page, shown).await;
    respond(&scene, &found, total, (page, &headers, caller.user), &format!("/bookings/event/{event}"))
}

/// All payments of an event: for its organizer, and operators.
pub(super) async fn payments_of_event(
    State(app): State<App>,
    ApiPath(Id(event)): ApiPath<Id<EventId>>,
    caller: Customer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scene = app.scene(event)?;
    require_organizer(&app, event, &caller)?;
    let (found, total) = in_event(&app, event, page, |_| true).await;
    let payment = |(number, booking): &(BookingNumber, Booking)| {
        PaymentBody::new((event, scene.currency), *number, booking, caller.user)
    };
    let shown: Vec<_> = found.iter().map(payment).collect();
    page.respond(&headers, Audience::Private, &format!("/events/{event}/payments"), &shown, total)
}

fn require_organizer(app: &App, event: EventId, caller: &Customer) -> Result<(), Problem> {
    let listing = app.cluster.with_catalogue(|catalogue| catalogue.listing(event));
    let organizer = listing.ok_or_else(|| Problem::not_found("event"))?.terms.organizer;
    if caller.runs_event_of(organizer) {
        return Ok(());
    }
    Err(Problem::forbidden("Only the event's organizer or an operator may see all of this."))
}

/// A page of the event's bookings, newest first, and how many there are in all.
async fn in_event(
    app: &App,
    event: EventId,
    page: PageQuery,
    shown: impl Fn(&Booking) -> bool,
) -> (Vec<(BookingNumber, Booking)>, u64) {
    app.dispatch.caught_up(ways::State::Sale(event)).await;
    app.cluster.with_sale(event, |sale| {
        let all = sale.map(|sale| sale.bookings().rev().filter(|(_, booking)| shown(booking)));
        let (found, total) = page.cut(all.into_iter().flatten());
        (found.into_iter().map(|(number, booking)| (number, booking.clone())).collect(), total)
    })
}

fn respond(
    scene: &Scene,
    found: &[(BookingNumber, Booking)],
    total: u64,
    (page, headers, viewer): (PageQuery, &HeaderMap, UserId),
    path: &str,
) -> Result<Response, Problem> {
    let shown = found.iter();
    let shown: Vec<_> =
        shown.map(|(number, booking)| BookingBody::new(scene, *number, booking, viewer)).collect();
    page.respond(headers, Audience::Private, path, &shown, total)
}
