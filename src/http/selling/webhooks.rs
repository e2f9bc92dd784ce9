//! ① What payment providers tell unasked. The node that takes it verifies it over the raw bytes; whoever owns the event
//! then hears it as a command, keyed by the provider's id of the message, so that what comes twice is heard once.
//!
//! Hazard: a success makes the provider stop telling. So there is one only when the owner has heard, or when there is
//! nothing to hear.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::account::Role;
use domain::event::{Caller, Command, Key, Refusal, Reply};
use domain::ids::UserId;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::unexpected;
use crate::dispatch::NoReply;
use crate::gateway::stripe::{About, WebhookFault};
use crate::http::App;
use crate::http::extract::read_body;
use crate::http::openapi::{Part, Routes, post};
use crate::http::problem::{Code, Problem};

/// An event of Stripe's with everything in it has some ten kilobytes.
const MAX_BODY_BYTES: usize = 512 << 10;

/// Who it is that tells: nobody with an account, and decided about by no one.
const PROVIDER: Caller = Caller { user: UserId::new(0), role: Role::Customer };

/// The routes of this module: providers say nothing useful of the forms that they accept.
pub(in crate::http) fn routes() -> Routes {
    Routes::of(Part::Selling).route(
        "/webhooks/stripe",
        post(stripe, "What Stripe tells, signed")
            .takes_bytes("application/json")
            .gives::<Received>(StatusCode::OK)
            .refuses(&[Code::NotFound])
            .body_limit(MAX_BODY_BYTES),
    )
}

/// The message has been taken.
#[derive(Serialize, ToSchema)]
struct Received {
    received: bool,
    /// Whether it was about a payment that there is.
    heard: bool,
}

async fn stripe(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let Some(stripe) = app.providers.stripe() else { return Err(Problem::not_found("path")) };
    let signature = request.headers().get("stripe-signature").cloned();
    let signature = signature.ok_or_else(unsigned)?;
    let body: Bytes = read_body(request).await?;
    let told = stripe.told(signature.as_bytes(), &body, app.now()).await.map_err(problem)?;
    let heard = match told.about {
        Some(about) => hear(&app, &told.id, about).await?,
        None => false,
    };
    Ok(Json(Received { received: true, heard }).into_response())
}

/// Whether it was about a payment that there is, and right about it.
async fn hear(app: &App, message: &str, about: About) -> Result<bool, Problem> {
    let About { payment, attempt, reference, news } = about;
    let key = Key { caller: PROVIDER.user, hash: half(message.as_bytes()), fingerprint: [0; 16] };
    let command = Command::HearProvider { booking: payment.part, attempt, reference, news };
    match app.dispatch.command(payment.event, command, PROVIDER, Some(key)).await {
        Ok(Reply::Heard) => Ok(true),
        Ok(other) => Err(unexpected(&other)),
        Err(NoReply::Refused(Refusal::NotFound)) => {
            tracing::warn!(%payment, message, "stripe tells of a payment that is not here");
            Ok(false)
        }
        Err(NoReply::Refused(Refusal::Invalid { .. }) | NoReply::Invalid(_)) => {
            tracing::error!(%payment, message, "stripe tells of another amount than is owed");
            Ok(false)
        }
        Err(no) => Err(Problem::no_reply(payment.event, no)),
    }
}

fn half(bytes: &[u8]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(bytes)[..16]);
    half
}

fn unsigned() -> Problem {
    Problem::malformed("The Stripe-Signature is missing, not right, or older than five minutes.")
}

fn problem(fault: WebhookFault) -> Problem {
    match fault {
        WebhookFault::Off => Problem::not_found("path"),
        WebhookFault::Signature => unsigned(),
        WebhookFault::Malformed => Problem::malformed("This is not an event of Stripe's."),
        WebhookFault::Unavailable(why) => {
            tracing::warn!(why, "stripe cannot be asked what its webhook is about");
            Problem::new(Code::OwnerUnavailable, "It cannot be found out what this is about. Try again.")
        }
    }
}
