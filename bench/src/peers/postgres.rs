//! PostgreSQL as a seller: one prepared statement a hold, one a confirmation, each a transaction and a round trip.
//!
//! Owns: the statements, the server's settings, and the connections.

use super::plan::Party;
use super::process::{Home, Server, find, free_port, version};
use super::seller::{About, Desk, Seller, Taken};
use super::{HOLD_SECONDS, Options, Peer};
use crate::ambient::unique_prefix;
use anyhow::{Context, bail};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, NoTls, Statement};

const PROGRAM: &str = "postgres";
/// Where Debian keeps the programs of each major version.
const DEBIAN: &str = "/usr/lib/postgresql";
pub(crate) const USERS: [&str; 2] = ["postgres", "nobody"];
pub(crate) const OWNER: &str = "onsale";
const MADE_WITHIN: Duration = Duration::from_secs(60);

/// Room for a row's next version beside it, so that a hold touches one page and no index.
const TABLES: &str = "
CREATE TABLE seats (seat int PRIMARY KEY, hold bigint, held_until timestamptz, sold boolean NOT NULL DEFAULT false)
  WITH (fillfactor = 50);
CREATE TABLE holds (id bigint PRIMARY KEY, buyer int NOT NULL, seats int[] NOT NULL, expires_at timestamptz NOT NULL,
  confirmed boolean NOT NULL DEFAULT false) WITH (fillfactor = 70)";

/// Hold, buyer, seats, seconds. A row when all were free, or free again, and are held now.
///
/// The first look takes no lock, so that whoever is refused writes nothing and waits for no disk. Seats that another
/// one has just locked are skipped, which makes them too few.
const HOLD: &str = "
WITH looked AS (
  SELECT count(*) AS free FROM seats
  WHERE seat = ANY($3) AND (hold IS NULL OR (NOT sold AND held_until <= now()))
), wanted AS MATERIALIZED (
  SELECT seat FROM seats
  WHERE seat = ANY($3) AND (hold IS NULL OR (NOT sold AND held_until <= now()))
    AND (SELECT free FROM looked) = cardinality($3)
  ORDER BY seat FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE seats SET hold = $1, held_until = now() + make_interval(secs => $4)
  FROM wanted
  WHERE seats.seat = wanted.seat AND (SELECT count(*) FROM wanted) = cardinality($3)
  RETURNING seats.seat
)
INSERT INTO holds (id, buyer, seats, expires_at)
SELECT $1, $2, $3, now() + make_interval(secs => $4)
WHERE (SELECT count(*) FROM taken) = cardinality($3)
RETURNING id";

/// Hold, buyer. A row when the buyer's hold was alive, and its seats are sold; dividing by zero undoes it all should a
/// seat be missing.
const CONFIRM: &str = "
WITH mine AS (
  UPDATE holds SET confirmed = true
  WHERE id = $1 AND buyer = $2 AND NOT confirmed AND expires_at > now()
  RETURNING seats
), done AS (
  UPDATE seats SET sold = true
  FROM mine
  WHERE seats.seat = ANY(mine.seats) AND seats.hold = $1
  RETURNING seats.seat
)
SELECT 1 / ((SELECT count(*) FROM done) = cardinality(seats))::int FROM mine";

pub(super) struct Postgres {
    about: About,
    server: Server,
    config: Config,
    client: Client,
    connections: u32,
    seats: u32,
}

/// The tables are the sale.
pub(super) struct Tables;

/// A client, on a connection that it may share.
pub(super) struct Buyer {
    connection: Arc<Connection>,
    number: u32,
    holds: u32,
}

struct Connection {
    client: Client,
    hold: Statement,
    confirm: Statement,
}

/// Why PostgreSQL cannot take part.
pub(super) fn missing() -> Option<&'static str> {
    let hint = "there is no postgres: run bench/peers/install, or apt-get install postgresql";
    program().is_none().then_some(hint)
}

/// The newest server there is.
pub(crate) fn program() -> Option<PathBuf> {
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|version| version.path()).collect();
    let major = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    versions.sort_by_key(|path| std::cmp::Reverse(major(path)));
    let folders: Vec<PathBuf> = versions.iter().map(|version| version.join("bin")).collect();
    find(PROGRAM, &folders)
}

impl Postgres {
    pub(super) async fn start(options: &Options) -> anyhow::Result<Self> {
        let program = program().context("there is no postgres")?;
        let connections = options.postgres_connections.min(options.clients);
        let about = About {
            peer: Peer::Postgresql,
            version: version(&program).await?,
            durability: "synchronous_commit on: fdatasync of the log before the answer".into(),
            access: format!("a prepared statement a call, {connections} connections for all clients"),
        };
        let home = Home::new(&options.data, &USERS)?;
        let password = unique_prefix()? + &unique_prefix()? + &unique_prefix()?;
        make_cluster(&program, &home, &password).await?;
        let port = free_port()?;
        let mut command = home.command(&program);
        command.arg("-D").arg(home.path().join("data"));
        for setting in settings(port, options) {
            command.arg("-c").arg(setting);
        }
        let mut server = Server::spawn("PostgreSQL", home, command)?;
        let mut config = Config::new();
        config.host("127.0.0.1").port(port).user(OWNER).password(password).dbname("postgres");
        let client = server.until(async |_| connect(&config).await.ok()).await?;
        client.batch_execute(TABLES).await.context("the tables cannot be made")?;
        Ok(Self { about, server, config, client, connections, seats: options.seats })
    }
}

