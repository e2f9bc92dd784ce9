//! All that is known of somebody, in one document: for them to take along.

use axum::extract::State;
use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use domain::ids::UserId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{UserBody, account_for, person_of};
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::cache::{self, Audience};
use crate::http::extract::ApiPath;
use crate::http::problem::Problem;
use crate::http::selling::Records;
use crate::http::wire::{Id, Timestamp};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Export {
    exported_at: Timestamp,
    user: UserBody,
    #[schema(value_type = Vec<Object>)]
    bookings: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    holds: Vec<Value>,
    #[schema(value_type = Vec<Object>)]
    payments: Vec<Value>,
}

pub(super) async fn show(
    State(app): State<App>,
    ApiPath(Id(id)): ApiPath<Id<UserId>>,
    caller: Customer,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let account = account_for(&app, id, &caller)?;
    let records = Records::of(&app, id).await?;
    let export = Export {
        exported_at: Timestamp(app.now()),
        user: UserBody::new(&account, person_of(&app, &account)?, Some(records.booking_ids())),
        bookings: records.bookings(&app)?,
        holds: records.holds(&app)?,
        payments: records.payments(&app)?,
    };
    let mut response = cache::json(&headers, Audience::Private, &export)?;
    let name = HeaderValue::from_static("attachment; filename=\"onsale-export.json\"");
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    Ok(response)
}
