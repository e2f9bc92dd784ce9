//! ⑧ What one customer has: bookings, holds and payments in pages, or all of it at once.
//!
//! Who is erased keeps their bookings, for operators to see, under an id that says nothing.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::ids::{BookingId, UserId};
use serde_json::Value;

use super::booking_lists::{bookings_of, is_one};
use super::booking_views::BookingBody;
use super::hold_views::HoldBody;
use super::own_bookings::{self, Own};
use super::own_holds::{self, OwnHold};
use super::payment_views::PaymentBody;
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::cache::Audience;
use crate::http::extract::{ApiPath, ApiQuery};
use crate::http::openapi::{Part, Routes, get};
use crate::http::page::PageQuery;
use crate::http::problem::Problem;
use crate::http::users::{account_for, require_own};
use crate::http::wire::Id;

/// The routes of this module.
pub(in crate::http) fn user_routes() -> Routes {
    Routes::of(Part::Accounts)
        .route(
            "/users/{id}/bookings",
            get(bookings, "Somebody's bookings, newest first").gives_page::<BookingBody<'_>>(),
        )
        .route(
            "/users/{id}/holds",
            get(holds, "Somebody's live holds, newest first").gives_page::<HoldBody<'_>>(),
        )
        .route(
            "/users/{id}/payments",
            get(payments, "Somebody's payments, newest first").gives_page::<PaymentBody>(),
        )
}

async fn bookings(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    caller: Customer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let own = found(&app, id, &caller, bookings_of(&app, id)).await?;
    respond((id, "bookings"), page, &headers, own, |own| own.shown(&app, caller.user))
}

async fn holds(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    caller: Customer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let own = found(&app, id, &caller, own_holds::of(&app, id)).await?;
    respond((id, "holds"), page, &headers, own, |own| own.shown(&app))
}

async fn payments(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    caller: Customer,
    ApiQuery(page): ApiQuery<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let own = found(&app, id, &caller, own_bookings::of(&app, id)).await?;
    respond((id, "payments"), page, &headers, own, |own| own.payment_shown(&app, caller.user))
}

/// What is found, unless that is nothing of nobody. All nodes are asked, and for nobody who may not see it.
async fn found<T>(
    app: &App,
    id: UserId,
    caller: &Customer,
    looking: impl Future<Output = Result<Vec<T>, Problem>>,
) -> Result<Vec<T>, Problem> {
    require_own(id, caller)?;
    let found = looking.await?;
    if found.is_empty() {
        account_for(app, id, caller)?;
    }
    Ok(found)
}

fn respond<T>(
    (id, what): (UserId, &str),
    page: PageQuery,
    headers: &HeaderMap,
    all: Vec<T>,
    shown: impl Fn(&T) -> Result<Value, Problem>,
) -> Result<Response, Problem> {
    let (kept, total) = page.cut(all);
    let kept = kept.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
    page.respond(headers, Audience::Private, &format!("/users/{id}/{what}"), &kept, total)
}

/// The ids of all bookings of `user`, newest first.
pub(in crate::http) async fn booking_ids(app: &App, user: UserId) -> Result<Vec<BookingId>, Problem> {
    Ok(bookings_of(app, user).await?.iter().map(Own::id).collect())
}

/// All that a customer has.
pub(in crate::http) struct Records {
    user: UserId,
    bookings: Vec<Own>,
    holds: Vec<OwnHold>,
}

impl Records {
    /// Of `user`.
    pub(in crate::http) async fn of(app: &App, user: UserId) -> Result<Self, Problem> {
        let (bookings, holds) = (own_bookings::of(app, user).await?, own_holds::of(app, user).await?);
        Ok(Self { user, bookings, holds })
    }

    fn booked(&self) -> impl Iterator<Item = &Own> {
        self.bookings.iter().filter(|own| is_one(&own.booking))
    }

    pub(in crate::http) fn booking_ids(&self) -> Vec<BookingId> {
        self.booked().map(Own::id).collect()
    }

    pub(in crate::http) fn bookings(&self, app: &App) -> Result<Vec<Value>, Problem> {
        self.booked().map(|own| own.shown(app, self.user)).collect()
    }

    pub(in crate::http) fn holds(&self, app: &App) -> Result<Vec<Value>, Problem> {
        self.holds.iter().map(|own| own.shown(app)).collect()
    }

    pub(in crate::http) fn payments(&self, app: &App) -> Result<Vec<Value>, Problem> {
        self.bookings.iter().map(|own| own.payment_shown(app, self.user)).collect()
    }
}

impl Own {
    fn id(&self) -> BookingId {
        BookingId::new(self.event, self.number)
    }

    /// As `viewer` sees it, who may.
    fn shown(&self, app: &App, viewer: UserId) -> Result<Value, Problem> {
        let scene = app.scene(self.event)?;
        let body = BookingBody::new(&scene, self.number, &self.booking, viewer);
        serde_json::to_value(body).map_err(Problem::internal)
    }

    fn payment_shown(&self, app: &App, viewer: UserId) -> Result<Value, Problem> {
        let sale = (self.event, app.scene(self.event)?.currency);
        let body = PaymentBody::new(sale, self.number, &self.booking, viewer);
        serde_json::to_value(body).map_err(Problem::internal)
    }
}
