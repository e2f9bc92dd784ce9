//! The same queries to PostgreSQL: full text with weights, trigrams for what is misspelt, and an index for whatever else is
//! asked for.
//!
//! Owns: its table, its indexes and its statements. It gets the text folded, as it is compared here; it answers what a
//! node answers: the first twenty and how many there are in all. What full text does not find is looked for by trigrams, in a
//! second statement, as one would.

use super::asking::{Kind, NOW_MS};
use crate::ambient::unique_prefix;
use crate::peers::postgres::{OWNER, USERS, connect, make_cluster, program};
use crate::peers::process::{Home, Server, free_port};
use anyhow::Context;
use futures_util::{SinkExt, pin_mut};
use hyper::body::Bytes;
use rustix::process::Signal;
use search::{Day, Entry, Query, fold};
use std::path::Path;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Row, Statement};

const TABLE: &str = "
CREATE EXTENSION pg_trgm; CREATE EXTENSION cube; CREATE EXTENSION earthdistance;
CREATE TABLE events (id bigint, name text, performers text, place text, description text, city text, kind text,
  lat float8, lon float8, starts_at bigint, day int, words tsvector)";

const INDEXES: &str = "
UPDATE events SET words = setweight(to_tsvector('simple', name), 'A') || setweight(to_tsvector('simple', performers), 'B')
  || setweight(to_tsvector('simple', place), 'C') || setweight(to_tsvector('simple', description), 'D');
