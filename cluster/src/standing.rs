//! Who a node is when it begins: as its data directory says, or as the cluster that it joins does, or the first of a new
//! one.
//!
//! Owns the way to that answer, and the order in which it is written down.

use std::sync::Arc;

use crate::address_book::AddressBook;
use crate::config::ClusterConfig;
use crate::error::ClusterError;
use crate::identity::DataDir;
use crate::joining::{JoinAnswer, join, patience};
use crate::journal::format::v1::{IdentityRecord, MemberRecord};
use crate::peer::Channel;
use crate::raft::types::{NodeId, node_id, node_number};

/// Who a node is, and whether it knows that from its data directory or has just been told.
pub(crate) struct Standing {
    pub(crate) identity: IdentityRecord,
    pub(crate) member: MemberRecord,
    /// The other nodes, as far as they are known before the directory is.
    pub(crate) seeds: Vec<(NodeId, String)>,
}

/// Who this node is: as its data directory says, or as the cluster that it joins does, or the first of a new one.
pub(crate) async fn standing(config: &ClusterConfig, data: &DataDir) -> Result<Standing, ClusterError> {
    if let Some(identity) = data.identity()? {
        let member = match data.member()? {
            Some(member) => member,
            // From before there were clusters.
            None => config.founding(data)?,
        };
        config.agrees(&identity, &member)?;
        return Ok(Standing { identity, member, seeds: Vec::new() });
    }
    let known = data.member()?.map(|member| member.peers).unwrap_or_default();
    let seeds = if config.join.is_empty() { known } else { config.join.clone() };
    if seeds.is_empty() {
        if config.gateway {
            return Err(ClusterError::Setting(
                "a gateway has nothing of its own; say with --join which cluster it belongs to".to_owned(),
            ));
        }
        let member = config.founding(data)?;
        let identity = IdentityRecord { node: node_id(config.node, 0), shards: config.shards, formed: false };
        data.save(identity)?;
        return Ok(Standing { identity, member, seeds: Vec::new() });
    }
    let book = Arc::new(AddressBook::new(Vec::new()));
    let channel = Channel::new(config.me(), config.dial.clone(), book);
    let request = config.request(None);
    let answer = join(&channel, &seeds, &request, patience()).await?;
    let JoinAnswer::Admitted { cluster, life, shards, members } = answer else {
        return Err(ClusterError::NotAdmitted("the cluster gave no clear answer".to_owned()));
    };
    let identity = IdentityRecord { node: node_id(config.node, life), shards, formed: false };
    let others = members.into_iter().filter(|(node, _)| node_number(*node) != config.node);
    let seeds: Vec<(NodeId, String)> = others.collect();
    let peers = seeds.iter().map(|(_, address)| address.clone()).collect();
    let member = MemberRecord { cluster, gateway: config.gateway, peers };
    // First the way back, then the name: a crash between the two only joins again.
    data.save_member(&member)?;
    data.save(identity)?;
    Ok(Standing { identity, member, seeds })
}
