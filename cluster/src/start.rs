//! Brings a node's part of the cluster up: finds out who it is, or joins, or forms a cluster of one; reads its groups back
//! and starts what goes on behind them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use domain::account::Accounts;
use domain::ports::{Clock, Random, StoppedClock};
use domain::time::Reading;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::answering::{NodeAnswers, Running};
use crate::background::Background;
use crate::beating::Beating;
use crate::caretaker::{Care, Caretaker};
use crate::error::ClusterError;
use crate::groups::Cluster;
use crate::here::{Beginning, Here};
use crate::identity::DataDir;
use crate::joining::{Admitting, JoinAnswer, join, patience};
use crate::journal::format::v1::{IdentityRecord, MemberRecord};
use crate::journal::{GroupId, JournalObserver, LogDisk, OnFatal, Space, Store, Writer};
use crate::peer::{Channel, ClusterId, Dial, Me, Membership, PeerSecret, TcpDial};
use crate::placement::ShardRing;
use crate::placement::layout::Addresses;
use crate::placement::layout::decide::Joining;
use crate::raft::answering::RaftAnswers;
use crate::raft::group::GroupContext;
use crate::raft::settings::{SnapshotSettings, settings};
use crate::raft::state_machine::CommitObserver;
use crate::raft::transfer::throttle::Throttle;
use crate::raft::types::{NodeId, node_id, node_number};
use crate::routes::Routes;
use crate::thread::{Blocking, GroupsThread, Place};

/// How a node takes part in the cluster.
pub struct ClusterConfig {
    /// Where its data lies; made if missing.
    pub data_dir: PathBuf,
    /// Its number; stays with the data directory.
    pub node: u32,
    /// How many shards the events are spread over; fixed when a cluster is formed.
    pub shards: u16,
    /// How many replicas each shard is to have, once there are as many nodes.
    pub replication: u16,
    /// Where it can be reached.
    pub addresses: Addresses,
    /// Peer listeners of a cluster that it is to join with an empty data directory; none: it forms a cluster of one.
    pub join: Vec<String>,
    /// It is to have no replicas.
    pub gateway: bool,
    /// How much it is to have, beside others.
    pub weight: u32,
    /// Whether nodes beyond the replication factor are given replicas at once.
    pub auto_rebalance: bool,
    /// How groups are looked after.
    pub care: Care,
    /// What nodes of one cluster know.
    pub secret: PeerSecret,
    /// Connects to other nodes.
    pub dial: Arc<dyn Dial>,
    /// When logs are cut.
    pub snapshots: SnapshotSettings,
    /// How many proposals may wait for each shard; more are refused.
    pub queue_capacity: usize,
    /// How many writes of raft groups may wait for the journal thread; more slow the groups down.
    pub journal_capacity: usize,
    /// Free space on the disk, in bytes, that nothing is written into: a store that met a full disk could not be trusted.
    pub reserve_bytes: u64,
    /// What nobody can guess.
    pub random: Arc<dyn Random>,
    /// What time it is; the owners of events are to have the same one.
    pub clock: Arc<dyn Clock>,
    /// Sees what is committed.
    pub commits: Arc<dyn CommitObserver>,
    /// Sees every flush.
    pub flushes: Arc<dyn JournalObserver>,
    /// Called at most once, when nothing more will be acknowledged: the process is to print the message and end.
    pub on_fatal: OnFatal,
}

/// What a node that is alone has for randomness.
struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// In a process of its own, with a journal on sled.
pub(crate) async fn on_this_machine(
    mut config: ClusterConfig,
    mut store: impl FnMut(&Path) -> io::Result<Box<dyn Store>>,
) -> Result<Cluster, ClusterError> {
    config.on_fatal = once(config.on_fatal);
    let journal = |data: &DataDir, config: &ClusterConfig| {
        let space = Space::of(&config.data_dir, config.reserve_bytes);
        space.require(&config.data_dir)?;
        let (store, marks) = (store(&data.join("journal/store"))?, data.join("journal/watermarks"));
        let (capacity, flushes, on_fatal) =
            (config.journal_capacity, config.flushes.clone(), config.on_fatal.clone());
        Writer::start(store, &marks, space, capacity, flushes, on_fatal)
    };
    let place = || Ok(Place::Thread(GroupsThread::start()?));
    start(config, journal, place).await
}