VACUUM FULL events;
SET maintenance_work_mem = '1GB';
ALTER TABLE events ADD PRIMARY KEY (id);
CREATE INDEX ON events USING gin (words) WITH (fastupdate = off);
CREATE INDEX ON events USING gin ((name || ' ' || performers || ' ' || place) gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX ON events USING gist (ll_to_earth(lat, lon));
CREATE INDEX ON events (city, day, starts_at);
CREATE INDEX ON events (kind, day);
CREATE INDEX ON events (starts_at);
VACUUM ANALYZE events";

const BY_WORDS: &str = "
SELECT id, count(*) OVER () FROM events, to_tsquery('simple', $1) q
WHERE words @@ q AND starts_at > $2 AND ($4::text IS NULL OR kind = $4) AND day BETWEEN $5 AND $6
ORDER BY name = $3 DESC, ts_rank(words, q) DESC, starts_at, id LIMIT 20";

const BY_TRIGRAMS: &str = "
SELECT id, count(*) OVER () FROM events
WHERE $1 <% (name || ' ' || performers || ' ' || place) AND starts_at > $2
ORDER BY word_similarity($1, name || ' ' || performers || ' ' || place) DESC, starts_at, id LIMIT 20";

const BY_DISTANCE: &str = "
SELECT id, count(*) OVER () FROM events
WHERE earth_box(ll_to_earth($1, $2), $3) @> ll_to_earth(lat, lon)
  AND earth_distance(ll_to_earth($1, $2), ll_to_earth(lat, lon)) <= $3 AND starts_at > $4
ORDER BY earth_distance(ll_to_earth($1, $2), ll_to_earth(lat, lon)), starts_at, id LIMIT 20";

const BY_DAYS: &str = "
SELECT id, count(*) OVER () FROM events WHERE city = $1 AND day BETWEEN $2 AND $3 AND starts_at > $4
ORDER BY starts_at, id LIMIT 20";

/// A server with all events.
pub(super) struct Postgres {
    server: Server,
    client: Client,
    words: Statement,
    trigrams: Statement,
    distance: Statement,
    days: Statement,
}

impl Postgres {
    /// Starts it, with its data in `folder`, and puts `entries` in.
    pub(super) async fn start(folder: &Path, entries: &[Entry]) -> anyhow::Result<Self> {
        let program = program().context("there is no postgres")?;
        let home = Home::new(folder, &USERS)?;
        let password = unique_prefix()? + &unique_prefix()?;
        make_cluster(&program, &home, &password).await?;
        let port = free_port()?;
        let mut command = home.command(&program);
        command.arg("-D").arg(home.path().join("data"));
        for setting in SETTINGS.map(str::to_owned).into_iter().chain([format!("port={port}")]) {
            command.arg("-c").arg(setting);
        }
        let mut server = Server::spawn("PostgreSQL", home, command)?;
        let mut config = Config::new();
        config.host("127.0.0.1").port(port).user(OWNER).password(password).dbname("postgres");
        let client = server.until(async |_| connect(&config).await.ok()).await?;
        client.batch_execute(TABLE).await.context("the table cannot be made")?;
        fill(&client, entries).await.context("the events cannot be put in")?;
        for statement in INDEXES.split(';') {
            client.batch_execute(statement).await.with_context(|| statement.to_owned())?;
        }
        Ok(Self {
            words: client.prepare(BY_WORDS).await?,
            trigrams: client.prepare(BY_TRIGRAMS).await?,
            distance: client.prepare(BY_DISTANCE).await?,
            days: client.prepare(BY_DAYS).await?,
            server,
            client,
        })
    }

    /// The numbers of the first twenty.
    pub(super) async fn ask(&self, kind: Kind, query: &Query) -> anyhow::Result<Vec<u64>> {
        let now = i64::try_from(NOW_MS)?;
        let days = (query.days.start().0, query.days.end().0);
        let rows = match (kind, query.near) {
            (Kind::Near, Some((point, radius))) => {
                let metres = radius.unwrap_or(20_000.0) * 1000.0;
                self.rows(&self.distance, &[&point.lat(), &point.lon(), &metres, &now]).await?
            }
            (Kind::Days, _) => {
                let city = fold(query.location.as_deref().unwrap_or_default());
                self.rows(&self.days, &[&city, &days.0, &days.1, &now]).await?
            }
            _ => {
                let keyword = fold(&query.keyword);
                let words = all_words(&keyword);
                let kind = query.kind.as_deref();
                let found =
                    self.rows(&self.words, &[&words, &now, &keyword, &kind, &days.0, &days.1]).await?;
                if found.is_empty() { self.rows(&self.trigrams, &[&keyword, &now]).await? } else { found }
            }
        };
        Ok(rows.iter().map(|row| row.get::<_, i64>(0) as u64).collect())
    }

    async fn rows(&self, statement: &Statement, values: &[&(dyn ToSql + Sync)]) -> anyhow::Result<Vec<Row>> {
        Ok(self.client.query(statement, values).await?)
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        drop(self.client);
        self.server.stop(Signal::INT).await
    }
}

/// Everything in memory, and one core a query, as the other side has.
const SETTINGS: [&str; 10] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=3GB",
    "work_mem=256MB",
    "fsync=off",
    "max_wal_size=16GB",
    "max_parallel_workers_per_gather=0",
    "jit=off",
    "pg_trgm.word_similarity_threshold=0.6",
    "random_page_cost=1.1",
];

/// All words of `keyword`, the last one as a beginning.
fn all_words(keyword: &str) -> String {
    let words: Vec<&str> =
        keyword.split(|it: char| !it.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { String::new() } else { words.join(" & ") + ":*" }
}

async fn fill(client: &Client, entries: &[Entry]) -> anyhow::Result<()> {
    let sink = client
        .copy_in::<_, Bytes>(
            "COPY events (id, name, performers, place, description, city, kind, lat, lon, starts_at, day) FROM STDIN",
        )
        .await?;
    pin_mut!(sink);
    for chunk in entries.chunks(1_000) {
        let mut text = String::new();
        for entry in chunk {
            let place = fold(&format!("{} {}", entry.venue, entry.city));
            let fields = [
                entry.number.to_string(),
                fold(&entry.name),
                fold(&entry.performers.join(" ")),
                place,
                fold(&entry.description),
                fold(&entry.city),
                fold(&entry.kind),
                entry.point.lat().to_string(),
                entry.point.lon().to_string(),
                entry.starts_at.to_string(),
                Day::at(entry.starts_at, &entry.zone).0.to_string(),
            ];
            text += &fields.join("\t");
            text.push('\n');
        }
        sink.send(text.into()).await?;
    }
    sink.finish().await?;
    Ok(())
}
