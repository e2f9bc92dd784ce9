//! Who a buyer is, and whether an organizer still is one, asked of the accounts at the moment of sending: facts carry ids
//! only.
//!
//! Hazard: somebody who was erased must get nothing, and who is no organizer any more hears of no sale. So this node first
//! hears of everything that was committed.

use cluster::Cluster;
use domain::account::{Person, Role};
use domain::ids::UserId;
use domain::ports::{JournalFault, SendFault};

use crate::people::People;

/// Who `user` is, or `None` where there is no such account any more.
pub(super) async fn find(
    cluster: &Cluster,
    people: &People,
    user: UserId,
) -> Result<Option<Person>, SendFault> {
    cluster.follow_accounts().await.map_err(unread)?;
    people.person(user).map_err(unread)
}

/// Whether `user` may run events by now.
pub(super) async fn organizes(cluster: &Cluster, people: &People, user: UserId) -> Result<bool, SendFault> {
    cluster.follow_accounts().await.map_err(unread)?;
    let account = people.account(user).map_err(unread)?;
    Ok(account.is_some_and(|account| account.role >= Role::Organizer))
}

fn unread(_: JournalFault) -> SendFault {
    SendFault::Later("the accounts cannot be read".to_owned())
}
