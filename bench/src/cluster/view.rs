//! What the admin listener says, as far as the scenes read it.

use serde::Deserialize;
use std::collections::BTreeSet;

/// `GET /admin/cluster`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct View {
    nodes: Vec<NodeView>,
    pub(super) shards: Vec<ShardView>,
    operations: Vec<serde::de::IgnoredAny>,
}

#[derive(Clone, Debug, Deserialize)]
struct NodeView {
    id: u32,
    alive: bool,
}

/// One shard.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ShardView {
    pub(super) id: u16,
    pub(super) leader: Option<u32>,
    pub(super) voters: Vec<u32>,
    learners: Vec<u32>,
    wanted: Vec<u32>,
    events: u32,
}

/// The answer to an order.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ordered {
    pub(super) operation_id: Option<u64>,
    pub(super) moves: Vec<serde::de::IgnoredAny>,
}

/// `GET /admin/operations/{id}`.
#[derive(Debug, Deserialize)]
pub(super) struct OperationView {
    pub(super) state: String,
}

impl View {
    /// Whether these nodes are alive, and every shard has the voters that it is to have and its preferred leader.
    pub(super) fn is_settled(&self, nodes: &[u32]) -> bool {
        let alive: BTreeSet<u32> = self.nodes.iter().filter(|node| node.alive).map(|node| node.id).collect();
        nodes.iter().all(|node| alive.contains(node))
            && self.operations.is_empty()
            && !self.shards.is_empty()
            && self.shards.iter().all(ShardView::is_as_wanted)
    }

    /// The shard that has more sales now than it had `before`, if there is just one such.
    pub(super) fn grown_since(&self, before: &Self) -> Option<u16> {
        let mut grown = self.shards.iter().zip(&before.shards);
        let is_more = |(now, then): &(&ShardView, &ShardView)| now.events > then.events;
        let (shard, _) = grown.find(is_more)?;
        grown.find(is_more).is_none().then_some(shard.id)
    }

    pub(super) fn shard(&self, id: u16) -> Option<&ShardView> {
        self.shards.iter().find(|shard| shard.id == id)
    }

    /// Who has a vote where.
    pub(super) fn replicas(&self) -> BTreeSet<(u16, u32)> {
        let of = |shard: &ShardView| {
            let id = shard.id;
            shard.voters.iter().map(move |node| (id, *node)).collect::<Vec<_>>()
        };
        self.shards.iter().flat_map(of).collect()
    }
}

impl ShardView {
    fn is_as_wanted(&self) -> bool {
        let set = |nodes: &[u32]| nodes.iter().copied().collect::<BTreeSet<_>>();
        self.leader.is_some()
            && self.leader == self.wanted.first().copied()
            && set(&self.voters) == set(&self.wanted)
            && self.learners.iter().all(|learner| !self.wanted.contains(learner))
    }
}

#[cfg(test)]
mod test {
    use super::View;
    use serde_json::json;

    fn view(leader: Option<u32>, voters: &[u32], events: [u32; 2]) -> View {
        let shard = |id: usize| {
            json!({ "id": id, "leader": leader, "voters": voters, "learners": [], "wanted": [2, 1, 3],
                "events": events[id] })
        };
        let nodes =
            json!([{ "id": 1, "alive": true }, { "id": 2, "alive": true }, { "id": 3, "alive": true }]);
        let view = json!({ "nodes": nodes, "shards": [shard(0), shard(1)], "operations": [] });
        serde_json::from_value(view).unwrap()
    }

    #[test]
    fn it_is_settled_when_all_vote_who_are_to_and_the_preferred_leader_leads() {
        let settled = view(Some(2), &[1, 2, 3], [0, 0]);
        assert!(settled.is_settled(&[1, 2, 3]) && !settled.is_settled(&[1, 4]));
        assert!(!view(Some(1), &[1, 2, 3], [0, 0]).is_settled(&[1]));
        assert!(!view(None, &[1, 2, 3], [0, 0]).is_settled(&[1]));
        assert!(!view(Some(2), &[1, 2], [0, 0]).is_settled(&[1]));
    }

    #[test]
    fn a_new_sale_shows_its_shard() {
        let before = view(Some(2), &[1, 2, 3], [4, 0]);
        assert_eq!(view(Some(2), &[1, 2, 3], [4, 1]).grown_since(&before), Some(1));
        assert_eq!(before.grown_since(&before), None);
        assert_eq!(view(Some(2), &[1, 2, 3], [5, 1]).grown_since(&before), None);
    }
}
