//! Where the parts of a node are put together; the way of a request reads here from the outside in.
//!
//! ```text
//! listener ─► ① Front ─► ③ Dispatch ─► ④ Owners ─► ⑤ TimedJournal ─► Cluster (② ⑤ ⑥)
//! ```

mod admission;
mod listeners;
mod opening;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actors::{Arbiters, Owners, Shell};
use cluster::Cluster;
use domain::ports::{Clock, Journal, Mailer, PaymentGateway, Random};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing::Level;

use crate::auth::{Passwords, Sealer, Tokens};
use crate::cli::Serve;
use crate::clock::{SystemClock, SystemRandom};
use crate::config::Config;
use crate::dispatch::edge::Edge;
use crate::dispatch::{self, Dispatch};
use crate::fault::NodeFault;
use crate::gateway::Providers;
use crate::http::encoded::Encoded;
use crate::http::live::Boards;
use crate::http::{App, Identities, Parts, Readiness, Resets, SearchCache};
use crate::limits::{self, Limits};
use crate::listings::{Directory, Sales};
use crate::logs;
use crate::metrics::{Metrics, TimedJournal};
use crate::notify::webhook::{Signing, Webhooks};
use crate::notify::{Carriers, NodeCourier, Sms, Smtp};
use crate::peer_answers::PeerAnswers;
use crate::people::People;
use crate::projections::{Feeds, NodeSeats};
use crate::search::SearchIndex;
use crate::secrets::{self, Secrets};
use admission::{admit_operator, agree_on_seal};
use listeners::Addresses;
use opening::open_cluster;

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long an owner may not have heard of a change of its event.
const DIRECTORY_LOOK: Duration = Duration::from_millis(50);

/// A node has stopped within 10 s: running requests get their grace, 5 s unless configured, and the groups the rest.
const CLUSTER_STOPS_WITHIN: Duration = Duration::from_secs(4);

/// Whoever takes over needs an election, which takes no time worth speaking of unless somebody is dying.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(2);

/// Runs a node until `stop` completes.
///
/// # Errors
/// [`NodeFault`] says what is wrong and what to do; nothing that was acknowledged is lost by it.
pub async fn serve(options: &Serve, config: Config, stop: impl Future<Output = ()>) -> Result<(), NodeFault> {
    serve_over(options, config, |cluster| cluster, stop).await
}

