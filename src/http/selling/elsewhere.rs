//! ⑧ What other nodes know of one customer.
//!
//! They are asked although this node may have a replica of every sale: an owner's word is ahead of its followers', so
//! whoever has bought at one node finds it in their lists at any other. Hazard: a list that lacks a sale would look
//! complete, so there is none unless every sale has been looked at.

use std::time::Duration;

use cluster::peer::Service;
use cluster::wire::{Counted, decode, encode};
use domain::ids::UserId;
use serde::de::DeserializeOwned;

use crate::http::App;
use crate::http::problem::{Code, Problem};

/// How long the others are waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same where they can only be a moment ahead.
const BRIEFLY: Duration = Duration::from_millis(250);

/// Asks all other nodes for what they have of `user`.
///
/// # Errors
/// [`Code::OwnerUnavailable`] where some sale has a replica neither here nor on a node that answers.
pub(super) async fn of<T: DeserializeOwned, const MOST: usize>(
    app: &App,
    service: Service,
    user: UserId,
) -> Result<Vec<T>, Problem> {
    let ways = app.dispatch.ways();
    let mut seen = vec![ways.me()];
    let within = if ways.covers(&seen) { BRIEFLY } else { PATIENCE };
    let mut all = Vec::new();
    for (node, answer) in app.dispatch.ask_all(service, encode(&user).into(), within).await {
        match decode::<Counted<T, 0, MOST>>(&answer) {
            Ok(theirs) => {
                seen.push(node);
                all.extend(theirs.into_vec());
            }
            Err(error) => {
                tracing::warn!(from = node, service = service.name, %error, "an answer could not be read");
            }
        }
    }
    if !ways.covers(&seen) {
        let detail = "Not every sale can be looked at right now. Try again.";
        return Err(Problem::new(Code::OwnerUnavailable, detail));
    }
    Ok(all)
}
