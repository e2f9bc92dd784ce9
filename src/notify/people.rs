//! Who a buyer is, asked of the accounts at the moment of sending: facts carry ids only.
//!
//! Hazard: somebody who was erased must get nothing. So this node first hears of everything that was committed.

use cluster::Cluster;
use domain::account::Person;
use domain::ids::UserId;
use domain::ports::SendFault;

use crate::people::People;

/// Who `user` is, or `None` where there is no such account any more.
pub(super) async fn find(
    cluster: &Cluster,
    people: &People,
    user: UserId,
) -> Result<Option<Person>, SendFault> {
    let behind = |_| SendFault::Later("the accounts cannot be read".to_owned());
    cluster.follow_accounts().await.map_err(behind)?;
    people.person(user).map_err(behind)
}