/// On the caller's thread alone, over `journal`.
pub(crate) async fn on_this_thread<D: LogDisk>(
    mut config: ClusterConfig,
    journal: D,
) -> Result<Cluster<D>, ClusterError> {
    config.on_fatal = once(config.on_fatal);
    start(config, |_, _| Ok(journal.clone()), || Ok(Place::Here(Handle::current()))).await
}

async fn start<D: LogDisk>(
    config: ClusterConfig,
    mut journal: impl FnMut(&DataDir, &ClusterConfig) -> io::Result<D>,
    place: impl Fn() -> io::Result<Place>,
) -> Result<Cluster<D>, ClusterError> {
    config.check()?;
    let data = Arc::new(DataDir::open(&config.data_dir)?);
    match attempt(&config, &data, &mut journal, place()?).await {
        Err(ClusterError::Damaged { what }) if has_peers(&data) => {
            // Whatever is damaged may be a vote. So nothing of it is used: the others have all that was acknowledged.
            let aside = data.set_aside()?;
            tracing::error!(%what, aside = %aside.display(), "damaged data is set aside; the node joins anew");
            attempt(&config, &data, &mut journal, place()?).await
        }
        started => started,
    }
}

fn has_peers(data: &DataDir) -> bool {
    data.member().is_ok_and(|member| member.is_some_and(|member| !member.peers.is_empty()))
}

/// Who a node is, and whether it knows that from its data directory or has just been told.
struct Standing {
    identity: IdentityRecord,
    member: MemberRecord,
    /// The other nodes, as far as they are known before the directory is.
    seeds: Vec<(NodeId, String)>,
}

async fn attempt<D: LogDisk>(
    config: &ClusterConfig,
    data: &Arc<DataDir>,
    journal: &mut impl FnMut(&DataDir, &ClusterConfig) -> io::Result<D>,
    place: Place,
) -> Result<Cluster<D>, ClusterError> {
    let standing = standing(config, data).await?;
    let (identity, member) = (standing.identity, standing.member);
    let book = Arc::new(crate::address_book::AddressBook::new(standing.seeds));
    let me = Me::new(config.secret.clone(), config.random.clone());
    let belongs = me.belong(Membership { cluster: ClusterId(member.cluster), node: identity.node });
    belongs.map_err(|_| io::Error::other("a node belongs to one cluster"))?;
    let channel = Arc::new(Channel::new(me.clone(), config.dial.clone(), book.clone()));
    let journal = journal(data, config)?;
    let context =
        config.context(identity.node, data.join("snapshots"), journal.clone(), place.blocking(), &channel)?;
    let forming = !identity.formed && member.peers.is_empty();
    let beginning = Beginning {
        context,
        place,
        shards: identity.shards,
        queue_capacity: config.queue_capacity,
        clock: config.clock.clone(),
        on_fatal: config.on_fatal.clone(),
        gateway: config.gateway,
        forming,
        formed: identity.formed,
    };
    let here = match Here::begin(beginning).await {
        Ok(here) => Arc::new(here),
        Err(error) => {
            journal.close().await;
            return Err(error);
        }
    };
    if forming {
        data.save(IdentityRecord { formed: true, ..identity })?;
    }
    let routes = Arc::new(Routes::new(here.clone(), ShardRing::new(identity.shards), config.clock.clone()));
    let others = Arc::new(OnceLock::new());
    let admitting = Arc::new(Admitting {
        here: here.clone(),
        routes: routes.clone(),
        clock: config.clock.clone(),
        cluster: member.cluster,
        auto_rebalance: config.auto_rebalance,
    });
    let answers = Arc::new(NodeAnswers {
        raft: RaftAnswers { groups: Arc::new(Running(here.clone())) },
        here: here.clone(),
        routes: routes.clone(),
        admitting: admitting.clone(),
        others: others.clone(),
    });
    let cluster = Cluster {
        here: here.clone(),
        routes: routes.clone(),
        journal,
        clock: config.clock.clone(),
        me,
        channel: channel.clone(),
        answers,
        others,
        admitting,
        background: Background::default(),
        cluster: member.cluster,
        gateway: config.gateway,
        no_accounts: Accounts::default(),
        _data: data.clone(),
    };
    book.follow(&here);
    cluster.introduce(config, &member.peers).await?;
    cluster.keep_reserve(true);
    let there = here.enter();
    let beating = Beating {
        here: here.clone(),
        routes: routes.clone(),
        calls: channel,
        data: data.clone(),
        identity,
        member,
    };
    cluster.background.keep(&tokio::spawn(beating.run()));
    let caretaker = Caretaker::new(here.clone(), routes, config.clock.clone(), config.care);
    cluster.background.keep(&tokio::spawn(caretaker.run()));
    drop(there);
    Ok(cluster)
}

