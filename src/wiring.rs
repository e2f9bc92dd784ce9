//! Where the parts of a node are put together; the way of a request reads here from the outside in.
//!
//! ```text
//! listener ─► ① Front ─► ③ Dispatch ─► ④ Owners ─► ⑤ TimedJournal ─► Cluster (② ⑤ ⑥)
//! ```

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actors::{Arbiters, Owners, Shell};
use cluster::peer::{PeerSecret, SPOKEN, TcpDial};
use cluster::placement::layout::Addresses as NodeAddresses;
use cluster::{Care, Cluster, ClusterConfig, ClusterError, Owner, SnapshotSettings};
use domain::account::{Person, Role, bootstrap_operator, name_seal};
use domain::ids::UserId;
use domain::ports::{Clock, Journal, Mailer, PaymentGateway, Random};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::auth::{Passwords, Sealer, Tokens};
use crate::cli::Serve;
use crate::clock::{SystemClock, SystemRandom};
use crate::config::{Config, ConfigError};
use crate::dispatch::edge::Edge;
use crate::dispatch::{self, Dispatch};
use crate::fault::NodeFault;
use crate::gateway::Providers;
use crate::http::encoded::Encoded;
use crate::http::live::Boards;
use crate::http::{self, App, Front, Identities, Parts, Readiness, Resets};
use crate::limits::{self, Connections, Limits};
use crate::listings::{Directory, Sales};
use crate::metrics::{Metrics, TimedJournal};
use crate::notify::webhook::{Signing, Webhooks};
use crate::notify::{Carriers, NodeCourier, Sms, Smtp};
use crate::peer_answers::PeerAnswers;
use crate::people::People;
use crate::projections::{Feeds, NodeSeats};
use crate::secrets::{self, Secrets};

/// Writes that may wait for the journal thread; more slow the raft groups down.
const JOURNAL_CAPACITY: usize = 4_096;

/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long an owner may not have heard of a change of its event.
const DIRECTORY_LOOK: Duration = Duration::from_millis(50);

/// A node has stopped within 10 s: running requests get their grace, 5 s unless configured, and the groups the rest.
const CLUSTER_STOPS_WITHIN: Duration = Duration::from_secs(4);

/// Whoever takes over needs an election, which takes no time worth speaking of unless somebody is dying.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(2);

/// Connections that may wait to be accepted; more are dropped by the kernel, and their clients wait a second.
const BACKLOG: u32 = 4_096;

/// The addresses of a node, taken before anything else so that one that cannot be had is found at once. Nobody listens
/// there until the node is ready: who connects before is refused, and tries again sooner than one who waits unheard.
struct Addresses {
    http: TcpSocket,
    admin: TcpSocket,
    /// Gone when it listens.
    peer: Option<TcpSocket>,
}

/// The listeners of a node that is ready.
struct Listeners {
    http: TcpListener,
    admin: TcpListener,
}

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
    let people = People::new(cluster.clone(), sealer);
    let (persistence, tellers) = (config.notices.persistence, carriers.clone());
    let courier = NodeCourier::new(cluster.clone(), people.clone(), clock.clone(), tellers, persistence);
    let owners = owners(&config, &cluster, (journal, gateway), &clock, &metrics, threads.clone(), courier);
    let feeds = Feeds::new(cluster.clone(), cluster.calls());
    let dispatch = dispatch(&config, &cluster, &owners, &clock, edge(&feeds, &cluster, &clock, &metrics));
    let parts = (dispatch, feeds, &*carriers, people);
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
            announce(&format!("ready http={http} admin={admin} peer={peer}"));
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

impl Addresses {
    fn take(options: &Serve) -> Result<Self, NodeFault> {
        Ok(Self {
            http: bind("--http", options.http)?,
            admin: bind("--admin", options.admin)?,
            peer: Some(bind("--peer", options.peer)?),
        })
    }

