//! Step ②: what the nodes tell each other of themselves, four times a second: which groups they lead, in which term, what
//! the time is in the shards of which they have a replica, and what their wall clocks say.
//!
//! Owns the table of what was heard: who is alive, who leads what, and how each group is made up as its leader sees it.
//! Hazard: all of it is hearsay and a little old. It proposes routes and replaces nobody's judgement: only the leader of
//! a shard's group, within its lease, owns its events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::journal::GroupId;
use crate::raft::types::NodeId;
use crate::timekeeping::Told;

/// How often a node is heard of.
pub(crate) const EVERY: Duration = Duration::from_millis(250);
/// A node that was not heard of for so long is taken for dead: by then its groups have chosen other leaders.
pub(crate) const ALIVE: Duration = Duration::from_millis(2_000);

/// What a node says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beat {
    /// The groups it leads.
    pub(crate) leads: Vec<Lead>,
    /// The numbers of the groups that run there, led or not.
    pub(crate) runs: Vec<u16>,
    /// The time of the shards that run there.
    pub(crate) times: Vec<Told>,
    /// Its wall clock.
    pub(crate) wall: UnixMillis,
    /// It is about to stop: nothing is to be moved there.
    pub(crate) leaving: bool,
    /// Its disk is full: nothing is to be led or moved there.
    pub(crate) full: bool,
}

impl Beat {
    /// Whether the node could lead more than it does.
    fn is_able(&self) -> bool {
        !self.leaving && !self.full
    }
}

/// A group, as its leader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lead {
    /// The number of the group.
    pub(crate) group: u16,
    /// The term in which it is led.
    pub(crate) term: u64,
    /// Who votes, in ascending order.
    pub(crate) voters: Vec<NodeId>,
    /// Who follows without a vote.
    pub(crate) learners: Vec<NodeId>,
    /// Index of the last entry that is committed.
    pub(crate) committed: u64,
    /// How many sales it has.
    pub(crate) events: u32,
}

/// What was heard of a node.
#[derive(Debug, Clone)]
struct Heard {
    /// When it was heard last.
    at: Instant,
    /// Since when it has been heard without a break.
    since: Instant,
    beat: Beat,
}

/// What was heard of all other nodes.
#[derive(Debug, Default)]
pub(crate) struct Table(BTreeMap<NodeId, Heard>);

impl Table {
    /// Takes the newest beat of `node`; says whether it leads other groups than before, or in other terms.
    pub(crate) fn hear(&mut self, node: NodeId, beat: Beat, now: Instant) -> bool {
        let leads = |beat: &Beat| beat.leads.iter().map(|lead| (lead.group, lead.term)).collect::<Vec<_>>();
        let before = self.0.get(&node).filter(|heard| now.duration_since(heard.at) < ALIVE);
        let changed = before.is_none_or(|heard| leads(&heard.beat) != leads(&beat));
        let since = before.map_or(now, |heard| heard.since);
        self.0.insert(node, Heard { at: now, since, beat });
        changed
    }

    /// Forgets who is no member any more.
    pub(crate) fn keep(&mut self, members: &BTreeSet<NodeId>) {
        self.0.retain(|node, _| members.contains(node));
    }

    fn living(&self, now: Instant) -> impl Iterator<Item = (NodeId, &Heard)> {
        let living = self.0.iter().filter(move |(_, heard)| now.duration_since(heard.at) < ALIVE);
        living.map(|(node, heard)| (*node, heard))
    }

    /// Who was heard of lately.
    pub(crate) fn alive(&self, now: Instant) -> BTreeSet<NodeId> {
        self.living(now).map(|(node, _)| node).collect()
    }

    /// Who has been heard of for at least `span` without a break, stays, and has space on its disk.
    pub(crate) fn settled(&self, span: Duration, now: Instant) -> BTreeSet<NodeId> {
        let settled = self
            .living(now)
            .filter(|(_, heard)| heard.beat.is_able() && heard.at.duration_since(heard.since) >= span);
        settled.map(|(node, _)| node).collect()
    }

    /// Who says that it leads `group`, in the latest term, and how it sees the group.
    pub(crate) fn leader(&self, group: GroupId, now: Instant) -> Option<(NodeId, &Lead)> {
        let leads =
            self.living(now).flat_map(|(node, heard)| heard.beat.leads.iter().map(move |lead| (node, lead)));
        leads.filter(|(_, lead)| lead.group == group.number()).max_by_key(|(_, lead)| lead.term)
    }

    /// The living nodes where `group` runs.
    pub(crate) fn runs(&self, group: GroupId, now: Instant) -> Vec<NodeId> {
        let runs = self.living(now).filter(|(_, heard)| heard.beat.runs.contains(&group.number()));
        runs.map(|(node, _)| node).collect()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    const GROUP: GroupId = GroupId::shard(3);

    fn leading(term: u64) -> Beat {
        let lead = Lead {
            group: GROUP.number(),
            term,
            voters: vec![1],
            learners: Vec::new(),
            committed: 0,
            events: 0,
        };
        Beat { leads: vec![lead], runs: vec![GROUP.number()], ..Beat::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn the_latest_term_leads_and_the_silent_do_not() {
        let (mut table, start) = (Table::default(), crate::routes::now());
        assert!(table.hear(1, leading(4), start));
        assert!(!table.hear(1, leading(4), start), "nothing new");
        assert!(table.hear(2, leading(5), start));
        assert_eq!(table.leader(GROUP, start).unwrap().0, 2);
        let later = start + ALIVE;
        assert!(table.hear(1, leading(4), later), "it is back");
        assert_eq!(table.leader(GROUP, later).unwrap().0, 1);
        assert_eq!(table.alive(later), BTreeSet::from([1]));
        assert_eq!(table.runs(GROUP, later), [1]);
        table.keep(&BTreeSet::from([2]));
        assert_eq!(table.leader(GROUP, later), None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_back_has_to_settle_again() {
        let (mut table, start) = (Table::default(), crate::routes::now());
        for beat in 0..=8 {
            table.hear(1, Beat::default(), start + EVERY * beat);
        }
        let now = start + EVERY * 8;
        assert_eq!(table.settled(EVERY * 8, now), BTreeSet::from([1]));
        table.hear(1, Beat { leaving: true, ..Beat::default() }, now);
        assert!(table.settled(EVERY, now).is_empty(), "it is leaving");
        let back = now + ALIVE;
        table.hear(1, Beat::default(), back);
        assert!(table.settled(EVERY, back).is_empty());
    }
}
