//! Brings a node's part of the cluster up: reads its groups back and starts what goes on behind them. Who the node is says
//! `standing`.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use domain::account::Accounts;
use tokio::runtime::Handle;

use crate::address_book::AddressBook;
use crate::answering::{NodeAnswers, Running};
use crate::background::Background;
use crate::beating::Beating;
use crate::caretaker::Caretaker;
use crate::config::ClusterConfig;
use crate::error::ClusterError;
use crate::groups::Cluster;
use crate::here::{Beginning, Here};
use crate::identity::DataDir;
use crate::joining::Admitting;
use crate::journal::format::v1::{IdentityRecord, MemberRecord};
use crate::journal::{LogDisk, OnFatal, Space, Store, Writer};
use crate::peer::{Channel, ClusterId, Me, Membership};
use crate::placement::ShardRing;
use crate::raft::answering::RaftAnswers;
use crate::raft::group::GroupContext;
use crate::routes::Routes;
use crate::standing::standing;
use crate::thread::{GroupsThread, Place};

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

async fn attempt<D: LogDisk>(
    config: &ClusterConfig,
    data: &Arc<DataDir>,
    journal: &mut impl FnMut(&DataDir, &ClusterConfig) -> io::Result<D>,
    place: Place,
) -> Result<Cluster<D>, ClusterError> {
    let standing = standing(config, data).await?;
    let (identity, member) = (standing.identity, standing.member);
    let me = config.me();
    let belongs = me.belong(Membership { cluster: ClusterId(member.cluster), node: identity.node });
    belongs.map_err(|_| io::Error::other("a node belongs to one cluster"))?;
    let book = Arc::new(AddressBook::new(standing.seeds));
    let channel = Arc::new(Channel::new(me.clone(), config.dial.clone(), book.clone()));
    let journal = journal(data, config)?;
    let forming = !identity.formed && member.peers.is_empty();
    let context =
        config.context(identity.node, data.join("snapshots"), journal.clone(), place.blocking(), &channel)?;
    let here = match Here::begin(beginning(config, identity, context, place, forming)).await {
        Ok(here) => Arc::new(here),
        Err(error) => {
            journal.close().await;
            return Err(error);
        }
    };
    if forming {
        data.save(IdentityRecord { formed: true, ..identity })?;
    }
    book.follow(&here);
    let cluster = assembled(config, data, (me, channel), (here, journal), member.cluster);
    cluster.introduce(config, &member.peers).await?;
    cluster.keep_reserve(true);
    cluster.go_on(config, identity, member);
    Ok(cluster)
}

/// What the groups need of `config`, at the node of `identity`.
fn beginning<D>(
    config: &ClusterConfig,
    identity: IdentityRecord,
    context: GroupContext<D>,
    place: Place,
    forming: bool,
) -> Beginning<D> {
    Beginning {
        context,
        place,
        shards: identity.shards,
        queue_capacity: config.queue_capacity,
        clock: config.clock.clone(),
        on_fatal: config.on_fatal.clone(),
        gateway: config.gateway,
        forming,
        formed: identity.formed,
    }
}

/// The running groups with all that answers for them.
fn assembled<D: LogDisk>(
    config: &ClusterConfig,
    data: &Arc<DataDir>,
    (me, channel): (Arc<Me>, Arc<Channel>),
    (here, journal): (Arc<Here<D>>, D),
    cluster: u128,
) -> Cluster<D> {
    let ring = ShardRing::new(here.shard_count());
    let routes = Arc::new(Routes::new(here.clone(), ring, config.clock.clone()));
    let others = Arc::new(OnceLock::new());
    let admitting = Arc::new(Admitting {
        here: here.clone(),
        routes: routes.clone(),
        clock: config.clock.clone(),
        cluster,
        auto_rebalance: config.auto_rebalance,
    });
    let answers = Arc::new(NodeAnswers {
        raft: RaftAnswers { groups: Arc::new(Running(here.clone())) },
        here: here.clone(),
        routes: routes.clone(),
        admitting: admitting.clone(),
        others: others.clone(),
    });
    Cluster {
        here,
        routes,
        journal,
        clock: config.clock.clone(),
        me,
        channel,
        answers,
        others,
        admitting,
        background: Background::default(),
        cluster,
        gateway: config.gateway,
        no_accounts: Accounts::default(),
        data: data.clone(),
    }
}

impl<D: LogDisk> Cluster<D> {
    /// Begins what a node does all the time.
    fn go_on(&self, config: &ClusterConfig, identity: IdentityRecord, member: MemberRecord) {
        let (here, routes) = (self.here.clone(), self.routes.clone());
        let caretaker = Caretaker::new(here.clone(), routes.clone(), config.clock.clone(), config.care);
        let (calls, data) = (self.channel.clone(), self.data.clone());
        let beating = Beating { here, routes, calls, data, identity, member };
        let _there = self.here.enter();
        self.background.keep(&tokio::spawn(beating.run()));
        self.background.keep(&tokio::spawn(caretaker.run()));
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
