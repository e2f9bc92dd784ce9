//! Who a buyer is, asked of the accounts at the moment of sending: facts carry ids only.
//!
//! Hazard: somebody who was erased must get nothing. So this node first hears of everything that was committed.

use cluster::Cluster;
use domain::ids::UserId;
use domain::ports::SendFault;

/// Somebody, and how they are reached.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
}

/// Who `user` is, or `None` where there is no such account any more.
pub(super) async fn find(cluster: &Cluster, user: UserId) -> Result<Option<Person>, SendFault> {
    let behind = |_| SendFault::Later("the accounts cannot be read".to_owned());
    cluster.follow_accounts().await.map_err(behind)?;
    Ok(cluster.with_accounts(|accounts| {
        accounts.user(user).map(|user| Person {
            name: user.name.clone(),
            email: user.email.clone(),
            phone: user.phone.clone(),
        })
    }))
}
