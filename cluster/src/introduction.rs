//! How a node that has started makes itself known: the first of a cluster writes the layout, every other one tells the
//! leader of the directory where it is now.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::JournalFault;

use crate::config::ClusterConfig;
use crate::error::ClusterError;
use crate::groups::Cluster;
use crate::joining::{Admitting, JoinAnswer, join};
use crate::journal::{LogDisk, OnFatal};
use crate::peer::Channel;
use crate::placement::layout::decide::{self, Forming, Joining};
use crate::raft::types::node_number;

/// The others are asked for so long before this node looks again whether it is the one to ask.
const ASK_FOR: Duration = Duration::from_secs(2);
/// How long to wait before that.
const AGAIN_AFTER: Duration = Duration::from_millis(250);

impl<D: LogDisk> Cluster<D> {
    /// Makes this node known. Returns at once where others have to be asked, who may not be there yet.
    pub(crate) async fn introduce(
        &self,
        config: &ClusterConfig,
        peers: &[String],
    ) -> Result<(), ClusterError> {
        let life = (self.me() >> 32) as u32;
        let request = config.request(Some(life));
        if self.here.directory.group.leased_term().is_some() {
            return self.introduce_here(config, &request).await;
        }
        let mut seeds = peers.to_vec();
        seeds.extend(config.join.iter().filter(|address| !peers.contains(address)).cloned());
        let (channel, admitting, on_fatal) =
            (self.channel.clone(), self.admitting.clone(), config.on_fatal.clone());
        let _there = self.here.enter();
        self.background.keep(&tokio::spawn(introduce_there(channel, admitting, seeds, request, on_fatal)));
        Ok(())
    }

    async fn introduce_here(&self, config: &ClusterConfig, request: &Joining) -> Result<(), ClusterError> {
        let at = self.clock.read().wall;
        let forming = Forming {
            shards: self.here.shard_count(),
            replication: config.replication,
            number: node_number(self.me()),
            addresses: config.addresses.clone(),
            weight: config.weight,
        };
        let decided = self.update_layout(|layout| {
            if !layout.is_formed() {
                return Ok((decide::form(layout, &forming, at), ()));
            }
            decide::join(layout, request, |_| false, config.auto_rebalance, at).map(|(facts, _)| (facts, ()))
        });
        match decided.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(refused)) => Err(ClusterError::NotAdmitted(refused.to_string())),
            Err(fault @ (JournalFault::NotOwner | JournalFault::Full | JournalFault::Closed)) => {
                Err(std::io::Error::other(format!("the layout could not be written: {fault}")).into())
            }
        }
    }
}

async fn introduce_there<D: LogDisk>(
    channel: Arc<Channel>,
    admitting: Arc<Admitting<D>>,
    seeds: Vec<String>,
    request: Joining,
    on_fatal: OnFatal,
) {
    loop {
        // This node may have come to lead the directory itself: then there is nobody else to ask.
        let answer = match admitting.admit(request.clone()).await {
            JoinAnswer::Elsewhere(_) | JoinAnswer::NotNow(_) => {
                join(&channel, &seeds, &request, ASK_FOR).await
            }
            decided => Ok(decided),
        };
        match answer {
            Ok(JoinAnswer::Admitted { .. }) => return,
            Ok(JoinAnswer::Refused(why)) => return on_fatal(ClusterError::NotAdmitted(why).to_string()),
            Err(refused) => return on_fatal(refused.to_string()),
            Ok(JoinAnswer::Elsewhere(_) | JoinAnswer::NotNow(_)) => tokio::time::sleep(AGAIN_AFTER).await,
        }
    }
}
