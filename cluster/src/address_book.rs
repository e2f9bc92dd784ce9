//! Where other nodes can be reached: as the layout says, or before that is known here, as this node was told when it
//! joined.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::here::Here;
use crate::journal::LogDisk;
use crate::peer::Addresses;
use crate::raft::types::NodeId;

type Look = Box<dyn Fn(NodeId) -> Option<String> + Send + Sync>;

/// The addresses of peers.
pub(crate) struct AddressBook {
    seeds: BTreeMap<NodeId, String>,
    layout: OnceLock<Look>,
}

impl AddressBook {
    pub(crate) fn new(seeds: Vec<(NodeId, String)>) -> Self {
        Self { seeds: seeds.into_iter().collect(), layout: OnceLock::new() }
    }

    /// From now on the layout that is followed `here` has the first word.
    pub(crate) fn follow<D: LogDisk>(&self, here: &Arc<Here<D>>) {
        // The groups have a way to the peers, which has this book: it must not keep the groups in turn.
        let here = Arc::downgrade(here);
        let look: Look = Box::new(move |node| here.upgrade()?.address_of(node));
        // A second one would say the same.
        let _ = self.layout.set(look);
    }
}

impl Addresses for AddressBook {
    fn address_of(&self, node: NodeId) -> Option<String> {
        let known = self.layout.get().and_then(|look| look(node));
        known.or_else(|| self.seeds.get(&node).cloned())
    }
}
