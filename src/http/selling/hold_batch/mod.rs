//! ① to ⑦ of many holds in one request, for partners: each with its own key and its own outcome, decided in order and
//! independent of the others. docs/batch.md is the contract.
//!
//! Owns the call and what its two forms have in common; `json` and `binary` read and write them. The rules of a hold are
//! those of the single call. Hazard: a key stands for the hold as the single call would have been sent, or a retry there
//! would hold twice.

mod binary;
mod json;

use actors::Fault;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::event::{Caller, Command, HoldView, Key, Reply};
use domain::ids::EventId;

use super::unexpected;
use crate::dispatch::NoReply;
use crate::http::App;
use crate::http::auth::Customer;
use crate::http::extract::{
    ApiPath, IdempotencyKey, Target, accepted, is_json, media_type, read_body, somewhere,
};
use crate::http::openapi::{Part, Routes, post};
use crate::http::problem::{Code, Problem};
use crate::http::wire::Id;

const JSON: &str = "application/json";
const BINARY: &str = "application/vnd.onsale.holds";

/// The routes of this module; a batch may have `limit_bytes`. It answers in the form it was asked in.
pub(in crate::http) fn routes(limit_bytes: usize) -> Routes {
    let create = post(create, "Many holds in one request, each for itself")
        .takes::<json::Batch>()
        .takes_bytes(BINARY)
        .gives::<json::Answer<'_>>(StatusCode::OK)
        .gives_bytes(StatusCode::OK, BINARY)
        .refuses(&[Code::NotAcceptable])
        .body_limit(limit_bytes);
    Routes::of(Part::Selling).route("/events/{id}/holds/batch", create)
}

async fn create(
    State(app): State<App>,
    ApiPath(Id(event)): ApiPath<Id<EventId>>,
    caller: Customer,
    key: IdempotencyKey,
    request: Request,
) -> Result<Response, Problem> {
    if key.is_given() {
        return Err(Problem::malformed(
            "A batch has no Idempotency-Key of its own: give each hold its idempotencyKey instead of the header.",
        ));
    }
    let form = form(request.headers())?;
    accepted(request.headers(), &[form])?;
    let raw = read_body(request).await?;
    let single = Target::new("POST", &format!("/events/{event}/holds"));
    let body = if form == JSON {
        let holds = somewhere(&raw, move |raw| json::read(raw, &single)).await?;
        let scene = app.scene(event)?;
        let asked = json::commands(&scene, caller.user, holds);
        let no = |no| Problem::no_reply(event, no);
        json::write(&scene, &decided(&app, event, caller.into(), asked, no).await?)?
    } else {
        let holds = binary::read(&raw)?;
        let asked = binary::commands(&app.scene(event)?, caller.user, &single, holds);
        binary::write(decided(&app, event, caller.into(), asked, |no| no).await?)?
    };
    Ok(([(CONTENT_TYPE, form)], body).into_response())
}

/// The form of the body that comes, and so of the one that goes back.
fn form(headers: &HeaderMap) -> Result<&'static str, Problem> {
    match media_type(headers) {
        given if given == BINARY => Ok(BINARY),
        given if is_json(&given) => Ok(JSON),
        _ => Err(Problem::new(
            Code::UnsupportedMediaType,
            format!("Send JSON with the header Content-Type: {JSON}, or the binary form with {BINARY}."),
        )),
    }
}

/// ③ Has every command decided that could be made of its item; the others keep their no. The outcomes are in the order of
/// the items.
async fn decided<N>(
    app: &App,
    event: EventId,
    caller: Caller,
    items: Vec<Result<(Command, Option<Key>), N>>,
    no: impl Fn(NoReply) -> N,
) -> Result<Vec<Result<HoldView, N>>, Problem> {
    let mut commands = Vec::with_capacity(items.len());
    let keep = |item| match item {
        Ok(command) => {
            commands.push(command);
            None
        }
        Err(no) => Some(no),
    };
    let noes: Vec<Option<N>> = items.into_iter().map(keep).collect();
    let replies = app.dispatch.commands(event, commands, caller).await;
    if let Some(fault) = common_fault(&replies).filter(|_| replies.len() == noes.len()) {
        return Err(fault.into());
    }
    let mut replies = replies.into_iter();
    let outcome = |known: Option<N>| match known {
        Some(no) => Ok(Err(no)),
        None => match replies.next().expect("as many replies as commands") {
            Ok(Reply::Hold(view)) => Ok(Ok(view)),
            Ok(other) => Err(unexpected(&other)),
            Err(none) => Ok(Err(no(none))),
        },
    };
    noes.into_iter().map(outcome).collect()
}

/// What all of them failed by alike: the request has then failed by it as a whole.
fn common_fault(replies: &[Result<Reply, NoReply>]) -> Option<Fault> {
    let fault = |reply: &Result<Reply, NoReply>| match reply {
        Err(NoReply::Fault(fault)) => Some(*fault),
        _ => None,
    };
    let first = replies.first().and_then(fault);
    first.filter(|_| replies.iter().all(|reply| fault(reply) == first))
}

/// Reads a batch in both forms, for fuzzers.
#[cfg(any(test, fuzzing))]
pub(super) fn read_any(bytes: &[u8]) {
    let single = Target::new("POST", "/events/evt_0000000000001/holds");
    let _json = json::read(bytes, &single).is_ok();
    for frame in crate::fuzzed::both(bytes) {
        let _binary = binary::read(&frame).is_ok();
    }
}

#[cfg(test)]
mod test {
    use domain::event::Refusal;

    use super::*;

    #[test]
    fn only_a_fault_that_all_share_is_the_fault_of_the_request() {
        let (busy, gone) = (Fault::Overloaded, Fault::OwnerUnavailable);
        let no = |faults: &[Fault]| -> Vec<_> { faults.iter().map(|no| Err(NoReply::Fault(*no))).collect() };
        assert_eq!(common_fault(&no(&[busy, busy])), Some(busy));
        assert_eq!(common_fault(&no(&[gone])), Some(gone));
        assert_eq!(common_fault(&no(&[busy, gone])), None);
        assert_eq!(common_fault(&no(&[])), None);
        let mut mixed = no(&[busy, busy]);
        mixed.push(Err(NoReply::Refused(Refusal::SoldOut)));
        assert_eq!(common_fault(&mixed), None);
        mixed.rotate_right(1);
        assert_eq!(common_fault(&mixed), None);
    }
}
