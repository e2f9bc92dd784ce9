//! What there has to be among the accounts before a node is ready: the name of what they are sealed with, and the operator
//! of the configuration.

use cluster::Owner;
use domain::account::{Person, Role, bootstrap_operator, name_seal};
use domain::ids::UserId;

use crate::config::ConfigError;
use crate::fault::NodeFault;
use crate::http::App;
use crate::secrets::Secrets;

/// Makes sure that personal data can be read here. The first node to have any names what it is sealed with.
pub(super) async fn agree_on_seal(app: &App) -> Result<(), NodeFault> {
    let seal = app.people.sealer().name();
    let named = app.cluster.with_accounts(|accounts| accounts.seal()).map_err(NodeFault::failed)?;
    let other = || {
        NodeFault::Config(ConfigError::new(
            "the accounts of this cluster are sealed with another secret than this node has; give it the one that they \
             were made with as auth.personal_data_secret, or the cluster.secret that it followed from"
                .to_owned(),
        ))
    };
    match named {
        Some(named) if named != seal => Err(other()),
        None if app.cluster.accounts_owner() == Owner::Here => {
            let agreed = app.cluster.update_accounts(move |accounts| name_seal(accounts, seal)).await;
            agreed.map_err(NodeFault::failed)?.map_err(|_| other())
        }
        _ => Ok(()),
    }
}

/// Makes the bootstrap operator, or gives them the configured password where theirs is another one. That is up to the node
/// that leads the accounts.
pub(super) async fn admit_operator(app: &App, secrets: &Secrets) -> Result<(), NodeFault> {
    if app.cluster.accounts_owner() != Owner::Here {
        return Ok(());
    }
    let username = app.config.auth.operator_username.clone();
    let password = secrets.operator_password.reveal().to_owned();
    let login = app.people.bootstrap();
    let known = app.cluster.with_accounts(|accounts| accounts.by_login(login)).map_err(NodeFault::failed)?;
    let known = known.filter(|known| known.role == Role::Operator).map(|operator| operator.password.clone());
    let busy = |_| NodeFault::failed("the operator's password could not be hashed");
    if known.is_some() && app.passwords.verify(password.clone(), known).await.map_err(busy)? {
        return Ok(());
    }
    let hash = app.passwords.hash(password).await.map_err(busy)?;
    let (id, now) = (UserId::new(app.new_number()), app.now());
    let person = Person { name: username.clone(), email: None, username: username.clone(), phone: None };
    let new = app.people.new_account(id, &person, Role::Operator, hash, now);
    let admitted = app
        .cluster
        .update_accounts(move |accounts| bootstrap_operator(accounts, new, now))
        .await
        .map_err(NodeFault::failed)?;
    admitted.map(drop).map_err(|_| {
        NodeFault::Config(ConfigError::new(format!(
            "auth.operator_username = {username:?} is the name of an account that is no operator; choose another"
        )))
    })
}