/// An empty database of the owner.
pub(crate) async fn make_cluster(program: &Path, home: &Home, password: &str) -> anyhow::Result<()> {
    let password = home.write("password", password)?;
    let mut command = home.command(&program.with_file_name("initdb"));
    command.arg("-D").arg(home.path().join("data")).arg("--pwfile").arg(password);
    command.args(["-U", OWNER, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
    let output = timeout(MADE_WITHIN, command.output()).await.context("initdb did not end in a minute")?;
    let output = output.context("cannot run initdb")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("initdb failed; its user must be able to enter the folder that --data names:\n{}", said.trim());
    }
    Ok(())
}

/// As durable as by default, and as fast as it gets with that.
fn settings(port: u16, options: &Options) -> Vec<String> {
    let connections = options.postgres_connections.min(options.clients) + 8;
    [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=on",
        "synchronous_commit=on",
        "full_page_writes=on",
        // No replicas here, and no checkpoint while somebody plays.
        "wal_level=minimal",
        "max_wal_senders=0",
        "max_wal_size=8GB",
        "min_wal_size=1GB",
        "checkpoint_timeout=1h",
        "wal_buffers=16MB",
        "shared_buffers=512MB",
        // A sale is over before there is anything to clean up.
        "autovacuum=off",
        "jit=off",
        // Planned once, and not for the empty tables of that moment.
        "plan_cache_mode=force_generic_plan",
        "enable_seqscan=off",
        "track_activities=off",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([
        format!("port={port}"),
        format!("max_connections={connections}"),
        format!("commit_delay={}", options.commit_delay_us),
    ])
    .collect()
}

/// A connection.
pub(crate) async fn connect(config: &Config) -> anyhow::Result<Client> {
    let (client, connection) = config.connect(NoTls).await?;
    // Its end shows in the client, whose calls then fail.
    tokio::spawn(connection);
    Ok(client)
}

impl Connection {
    async fn new(config: &Config) -> anyhow::Result<Arc<Self>> {
        let client = connect(config).await.context("cannot connect")?;
        let types = [Type::INT8, Type::INT4, Type::INT4_ARRAY, Type::FLOAT8];
        let hold = client.prepare_typed(HOLD, &types).await.context("the hold cannot be prepared")?;
        let confirm = client.prepare_typed(CONFIRM, &types[..2]).await;
        let confirm = confirm.context("the confirmation cannot be prepared")?;
        Ok(Arc::new(Self { client, hold, confirm }))
    }
}

impl Seller for Postgres {
    type Desk = Buyer;

    fn about(&self) -> &About {
        &self.about
    }

    async fn desks(&mut self, clients: u32) -> anyhow::Result<Vec<Buyer>> {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(Connection::new(&self.config).await?);
        }
        let connections = connections.iter().cycle().zip(0..clients);
        Ok(connections
            .map(|(connection, number)| Buyer { connection: connection.clone(), number, holds: 0 })
            .collect())
    }

    async fn open(&mut self) -> anyhow::Result<Tables> {
        self.client.batch_execute("TRUNCATE seats, holds").await?;
        let last = i32::try_from(self.seats)? - 1;
        self.client.execute("INSERT INTO seats (seat) SELECT generate_series(0, $1)", &[&last]).await?;
        self.client.batch_execute("ANALYZE seats").await?;
        Ok(Tables)
    }

    async fn taken(&mut self, _sale: &Tables) -> anyhow::Result<Vec<Taken>> {
        let statement = "SELECT seat, sold FROM seats WHERE sold OR held_until > now()";
        let rows = self.client.query(statement, &[]).await?;
        rows.iter()
            .map(|row| Ok(Taken { seat: u32::try_from(row.get::<_, i32>(0))?, sold: row.get(1) }))
            .collect()
    }

    async fn stop(self) -> anyhow::Result<()> {
        drop(self.client);
        self.server.stop(Signal::INT).await
    }
}

impl Desk for Buyer {
    type Sale = Tables;
    type Hold = i64;

    async fn hold(&mut self, _sale: &Tables, party: Party) -> anyhow::Result<Option<i64>> {
        self.holds += 1;
        let hold = i64::from(self.number) << 32 | i64::from(self.holds);
        let seats: Vec<i32> = party.seats().map(u32::cast_signed).collect();
        let (buyer, seconds) = (self.number.cast_signed(), f64::from(HOLD_SECONDS));
        let Connection { client, hold: statement, .. } = self.connection.as_ref();
        let held = client.execute(statement, &[&hold, &buyer, &seats, &seconds]).await?;
        Ok((held == 1).then_some(hold))
    }

    async fn confirm(&mut self, _sale: &Tables, _party: Party, hold: i64) -> anyhow::Result<()> {
        let buyer = self.number.cast_signed();
        let Connection { client, confirm: statement, .. } = self.connection.as_ref();
        if client.execute(statement, &[&hold, &buyer]).await? != 1 {
            bail!("hold {hold} could not be confirmed");
        }
        Ok(())
    }
}
