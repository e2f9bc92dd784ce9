//! Step ⑥: the state that every node follows: the layout of the cluster, and the catalogue.

use std::fmt::Display;
use std::io;

use domain::catalogue::Catalogue;
use domain::event::Sale;
use serde::{Deserialize, Serialize};

use super::machines::InMemory;
use super::touched::Recent;
use super::types::{Applied, Entry, SaleBatch};
use crate::journal::format;
use crate::placement::layout::Layout;

/// What is for sale, and which nodes have what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub(crate) catalogue: Catalogue,
    pub(crate) layout: Layout,
    /// What has changed in the catalogue lately.
    #[serde(skip)]
    pub(crate) recent: Recent,
}

impl InMemory for Directory {
    fn fold(&mut self, entry: &Entry, _seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> Applied {
        match entry {
            Entry::Catalogue(facts) => facts.iter().for_each(|fact| {
                self.catalogue.apply(fact);
                self.recent.note(fact);
            }),
            Entry::Layout(facts) => facts.iter().for_each(|fact| self.layout.apply(fact)),
            Entry::Sales(_) | Entry::Accounts(_) => return Applied::Foreign,
        }
        Applied::Whole
    }

    /// A snapshot of a node that knew of no others ends with the catalogue.
    fn decode(what: &dyn Display, bytes: &[u8]) -> io::Result<Self> {
        let (catalogue, rest) = format::decode_first(what, bytes)?;
        let layout = if rest.is_empty() { Layout::default() } else { format::decode_bare(what, rest)? };
        Ok(Self { catalogue, layout, recent: Recent::default() })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_snapshot_from_before_there_was_a_layout_can_be_read() {
        let old = format::encode_bare(&Catalogue::default()).unwrap();
        assert_eq!(Directory::decode(&"it", &old).unwrap(), Directory::default());
        let new = format::encode_bare(&Directory::default()).unwrap();
        assert_eq!(Directory::decode(&"it", &new).unwrap(), Directory::default());
        assert!(Directory::decode(&"it", &new[..new.len() - 1]).is_err());
    }
}
