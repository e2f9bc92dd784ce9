//! ⑧ All live holds of one customer, wherever the sales are: those that this node has replicas of, and what other nodes tell.
//!
//! As for bookings, and less strictly: a hold that has just been released may show for a moment where another node's
//! replica is behind, but never where this node has one.

use std::collections::BTreeMap;

use axum::body::Bytes;
use cluster::Cluster;
use cluster::peer::{CallError, Lane, Service};
use cluster::wire::{Counted, decode, encode};
use domain::event::HoldView;
use domain::ids::{EventId, UserId};
use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::elsewhere;
use super::hold_views::HoldBody;
use crate::dispatch::ways::State;
use crate::http::App;
use crate::http::problem::Problem;

/// What it is asked as.
const HOLDS: Service = Service { name: "holds", lane: Lane::Commands };
/// More holds of one customer are not told of.
const MAX_HOLDS: usize = 20_000;

/// A hold, from one replica of its sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnHold {
    event: EventId,
    /// How many facts of the sale the replica has applied.
    facts: u64,
    view: HoldView,
}

impl OwnHold {
    /// As its holder sees it.
    pub(super) fn shown(&self, app: &App) -> Result<Value, Problem> {
        let scene = app.scene(self.event)?;
        serde_json::to_value(HoldBody::new(&scene, &self.view)).map_err(Problem::internal)
    }
}

type Answer = Counted<OwnHold, 0, MAX_HOLDS>;

/// The holds of `user` on this node that live on at `as_of`.
fn here(cluster: &Cluster, user: UserId, as_of: UnixMillis) -> Vec<OwnHold> {
    let mut own = Vec::new();
    cluster.for_each_sale(|event, sale| {
        let facts = sale.facts();
        let holds = sale.live_holds_of(user).filter(|(_, hold)| hold.expires_at > as_of);
        own.extend(holds.map(|(number, hold)| {
            let view = HoldView {
                hold: number,
                buyer: hold.buyer,
                tickets: hold.tickets.clone(),
                created_at: hold.created_at,
                expires_at: hold.expires_at,
                as_of,
                charges: hold.charges.clone(),
            };
            OwnHold { event, facts, view }
        }));
    });
    own
}

/// All live holds of `user`, newest first.
pub(super) async fn of(app: &App, user: UserId) -> Result<Vec<OwnHold>, Problem> {
    app.dispatch.caught_up_with_all().await;
    let mut own = here(&app.cluster, user, app.now());
    let theirs = elsewhere::of::<OwnHold, MAX_HOLDS>(app, HOLDS, user).await?;
    let ways = app.dispatch.ways();
    let knows_more = |own: &OwnHold| ways.applied(State::Sale(own.event)).is_none_or(|here| here < own.facts);
    own.extend(theirs.into_iter().filter(knows_more));
    Ok(merged(own))
}

/// Each hold once, from the replica that has applied most.
fn merged(all: Vec<OwnHold>) -> Vec<OwnHold> {
    let mut merged = BTreeMap::<_, OwnHold>::new();
    for own in all {
        let key = (std::cmp::Reverse(own.view.created_at), own.event, own.view.hold);
        if merged.get(&key).is_none_or(|known| known.facts < own.facts) {
            merged.insert(key, own);
        }
    }
    merged.into_values().collect()
}

/// Answers another node.
///
/// # Errors
/// [`CallError::Declined`] where the question cannot be read or its answer is too long.
pub(crate) fn answer(app: &App, message: &Bytes) -> Result<Bytes, CallError> {
    let user = decode::<UserId>(message);
    let user = user.map_err(|error| CallError::Declined(format!("no customer: {error}")))?;
    let own = Answer::new(here(&app.cluster, user, app.now()));
    Ok(encode(&own.ok_or_else(|| CallError::Declined("too many holds".to_owned()))?).into())
}

#[cfg(test)]
mod test {
    use domain::ids::HoldNumber;

    use super::*;

    fn own(event: u64, facts: u64, number: u32) -> OwnHold {
        let view = HoldView {
            hold: HoldNumber::new(number),
            buyer: UserId::new(1),
            tickets: Vec::new().into(),
            created_at: UnixMillis::new(u64::from(number)),
            expires_at: UnixMillis::new(9),
            as_of: UnixMillis::new(5),
            charges: None,
        };
        OwnHold { event: EventId::new(event), facts, view }
    }

    #[test]
    fn each_hold_is_told_of_once_and_the_newest_first() {
        let all = vec![own(1, 5, 0), own(1, 7, 0), own(1, 6, 0), own(1, 5, 1), own(2, 1, 0)];
        assert_eq!(merged(all), [own(1, 5, 1), own(1, 7, 0), own(2, 1, 0)]);
    }
}
