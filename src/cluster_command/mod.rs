//! `onsale cluster`: looks at a running cluster and changes it, over the admin listener of any of its nodes.
//!
//! Owns what is typed ([`ClusterArgs`]), whom it asks (`session`), what people read (`status`, `plan`, `advice`) and the
//! waiting for an operation (`follow`, `watch`). Decides nothing: the layout of the cluster does. Hazard: the node that is
//! asked may be the next one to die, so whatever waits goes on with another one.

mod advice;
pub(crate) mod arguments;
mod bars;
mod changes;
mod follow;
pub(crate) mod output;
mod plan;
pub(crate) mod session;
mod status;
mod table;
#[cfg(test)]
mod testing;
mod watch;
mod words;

pub(crate) use self::arguments::reachable;
pub use self::arguments::{ClusterArgs, ClusterCommand};
pub(crate) use self::output::say;
use self::session::{Order, Session};
use crate::config::AuthConfig;
use crate::fault::NodeFault;

/// Does what was typed.
///
/// # Errors
/// The cluster cannot be reached, or refuses; the text says what to do next.
pub async fn run(args: &ClusterArgs, auth: &AuthConfig) -> Result<(), NodeFault> {
    let mut session = Session::open(&args.admin, auth).await?;
    match &args.what {
        ClusterCommand::Status => {
            let (raw, cluster) = session.cluster().await?;
            say(if args.json { raw } else { status::text(&cluster) })
        }
        ClusterCommand::Watch => watch::watch(&mut session, args.json).await,
        ClusterCommand::Plan => give(&mut session, args, &Order::rebalance(true)).await,
        ClusterCommand::Rebalance => give(&mut session, args, &Order::rebalance(args.dry_run)).await,
        ClusterCommand::Drain { node } => give(&mut session, args, &Order::drain(*node, args.dry_run)).await,
        ClusterCommand::Remove { node } => {
            give(&mut session, args, &Order::remove(*node, args.dry_run)).await
        }
        ClusterCommand::Move { shard, from, to } => {
            give(&mut session, args, &Order::move_shard(*shard, *from, *to, args.dry_run)).await
        }
        ClusterCommand::Abort { operation } => {
            give(&mut session, args, &Order::abort(*operation, args.dry_run)).await
        }
    }
}

/// Gives an order, tells what it changes, and waits until that is done.
async fn give(session: &mut Session, args: &ClusterArgs, order: &Order) -> Result<(), NodeFault> {
    // So that others are known when the node that is asked dies.
    session.cluster().await?;
    let (raw, ordered) = session.order(order).await?;
    say(if args.json { raw } else { plan::text(&args.what, &ordered) })?;
    let waited_for = ordered.operation_id.filter(|_| !matches!(args.what, ClusterCommand::Abort { .. }));
    let Some(id) = waited_for else { return Ok(()) };
    let ended = follow::until_over(session, id).await?;
    if args.json { Ok(()) } else { say(follow::text(&ended)) }
}
