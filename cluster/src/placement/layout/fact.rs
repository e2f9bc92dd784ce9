//! Step ⑥: what has happened to the layout, and folding it in. Total: a fact that does not fit changes nothing.
//!
//! Hazard: facts are in logs and archives. Variants and fields are only ever added at the end.

use std::sync::Arc;

use domain::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::operation::{Operation, OperationState};
use super::{AUDIT_KEPT, AuditRecord, Layout, Member, MemberState, OPERATIONS_KEPT, Targets};

/// What has happened to the layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LayoutFact {
    /// A cluster of one node came to be.
    Formed {
        /// How many shards it has, for ever.
        shards: u16,
        /// How many replicas a shard gets where there are nodes enough.
        replication: u16,
        /// The first node.
        number: u32,
        /// What is known of it.
        member: Member,
    },
    /// A node joined, came back, or listens elsewhere now.
    Joined {
        /// The node.
        number: u32,
        /// What is known of it from now on.
        member: Member,
    },
    /// A node drains, is gone, was removed, or takes part again.
    StateChanged {
        /// The node.
        number: u32,
        /// What it is now.
        state: MemberState,
    },
    /// Shards are to be elsewhere, with no operation to wait for.
    Placed {
        /// The targets that change.
        targets: Targets,
    },
    /// Others are to vote on directory and accounts.
    DirectoryPlaced {
        /// Their numbers, the preferred leader first.
        voters: Vec<u32>,
    },
    /// An operation began: its wanted targets are the targets now.
    Started {
        /// The operation.
        operation: Operation,
    },
    /// An operation is done.
    Finished {
        /// Which.
        id: u64,
        /// When.
        at: UnixMillis,
    },
    /// An operation was aborted.
    Aborted {
        /// Which.
        id: u64,
        /// When.
        at: UnixMillis,
        /// The targets that were set back.
        restored: Targets,
    },
    /// Something for the audit log.
    Audited {
        /// When it was ordered.
        at: UnixMillis,
        /// By whom.
        who: String,
        /// The act in a word.
        what: String,
        /// On what, and what came of it.
        detail: String,
    },
}

impl Layout {
    /// Folds `fact` in.
    pub fn apply(&mut self, fact: &LayoutFact) {
        match fact {
            LayoutFact::Formed { shards, replication, number, member } => {
                self.form(*shards, *replication, *number, member);
            }
            LayoutFact::Joined { number, member } => {
                self.members.insert(*number, member.clone());
                self.epoch += 1;
            }
            LayoutFact::StateChanged { number, state } => {
                if let Some(member) = self.members.get_mut(number) {
                    member.state = *state;
                    self.epoch += 1;
                }
            }
            LayoutFact::Placed { targets } => self.place(targets, None),
            LayoutFact::DirectoryPlaced { voters } => {
                self.directory.clone_from(voters);
                self.epoch += 1;
            }
            LayoutFact::Started { operation } => self.start(operation),
            LayoutFact::Finished { id, at } => self.end(*id, OperationState::Done { at: *at }),
            LayoutFact::Aborted { id, at, restored } => {
                if self.operations.get(id).is_some_and(Operation::is_running) {
                    self.place(restored, Some(*id));
                    self.end(*id, OperationState::Aborted { at: *at });
                }
            }
            LayoutFact::Audited { at, who, what, detail } => self.record(*at, who, what, detail),
        }
    }

    fn form(&mut self, shards: u16, replication: u16, number: u32, member: &Member) {
        if self.is_formed() {
            return;
        }
        self.shards = shards;
        self.replication = replication;
        self.members.insert(number, member.clone());
        self.targets = (0..shards).map(|shard| (shard, vec![number])).collect();
        self.directory = vec![number];
        self.epoch += 1;
    }

    /// Sets targets. Operations under way on the same shards, but for the `own` one, wait for the new targets and have
    /// nothing to set back there any more.
    fn place(&mut self, targets: &Targets, own: Option<u64>) {
        for (shard, target) in targets {
            let Some(present) = self.targets.get_mut(shard) else { continue };
            present.clone_from(target);
            for operation in self.operations.values_mut() {
                if operation.is_running()
                    && Some(operation.id) != own
                    && let Some(wanted) = operation.wanted.get_mut(shard)
                {
                    wanted.clone_from(target);
                    operation.before.remove(shard);
                }
            }
        }
        self.epoch += 1;
    }

    fn start(&mut self, operation: &Operation) {
        if operation.id <= self.last_operation {
            return;
        }
        self.last_operation = operation.id;
        self.place(&operation.wanted, None);
        self.operations.insert(operation.id, operation.clone());
        if self.operations.len() > OPERATIONS_KEPT {
            let over = self.operations.values().find(|operation| !operation.is_running()).map(|over| over.id);
            match over {
                Some(id) => drop(self.operations.remove(&id)),
                None => drop(self.operations.pop_first()),
            }
        }
    }

    fn end(&mut self, id: u64, state: OperationState) {
        if let Some(operation) = self.operations.get_mut(&id).filter(|operation| operation.is_running()) {
            operation.state = state;
        }
    }

    fn record(&mut self, at: UnixMillis, who: &str, what: &str, detail: &str) {
        self.last_audit += 1;
        let (who, what, detail) = (who.to_owned(), what.to_owned(), detail.to_owned());
        let record = AuditRecord { number: self.last_audit, at, who, what, detail };
        self.audit.insert(record.number, Arc::new(record));
        if self.audit.len() > AUDIT_KEPT {
            self.audit.pop_first();
        }
    }
}

#[cfg(test)]
#[path = "fact_test.rs"]
mod test;
