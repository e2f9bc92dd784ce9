//! Step ②: from the nodes that may have replicas to targets, facts and operations. What all decisions share.

use std::collections::BTreeMap;

use super::{Begun, Order, Refused};
use crate::placement::balance::Balance;
use crate::placement::layout::operation::{Operation, OperationKind, OperationState};
use crate::placement::layout::plan::Plan;
use crate::placement::layout::{Layout, LayoutFact, Targets};

/// The directory has at most this many voters; more would only make every change slower.
const DIRECTORY_VOTERS: usize = 5;

/// How much may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moving {
    /// Only what has to.
    Needed,
    /// As much as it takes for loads and leaderships to be even.
    Evened,
}

/// How many of `nodes` vote where `most` are wished for: one while there are fewer than three, then an odd number.
fn voters(nodes: usize, most: usize) -> usize {
    let many = nodes.min(most);
    if many < 3 { nodes.min(1) } else { many - (many + 1) % 2 }
}

/// The targets that change when the nodes of `eligible` are those that may have replicas. Refused where a shard would
/// have fewer voters than it has.
pub(super) fn targets(
    layout: &Layout,
    eligible: &BTreeMap<u32, u32>,
    moving: Moving,
) -> Result<Targets, Refused> {
    let replicas = voters(eligible.len(), usize::from(layout.replication));
    let most = layout.targets.values().map(Vec::len).max().unwrap_or(0);
    if replicas < most.max(1) {
        return Err(Refused::new("no-room", no_room(eligible.len(), most)));
    }
    let mut balance = Balance::new(layout.targets.clone(), eligible.clone(), replicas);
    balance.fill();
    // A lone voter stays where it is until there are three nodes.
    let evened = moving == Moving::Evened && eligible.len() >= 3;
    if evened {
        balance.even();
    }
    balance.mend_leaders(&layout.targets);
    if evened {
        balance.even_leaders();
    }
    let mut wanted = balance.into_targets();
    wanted.retain(|shard, target| layout.targets.get(shard) != Some(target));
    Ok(wanted)
}

fn no_room(nodes: usize, most: usize) -> String {
    let left = match nodes {
        0 => "no storage node would be left".to_owned(),
        1 => "only one storage node would be left".to_owned(),
        _ => format!("only {nodes} storage nodes would be left"),
    };
    let need = most.max(1);
    format!(
        "{left}, and every shard has {need} voting replicas; join another storage node first, then try again"
    )
}

/// The fact that other nodes vote on the directory, if it is so: who votes already goes on voting.
pub(super) fn directory(layout: &Layout, eligible: &BTreeMap<u32, u32>) -> Option<LayoutFact> {
    let mut wanted: Vec<u32> =
        layout.directory.iter().copied().filter(|number| eligible.contains_key(number)).collect();
    let others: Vec<u32> = eligible.keys().copied().filter(|number| !wanted.contains(number)).collect();
    wanted.extend(others);
    wanted.truncate(voters(eligible.len(), DIRECTORY_VOTERS));
    (wanted != layout.directory).then_some(LayoutFact::DirectoryPlaced { voters: wanted })
}

/// An operation of this kind that sets the targets `wanted`, with its record in the audit log.
pub(super) fn start(
    layout: &Layout,
    kind: OperationKind,
    wanted: Targets,
    order: Order<'_>,
    detail: &str,
) -> (Vec<LayoutFact>, Begun) {
    let id = layout.last_operation + 1;
    let before: Targets =
        wanted.keys().filter_map(|shard| Some((*shard, layout.targets.get(shard)?.clone()))).collect();
    let plan = Plan::between(&before, &wanted);
    let (by, started_at, state) = (order.by.to_owned(), order.now, OperationState::Running);
    let detail = format!("{detail}: operation {id}, {} replicas move", plan.moves.len());
    let operation = Operation { id, kind, by, started_at, before, wanted, state };
    let facts = vec![LayoutFact::Started { operation }, order.audit(kind.name(), detail)];
    (facts, Begun { operation: Some(id), plan })
}
