//! An endpoint that has answered 410 is told nothing more, on any node: that is written into the directory by whoever
//! leads it, here or over one call.

use std::time::Duration;

use cluster::peer::{Bytes, CallError, Lane, Service};
use cluster::wire::{decode, encode};
use cluster::{Cluster, Owner};
use domain::catalogue::{Endpoint, end_endpoint};
use domain::ids::{EndpointId, UserId};
use domain::ports::SendFault;
use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};

/// What the directory's leader is asked as.
pub const ENDPOINTS_SERVICE: &str = "endpoints";
const ENDPOINTS: Service = Service { name: ENDPOINTS_SERVICE, lane: Lane::Commands };
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
struct Gone {
    organizer: UserId,
    id: EndpointId,
    at: UnixMillis,
}

/// Has `endpoint` ended; done when that is committed.
///
/// # Errors
/// [`SendFault::Later`]: nobody could write it down. Whoever asks the endpoint again is told so again.
pub(in crate::notify) async fn end(
    cluster: &Cluster,
    endpoint: &Endpoint,
    at: UnixMillis,
) -> Result<(), SendFault> {
    let gone = Gone { organizer: endpoint.organizer, id: endpoint.id, at };
    let ended = match cluster.directory_owner() {
        Owner::Here => write_down(cluster, gone).await,
        Owner::There(leader) => {
            let answer = cluster.calls().call(leader, ENDPOINTS, encode(&gone).into(), PATIENCE).await;
            answer.map(drop)
        }
        Owner::Nobody => Err(CallError::Declined("the directory has no leader".to_owned())),
    };
    ended.map_err(|_| SendFault::Later("the end of the endpoint cannot be written down".to_owned()))
}

/// Answers another node.
///
/// # Errors
/// [`CallError::Declined`] where the question cannot be read, or this node does not lead the directory.
pub async fn answer_ending(cluster: &Cluster, message: &Bytes) -> Result<Bytes, CallError> {
    let gone = decode::<Gone>(message);
    let gone = gone.map_err(|error| CallError::Declined(format!("no endpoint: {error}")))?;
    write_down(cluster, gone).await.map(|()| Bytes::new())
}

async fn write_down(cluster: &Cluster, gone: Gone) -> Result<(), CallError> {
    let Gone { organizer, id, at } = gone;
    let ended = cluster.update_catalogue(|catalogue| end_endpoint(catalogue, organizer, id, at)).await;
    // One that is not there any more has ended as well.
    ended.map(drop).map_err(|fault| CallError::Declined(fault.to_string()))
}