/// As [`serve`], with the journal of sales that `journal_of` makes of the cluster: the seam where a measurement puts
/// another one in, to see what durability costs.
///
/// # Errors
/// As there.
pub async fn serve_over(
    options: &Serve,
    config: Config,
    journal_of: impl FnOnce(Arc<Cluster>) -> Arc<dyn Journal>,
    stop: impl Future<Output = ()>,
) -> Result<(), NodeFault> {
    let mut addresses = Addresses::take(options)?;
    std::fs::create_dir_all(&options.data).map_err(|error| {
        let dir = options.data.display();
        NodeFault::failed(format!(
            "cannot make the data directory {dir}: {error}; choose another with --data"
        ))
    })?;
    let secrets = secrets::resolve(&config, &options.data, &SystemRandom)?;
    if let Some(path) = &secrets.kept_in {
        tracing::info!("secrets, the operator's password among them, are kept in {}", path.display());
    }
    let metrics = Arc::new(Metrics::new().map_err(NodeFault::failed)?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let known_as = addresses.known_as(config.cluster.advertised_host.as_deref())?;
    let mut stop = pin!(stop);
    let cluster = tokio::select! {
        opened = open_cluster(options, &config, known_as, &secrets, &clock, &metrics) => Arc::new(opened?),
        // It may wait long for those it is to join. Nothing is promised yet, so it ends as by a kill, but in peace.
        () = &mut stop => return Ok(()),
    };
    let (peer, peers) = addresses.listen_for_peers()?;
    let serving_peers = tokio::spawn(serve_peers(peers, cluster.clone()));
    let threads = Arbiters::start(config.actors.threads);
    let providers =
        Providers::of(&config.payments, addresses.http.local_addr()?).map_err(NodeFault::failed)?;
    let gateway: Arc<dyn PaymentGateway> = Arc::new(providers.clone());
    let journal: Arc<dyn Journal> = Arc::new(TimedJournal::new(journal_of(cluster.clone()), metrics.clone()));
    #[cfg(debug_assertions)]
    let (journal, gateway) = crate::failpoints::armed(journal, gateway);
    let carriers = Arc::new(carriers(&config, &secrets, addresses.http.local_addr()?)?);
    let sealer = Arc::new(Sealer::new(&secrets.personal_data_secret, Arc::new(SystemRandom)));
    let people = People::new(cluster.clone(), sealer, &config.auth.operator_username);
    let (persistence, tellers) = (config.notices.persistence, carriers.clone());
    let courier = NodeCourier::new(cluster.clone(), people.clone(), clock.clone(), tellers, persistence);
    let owners = owners(&config, &cluster, (journal, gateway), &clock, &metrics, threads.clone(), courier);
    let feeds = Feeds::new(cluster.clone(), cluster.calls());
    let dispatch = dispatch(&config, &cluster, &owners, &clock, edge(&feeds, &cluster, &clock, &metrics));
    let search = SearchIndex::start(cluster.clone(), clock.clone(), &config.search, &options.data);
    let search = search.map_err(NodeFault::Config)?;
    let parts = (dispatch, feeds, &*carriers, people, search);
    let app = app(config, &cluster, parts, clock, metrics, &secrets, providers);
    cluster.answer_with(Arc::new(PeerAnswers::new(&app)));
    let supervising = owners.clone();
    let supervisor = tokio::spawn(async move { supervising.supervise().await });
    let following = tokio::spawn(follow_directory(cluster.clone(), owners.clone()));
    let watching = tokio::spawn(look_around(cluster.clone(), owners));
    let telling = tokio::spawn(limits::tell_others(app.limits.clone(), cluster.clone()));
    let ready = async {
        cluster.ready().await;
        agree_on_seal(&app).await?;
        admit_operator(&app, &secrets).await
    };
    tokio::select! {
        ready = ready => {
            ready?;
            let listeners = addresses.listen()?;
            app.readiness.set(true);
            let (http, admin) = (listeners.http.local_addr()?, listeners.admin.local_addr()?);
            logs::say(Level::INFO, &format!("ready http={http} admin={admin} peer={peer}"));
            let stopping = async {
                stop.await;
                app.readiness.set(false);
                // Whoever watches goes on at another node.
                app.live.end();
                // First of all, so that what comes meanwhile is answered by those who lead from now on.
                cluster.hand_over(HAND_OVER_WITHIN).await;
            };
            listeners.serve(&app, &threads, stopping).await;
        }
        () = &mut stop => {}
    }

    app.search.stop();
    supervisor.abort();
    watching.abort();
    telling.abort();
    following.abort();
    serving_peers.abort();
    if tokio::time::timeout(CLUSTER_STOPS_WITHIN, cluster.shutdown()).await.is_err() {
        // What was acknowledged is on disk; the rest is found or not found at the next start, as after a kill.
        tracing::warn!("the raft groups did not stop in time");
    }
    Ok(())
}

/// Serves every node that connects.
async fn serve_peers(listener: TcpListener, cluster: Arc<Cluster>) {
    let mut serving = JoinSet::new();
    loop {
        while serving.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, remote)) => {
                // Messages are small and whole: waiting to fill a packet only costs time.
                if stream.set_nodelay(true).is_ok() {
                    serving.spawn(cluster.serve_peer(Box::new(stream), remote.to_string()));
                }
            }
            // No file descriptor is left, say: that passes, but not at once.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// Has sales that this node has begun to own looked after at once.
async fn look_around(cluster: Arc<Cluster>, owners: Arc<Owners>) {
    let mut changes = cluster.route_changes();
    while changes.changed().await.is_ok() {
        owners.look_around();
    }
}

/// Has owners take what the directory says of their events. It is looked at and not waited for: most of what is applied here
/// is no word of the directory.
async fn follow_directory(cluster: Arc<Cluster>, owners: Arc<Owners>) {
    let mut seen = 0;
    loop {
        tokio::time::sleep(DIRECTORY_LOOK).await;
        let applied = cluster.directory_applied();
        if applied != seen || owners.are_behind() {
            owners.all_listed().await;
            seen = applied;
        }
    }
}

fn owners(
    config: &Config,
    cluster: &Arc<Cluster>,
    (journal, gateway): (Arc<dyn Journal>, Arc<dyn PaymentGateway>),
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    threads: Arbiters,
    courier: NodeCourier,
) -> Arc<Owners> {
    let shell = Shell {
        journal,
        listings: Arc::new(Directory::new(cluster.clone())),
        gateway,
        courier: Arc::new(courier),
        clock: clock.clone(),
        random: Arc::new(SystemRandom),
        observer: metrics.clone(),
        mailbox_capacity: config.actors.mailbox_capacity,
    };
    Arc::new(Owners::new(shell, Arc::new(threads)))
}

fn dispatch(
    config: &Config,
    cluster: &Arc<Cluster>,
    owners: &Arc<Owners>,
    clock: &Arc<dyn Clock>,
    edge: Edge,
) -> Dispatch {
    Dispatch::new(dispatch::Parts {
        owners: owners.clone(),
        ways: cluster.clone(),
        calls: cluster.calls(),
        clock: clock.clone(),
        pending_after: config.payments.answer_after,
        patience: config.http.request_deadline,
        edge,
    })
}

fn edge(feeds: &Feeds, cluster: &Arc<Cluster>, clock: &Arc<dyn Clock>, metrics: &Arc<Metrics>) -> Edge {
    Edge::new(feeds.clone(), Arc::new(Sales::new(cluster.clone(), clock.clone())), metrics.clone())
}

fn app(
    config: Config,
    cluster: &Arc<Cluster>,
    (dispatch, feeds, carriers, people, search): (Dispatch, Feeds, &Carriers, People, SearchIndex),
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    secrets: &Secrets,
    providers: Providers,
) -> App {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let seats = NodeSeats::new(cluster.clone(), feeds.clone());
    App::new(Parts {
        limits: Arc::new(Limits::new(&config.limits, &clock)),
        cluster: cluster.clone(),
        dispatch,
        encoded: Encoded::new(seats.clone(), config.http.seat_cache_mebibytes),
        live: Boards::new(seats, &config.live),
        feeds,
        search,
        answers: SearchCache::new(config.search.cache_bytes),
        providers,
        people,
        tokens: Tokens::new(
            &secrets.token_secret,
            &config.auth.previous_token_secrets,
            config.auth.token_ttl,
        ),
        identities: Identities::default(),
        resets: Resets::default(),
        passwords: Passwords::new(&config.auth, random.clone()),
        mailer: carriers.mailer.clone(),
        webhooks: carriers.webhooks.clone(),
        clock,
        random,
        metrics,
        readiness: Readiness::default(),
        config,
    })
}

/// Who carries mails, text messages and webhooks.
fn carriers(config: &Config, secrets: &Secrets, http: SocketAddr) -> Result<Carriers, NodeFault> {
    let notices = &config.notices;
    let mailer = Smtp::of(&notices.mail).map(|smtp| Arc::new(smtp) as Arc<dyn Mailer>);
    if mailer.is_none() {
        tracing::info!("mail.smtp_url is empty: no mail is sent");
    }
    let signing = Signing::new(secrets.webhook_secret.clone());
    Ok(Carriers {
        mailer,
        sms: Sms::of(&notices.sms).map_err(NodeFault::failed)?,
        webhooks: Webhooks::new(notices.webhooks.reach(http), signing).map_err(NodeFault::failed)?,
    })
}