    /// Where others reach this node: on `host`, or where it listens.
    fn known_as(&self, host: Option<&str>) -> Result<NodeAddresses, NodeFault> {
        let known_as = |flag: &str, socket: &TcpSocket| {
            let address = socket.local_addr()?;
            match host {
                Some(host) => Ok(format!("{host}:{}", address.port())),
                None if address.ip().is_unspecified() && flag == "--peer" => {
                    Err(NodeFault::Config(ConfigError::new(format!(
                        "{flag} {address} is every address of this machine, so other nodes cannot know which one to \
                         use; say it with cluster.advertised_host (ONSALE_CLUSTER__ADVERTISED_HOST)"
                    ))))
                }
                None => Ok(address.to_string()),
            }
        };
        Ok(NodeAddresses {
            http: known_as("--http", &self.http)?,
            admin: known_as("--admin", &self.admin)?,
            peer: self.peer.as_ref().map_or(Ok(String::new()), |peer| known_as("--peer", peer))?,
        })
    }

    /// Other nodes have to be heard before this one can be ready.
    fn listen_for_peers(&mut self) -> Result<(SocketAddr, TcpListener), NodeFault> {
        let socket = self.peer.take().ok_or_else(|| NodeFault::failed("the peer listener is gone"))?;
        let listener = listen("--peer", socket)?;
        Ok((listener.local_addr()?, listener))
    }

    fn listen(self) -> Result<Listeners, NodeFault> {
        Ok(Listeners { http: listen("--http", self.http)?, admin: listen("--admin", self.admin)? })
    }
}

fn listen(flag: &str, socket: TcpSocket) -> Result<TcpListener, NodeFault> {
    let address = socket.local_addr()?;
    socket.listen(BACKLOG).map_err(|error| cannot_listen(flag, address, &error))
}

fn bind(flag: &str, address: SocketAddr) -> Result<TcpSocket, NodeFault> {
    let bound = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // What a node that was killed leaves behind in the kernel must not keep the next one out.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    bound().map_err(|error| cannot_listen(flag, address, &error))
}

fn cannot_listen(flag: &str, address: SocketAddr, error: &io::Error) -> NodeFault {
    NodeFault::failed(format!(
        "cannot listen on {flag} {address}: {error}; give another address, or port 0 for any free one"
    ))
}