/// Who this node is: as its data directory says, or as the cluster that it joins does, or the first of a new one.
async fn standing(config: &ClusterConfig, data: &DataDir) -> Result<Standing, ClusterError> {
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
    let book = Arc::new(crate::address_book::AddressBook::new(Vec::new()));
    let channel =
        Channel::new(Me::new(config.secret.clone(), config.random.clone()), config.dial.clone(), book);
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

impl ClusterConfig {
    /// A node that is alone and stays so, with 16 shards, a clock that stands still and no secret worth the name: for
    /// measurements and tests of what one node does.
    #[must_use]
    pub fn alone(data_dir: PathBuf, on_fatal: OnFatal) -> Self {
        let nowhere = || "nowhere".to_owned();
        Self {
            data_dir,
            node: 1,
            shards: 16,
            replication: 3,
            addresses: Addresses { http: nowhere(), admin: nowhere(), peer: nowhere() },
            join: Vec::new(),
            gateway: false,
            weight: 1,
            auto_rebalance: false,
            care: Care::default(),
            secret: PeerSecret::new(&[7; 32]).expect("32 bytes are long enough"),
            dial: Arc::new(TcpDial),
            snapshots: SnapshotSettings::default(),
            queue_capacity: 4_096,
            journal_capacity: 4_096,
            reserve_bytes: 0,
            random: Arc::new(Sevens),
            clock: Arc::new(StoppedClock(Reading::default())),
            commits: Arc::new(()),
            flushes: Arc::new(()),
            on_fatal,
        }
    }

    fn check(&self) -> Result<(), ClusterError> {
        if self.shards == 0 || self.shards > GroupId::MAX_SHARDS {
            let (shards, most) = (self.shards, GroupId::MAX_SHARDS);
            return Err(ClusterError::Setting(format!("{shards} shards cannot be; choose 1 to {most}")));
        }
        Ok(())
    }

    fn agrees(&self, identity: &IdentityRecord, member: &MemberRecord) -> Result<(), ClusterError> {
        if identity.shards != self.shards && member.peers.is_empty() {
            return Err(ClusterError::OtherShards { stored: identity.shards, wanted: self.shards });
        }
        let stored = node_number(identity.node);
        if stored != self.node {
            return Err(ClusterError::OtherNode { stored, wanted: self.node });
        }
        if member.gateway != self.gateway {
            return Err(ClusterError::OtherKind { gateway: member.gateway });
        }
        Ok(())
    }

    /// A cluster that begins here.
    fn founding(&self, data: &DataDir) -> Result<MemberRecord, ClusterError> {
        let mut drawn = [0; 16];
        self.random.fill(&mut drawn);
        let member =
            MemberRecord { cluster: u128::from_le_bytes(drawn), gateway: self.gateway, peers: Vec::new() };
        data.save_member(&member)?;
        Ok(member)
    }

    /// What this node says when it asks to be let in; `life` is the one that its data is of.
    pub(crate) fn request(&self, life: Option<u32>) -> Joining {
        Joining {
            number: self.node,
            known_life: life,
            addresses: self.addresses.clone(),
            gateway: self.gateway,
            weight: self.weight,
        }
    }

    /// What every group is to share.
    fn context<D>(
        &self,
        node: NodeId,
        snapshots: PathBuf,
        disk: D,
        blocking: Blocking,
        channel: &Arc<Channel>,
    ) -> Result<GroupContext<D>, ClusterError> {
        Ok(GroupContext {
            node,
            disk,
            snapshots,
            config: settings(self.snapshots).map_err(|error| ClusterError::Setting(error.to_string()))?,
            peers: channel.clone(),
            throttle: Arc::new(Throttle::new(self.snapshots.send_bytes_per_second)),
            observer: self.commits.clone(),
            progress: watch::Sender::new(0),
            blocking,
        })
    }
}

/// The first of many failures is the one to report.
fn once(on_fatal: OnFatal) -> OnFatal {
    let called = AtomicBool::new(false);
    Arc::new(move |message| {
        if !called.swap(true, Ordering::SeqCst) {
            on_fatal(message);
        }
    })
}
