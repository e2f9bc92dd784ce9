//! Step ⑧: reading here what has been committed elsewhere: asks the leader of a group how far it is, and waits until the
//! replica here is as far.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::ids::EventId;
use domain::ports::JournalFault;
use openraft::LogIdOptionExt;

use crate::groups::Cluster;
use crate::here::Here;
use crate::journal::{GroupId, LogDisk};
use crate::peer::{CallError, Calls, Lane, Service, frame};
use crate::raft::group::Group;
use crate::raft::machines::Machine;
use crate::routes::Owner;

/// How far a group is committed: the number of entries, as its leader knows when a majority has confirmed it.
pub(crate) const COMMITTED: Service = Service { name: "committed", lane: Lane::Raft };

/// The version of these messages.
const VERSION: u8 = 1;
/// A leader that has not answered by then has lost its majority, or is no leader any more.
const WITHIN: Duration = Duration::from_secs(1);

impl<D: LogDisk> Cluster<D> {
    /// Returns when everything of the directory is applied here that was committed before the call.
    ///
    /// # Errors
    /// When nobody can say how far that is, or it does not get here in time.
    pub async fn follow_directory(&self) -> Result<(), JournalFault> {
        let next = self.committed(GroupId::DIRECTORY).await?;
        reached(&self.here.directory.group, next).await
    }

    /// The same for the accounts. A gateway has none.
    ///
    /// # Errors
    /// As for the directory.
    pub async fn follow_accounts(&self) -> Result<(), JournalFault> {
        let Some(accounts) = &self.here.accounts else { return Ok(()) };
        reached(&accounts.group, self.committed(GroupId::ACCOUNTS).await?).await
    }

    /// The same for the shard of `event`, where there is a replica of it.
    ///
    /// # Errors
    /// As for the directory.
    pub async fn follow_sale(&self, event: EventId) -> Result<(), JournalFault> {
        let shard = self.routes.group_of(event);
        let Some(replica) = self.here.shard(shard.number()) else { return Ok(()) };
        reached(&replica.group, self.committed(shard).await?).await
    }

    async fn committed(&self, group: GroupId) -> Result<u64, JournalFault> {
        match self.routes.owner(group) {
            Owner::Here => confirmed(&self.here, group).await,
            Owner::There(leader) => {
                let body = frame::encode(VERSION, &group.number());
                let answer = self.channel.call(leader, COMMITTED, body, WITHIN).await;
                let answer = answer.map_err(|_| JournalFault::NotOwner)?;
                frame::decode("how far a group is", VERSION, &answer).map_err(|_| JournalFault::NotOwner)
            }
            Owner::Nobody => Err(JournalFault::NotOwner),
        }
    }
}

/// Answers how far a group is that is led here.
pub(crate) async fn answer<D: LogDisk>(here: Arc<Here<D>>, body: Bytes) -> Result<Bytes, CallError> {
    let declined = |error: &dyn std::fmt::Display| CallError::Declined(error.to_string());
    let number = frame::decode("the number of a group", VERSION, &body).map_err(|error| declined(&error))?;
    let next = confirmed(&here, GroupId::numbered(number)).await.map_err(|fault| declined(&fault))?;
    Ok(frame::encode(VERSION, &next))
}

async fn confirmed<D: LogDisk>(here: &Here<D>, group: GroupId) -> Result<u64, JournalFault> {
    match group {
        GroupId::DIRECTORY => confirm(&here.directory.group).await,
        GroupId::ACCOUNTS => confirm(&here.accounts.as_ref().ok_or(JournalFault::NotOwner)?.group).await,
        shard => confirm(&here.shard(shard.number()).ok_or(JournalFault::NotOwner)?.group).await,
    }
}

/// What is applied when everything committed before is.
async fn confirm<M: Machine, D: LogDisk>(group: &Group<M, D>) -> Result<u64, JournalFault> {
    group.confirm().await?;
    Ok(group.read(|state| state.applied.next_index()))
}

async fn reached<M: Machine, D: LogDisk>(group: &Group<M, D>, next: u64) -> Result<(), JournalFault> {
    let reached = tokio::time::timeout(WITHIN, group.applied(next)).await;
    reached.map_err(|_| JournalFault::NotOwner)
}