impl Listeners {
    /// Until `stop` completes and the running requests are done.
    async fn serve(self, app: &App, threads: &Arbiters, stop: impl Future<Output = ()>) {
        let (tell, told) = watch::channel(false);
        let stopped = || {
            let mut told = told.clone();
            async move {
                // A sender that is gone means the same.
                let _ended = told.wait_for(|stopping| *stopping).await;
            }
        };
        let config = &app.config.http;
        let limits = &app.config.limits;
        let own_places = || Connections::new(limits.address_connections, limits.uncounted());
        let stopping = async {
            stop.await;
            tell.send_replace(true);
        };
        tokio::join!(
            stopping,
            http::serve(
                self.http,
                (Front::public(app), own_places()),
                config,
                |serving| threads.run(serving),
                stopped()
            ),
            http::serve(
                self.admin,
                (Front::admin(app), own_places()),
                config,
                |serving| threads.run(serving),
                stopped()
            ),
        );
    }
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

async fn open_cluster(
    options: &Serve,
    config: &Config,
    addresses: NodeAddresses,
    secrets: &Secrets,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Result<Cluster, NodeFault> {
    let settings = ClusterConfig {
        data_dir: options.data.clone(),
        node: options.node,
        shards: config.cluster.shards,
        replication: config.cluster.replication,
        addresses,
        join: options.join.clone(),
        gateway: options.gateway,
        weight: config.cluster.weight,
        auto_rebalance: config.cluster.auto_rebalance,
        care: Care {
            replace_after: config.cluster.replace_after,
            moves_at_once: config.cluster.moves_at_once,
        },
        spoken: SPOKEN,
        secret: PeerSecret::new(secrets.cluster_secret.reveal().as_bytes()).map_err(NodeFault::failed)?,
        random: Arc::new(SystemRandom),
        dial: Arc::new(TcpDial),
        snapshots: SnapshotSettings {
            every_entries: config.journal.snapshot_every_entries,
            keep_entries: config.journal.keep_entries,
            send_bytes_per_second: config.cluster.snapshot_bytes_per_second,
        },
        queue_capacity: config.journal.queue_capacity,
        journal_capacity: JOURNAL_CAPACITY,
        reserve_bytes: config.journal.reserve_bytes,
        clock: clock.clone(),
        commits: Arc::new(()),
        flushes: metrics.clone(),
        on_fatal: Arc::new(|message| die(&message)),
    };
    Cluster::open(settings).await.map_err(|error| match error {
        ClusterError::OtherShards { .. }
        | ClusterError::OtherNode { .. }
        | ClusterError::OtherKind { .. }
        | ClusterError::Setting(_) => NodeFault::Config(ConfigError::new(error.to_string())),
        other => NodeFault::data(&options.data, &other),
    })
}

/// After a failed write or sync nobody knows what is on disk. The only safe thing left is to end at once, without
/// another word to any client; what was acknowledged is on disk and is found again at the next start.
fn die(message: &str) {
    announce(&format!("the journal failed and the node ends: {message}"));
    std::process::exit(1);
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
    (dispatch, feeds, carriers, people): (Dispatch, Feeds, &Carriers, People),
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

/// Makes sure that personal data can be read here. The first node to have any names what it is sealed with.
async fn agree_on_seal(app: &App) -> Result<(), NodeFault> {
    let seal = app.people.sealer().name();
    let named = app.cluster.with_accounts(|accounts| accounts.seal()).map_err(NodeFault::failed)?;
    let other = || {
        NodeFault::Config(ConfigError::new(
            "the accounts of this cluster are sealed with another secret than this node has; give it the one that they \
             were made with as auth.personal_data_secret, or the cluster.secret that it followed from"
                .to_owned(),
        ))
    };
    match named {
        Some(named) if named != seal => Err(other()),
        None if app.cluster.accounts_owner() == Owner::Here => {
            let agreed = app.cluster.update_accounts(move |accounts| name_seal(accounts, seal)).await;
            agreed.map_err(NodeFault::failed)?.map_err(|_| other())
        }
        _ => Ok(()),
    }
}

/// Makes the bootstrap operator, or gives them the configured password where theirs is another one. That is up to the node
/// that leads the accounts.
async fn admit_operator(app: &App, secrets: &Secrets) -> Result<(), NodeFault> {
    if app.cluster.accounts_owner() != Owner::Here {
        return Ok(());
    }
    let username = app.config.auth.operator_username.clone();
    let password = secrets.operator_password.reveal().to_owned();
    let login = app.people.sealer().login(&username);
    let known = app.cluster.with_accounts(|accounts| accounts.by_login(login)).map_err(NodeFault::failed)?;
    let known = known.filter(|known| known.role == Role::Operator).map(|operator| operator.password.clone());
    let busy = |_| NodeFault::failed("the operator's password could not be hashed");
    if known.is_some() && app.passwords.verify(password.clone(), known).await.map_err(busy)? {
        return Ok(());
    }
    let hash = app.passwords.hash(password).await.map_err(busy)?;
    let (id, now) = (UserId::new(app.new_number()), app.now());
    let person = Person { name: username.clone(), email: None, username: username.clone(), phone: None };
    let new = app.people.new_account(id, &person, Role::Operator, hash, now);
    let admitted = app
        .cluster
        .update_accounts(move |accounts| bootstrap_operator(accounts, new, now))
        .await
        .map_err(NodeFault::failed)?;
    admitted.map(drop).map_err(|_| {
        NodeFault::Config(ConfigError::new(format!(
            "auth.operator_username = {username:?} is the name of an account that is no operator; choose another"
        )))
    })
}

/// Tells whoever started the node; not a log line, so that it comes whatever the log level is.
#[allow(clippy::print_stderr, reason = "the contract wants this line on stderr")]
fn announce(line: &str) {
    eprintln!("{line}");
}

impl NodeFault {
    fn data(dir: &Path, error: &dyn std::fmt::Display) -> Self {
        Self::failed(format!("the data directory {}: {error}", dir.display()))
    }
}

impl From<io::Error> for NodeFault {
    fn from(error: io::Error) -> Self {
        Self::failed(error)
    }
}
