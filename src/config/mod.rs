//! What an operator can set: raw in `settings`, checked here. Every key is documented in `config.toml`.
//!
//! Whatever is wrong ends the program with exit code 2 and a message that names the key, the value and what is allowed.

mod limits;
mod live;
mod notices;
mod settings;
mod stripe;

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use limits::LimitsConfig;
pub use live::LiveConfig;
pub use notices::{MailConfig, NoticesConfig, SmsConfig, WebhooksConfig};
use settings::Settings;
pub use stripe::StripeConfig;

/// The fewest bytes of a secret that signs or authenticates.
pub const MIN_SECRET_BYTES: usize = 32;

/// The configuration cannot be used; the text says why and what would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(String);

impl ConfigError {
    /// With this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

/// A secret text: it can be used, but not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[http]`
    pub http: HttpConfig,
    /// `[auth]`
    pub auth: AuthConfig,
    /// `[cluster]`
    pub cluster: ClusterConfig,
    /// `[journal]`
    pub journal: JournalConfig,
    /// `[actors]`
    pub actors: ActorsConfig,
    /// `[search]`
    pub search: SearchConfig,
    /// `[payments]`
    pub payments: PaymentsConfig,
    /// `[mail]`, `[sms]`, `[webhooks]` and `[outbox]`
    pub notices: NoticesConfig,
    /// `[limits]`
    pub limits: LimitsConfig,
    /// `[live]`
    pub live: LiveConfig,
    /// `log.format`
    pub log_format: LogFormat,
    /// `log.level`, in the language of `tracing_subscriber::EnvFilter`.
    pub log_level: String,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// An object a line, for machines.
    Json,
}

/// Limits of the listeners.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// For the head of a request.
    pub header_timeout: Duration,
    /// For a whole request.
    pub request_deadline: Duration,
    /// Largest body, but for seat maps.
    pub body_limit_bytes: usize,
    /// Largest body of `POST /venues`.
    pub seat_map_limit_bytes: usize,
    /// The same for a batch of holds.
    pub batch_limit_bytes: usize,
    /// Memory for events that are read, in MiB.
    pub seat_cache_mebibytes: u64,
    /// Connections at a time and listener.
    pub max_connections: usize,
    /// Origins whose pages may call, or `*`.
    pub cors_origins: Vec<String>,
    /// For running requests when the node stops.
    pub shutdown_grace: Duration,
}

/// Accounts, passwords and tokens.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// The bootstrap operator.
    pub operator_username: String,
    /// `None`: made on first start.
    pub operator_password: Option<Secret>,
    /// `None`: follows from the cluster's secret.
    pub token_secret: Option<Secret>,
    /// Checks tokens that were signed before, and signs none.
    pub previous_token_secrets: Vec<Secret>,
    /// `None`: follows from the cluster's secret.
    pub personal_data_secret: Option<Secret>,
    /// Life of an access token.
    pub token_ttl: Duration,
    /// argon2id memory.
    pub argon2_memory_kib: u32,
    /// argon2id passes.
    pub argon2_passes: u32,
    /// argon2id lanes.
    pub argon2_lanes: u32,
    /// Hashes at a time.
    pub hash_concurrency: usize,
    /// Hashes that may wait.
    pub hash_queue: usize,
}

/// The cluster as a whole.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// `None`: made on first start.
    pub secret: Option<Secret>,
    /// Number of shards.
    pub shards: u16,
    /// Replicas a shard once there are as many nodes.
    pub replication: u16,
    /// Where others reach this node; `None`: where it listens.
    pub advertised_host: Option<String>,
    /// How much it is to have beside the others.
    pub weight: u32,
    /// Whether nodes beyond the replication factor get replicas at once.
    pub auto_rebalance: bool,
    /// After that a dead node's replicas are placed anew.
    pub replace_after: Duration,
    /// Replicas on their way from this node at a time.
    pub moves_at_once: usize,
    /// How fast they may be; 0: no limit.
    pub snapshot_bytes_per_second: u64,
}

/// The journal.
#[derive(Debug, Clone)]
pub struct JournalConfig {
    /// Entries between two snapshots.
    pub snapshot_every_entries: u64,
    /// Entries kept behind a snapshot.
    pub keep_entries: u64,
    /// Free bytes of the disk that are left alone.
    pub reserve_bytes: u64,
    /// Proposals that wait.
    pub queue_capacity: usize,
}

/// The event actors.
#[derive(Debug, Clone)]
pub struct ActorsConfig {
    /// Commands that wait for one event.
    pub mailbox_capacity: usize,
    /// Threads.
    pub threads: usize,
}

/// The search.
#[derive(Debug, Clone)]
pub struct SearchConfig {
    /// Places beyond the built-in ones.
    pub places_file: Option<PathBuf>,
    /// For answers that many ask for.
    pub cache_bytes: u64,
}

/// Payments.
#[derive(Debug, Clone)]
pub struct PaymentsConfig {
    /// After that a payment is voided.
    pub timeout_ms: u64,
    /// After that a booking answers 202.
    pub answer_after: Duration,
    /// The Stripe account, where there is one.
    pub stripe: Option<StripeConfig>,
    test_provider: TestProvider,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TestProvider {
    On,
    Off,
    Auto,
}

impl PaymentsConfig {
    /// Whether the built-in test provider takes payments on a node whose public listener is at `http`.
    #[must_use]
    pub fn test_provider_is_on(&self, http: SocketAddr) -> bool {
        match self.test_provider {
            TestProvider::On => true,
            TestProvider::Off => false,
            TestProvider::Auto => http.ip().is_loopback(),
        }
    }
}

/// Reads the configuration: the built-in defaults, then `file`, then `variables` of the environment.
///
/// # Errors
/// An unknown key, a value of the wrong type or out of range, or a file that cannot be read.
pub fn load(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let mut settings = Settings::built_in();
    if let Some(path) = file {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::new(format!("--config {shown} cannot be read: {error}")))?;
        settings.overlay_file(&shown, &text)?;
    }
    settings.overlay_env(variables)?;
    check(&settings)
}

fn check(settings: &Settings) -> Result<Config, ConfigError> {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    let ms = |key, least, most| settings.number(key, least..=most).map(Duration::from_millis);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let http = HttpConfig {
        header_timeout: ms("http.header_timeout_ms", 100, DAY_MS)?,
        request_deadline: ms("http.request_deadline_ms", 1000, DAY_MS)?,
        body_limit_bytes: settings.number("http.body_limit_bytes", 1024..=1 << 30)?,
        seat_map_limit_bytes: settings.number("http.seat_map_limit_bytes", 1024..=1 << 30)?,
        batch_limit_bytes: settings.number("http.batch_limit_bytes", 1024..=1 << 30)?,
        seat_cache_mebibytes: settings.number("http.seat_cache_mebibytes", 0..=1 << 20)?,
        max_connections: settings.number("http.max_connections", 1..=1_000_000)?,
        cors_origins: cors_origins(settings)?,
        shutdown_grace: ms("http.shutdown_grace_ms", 0, 6000)?,
    };
    let auth = AuthConfig {
        operator_username: operator_username(settings)?,
        operator_password: operator_password(settings)?,
        token_secret: secret(settings, "auth.token_secret")?,
        previous_token_secrets: secrets(settings, "auth.previous_token_secrets")?,
        personal_data_secret: secret(settings, "auth.personal_data_secret")?,
        token_ttl: Duration::from_secs(settings.number("auth.token_ttl_seconds", 1..=30 * 24 * 3600)?),
        argon2_memory_kib: settings.number("auth.argon2_memory_kib", 19_456..=4 << 20)?,
        argon2_passes: settings.number("auth.argon2_passes", 2..=100)?,
        argon2_lanes: settings.number("auth.argon2_lanes", 1..=64)?,
        hash_concurrency: match settings.number("auth.hash_concurrency", 0..=1024)? {
            0 => cores.saturating_sub(1).max(1),
            set => set,
        },
        hash_queue: settings.number("auth.hash_queue", 0..=1_000_000)?,
    };
    let cluster = ClusterConfig {
        secret: secret(settings, "cluster.secret")?,
        shards: settings.number("cluster.shards", 1..=1024)?,
        replication: match settings.number("cluster.replication", 1..=7)? {
            odd if odd % 2 == 1 => odd,
            _ => return Err(settings.refused("cluster.replication", "1, 3, 5 or 7")),
        },
        advertised_host: match settings.text("cluster.advertised_host") {
            "" => None,
            host => Some(host.to_owned()),
        },
        weight: settings.number("cluster.weight", 1..=100)?,
        auto_rebalance: settings.flag("cluster.auto_rebalance"),
        replace_after: Duration::from_secs(
            60 * settings.number("cluster.replace_after_minutes", 1..=100_000)?,
        ),
        moves_at_once: settings.number("cluster.moves_at_once", 1..=1024)?,
        snapshot_bytes_per_second: settings.number("cluster.snapshot_mebibytes_per_second", 0..=1 << 20)?
            << 20,
    };
    let journal = JournalConfig {
        snapshot_every_entries: settings.number("journal.snapshot_every_entries", 10..=100_000_000)?,
        keep_entries: settings.number("journal.keep_entries", 0..=100_000_000)?,
        reserve_bytes: settings.number("journal.reserve_mebibytes", 1_u64..=1 << 20)? << 20,
        queue_capacity: settings.number("journal.queue_capacity", 1..=1_000_000)?,
    };
    let actors = ActorsConfig {
        mailbox_capacity: settings.number("actors.mailbox_capacity", 1..=1_000_000)?,
        threads: match settings.number("actors.threads", 0..=1024)? {
            0 => cores.saturating_sub(1).max(1),
            set => set,
        },
    };
    let search = SearchConfig {
        places_file: Some(settings.text("search.places_file"))
            .filter(|path| !path.is_empty())
            .map(PathBuf::from),
        cache_bytes: settings.number("search.cache_mebibytes", 0_u64..=1 << 20)? << 20,
    };
    let payments = PaymentsConfig {
        timeout_ms: settings.number("payments.timeout_ms", 100..=600_000)?,
        answer_after: ms("payments.answer_after_ms", 10, 25_000)?,
        stripe: stripe::check(settings)?,
        test_provider: match settings.text("payments.test_provider") {
            "on" => TestProvider::On,
            "off" => TestProvider::Off,
            "auto" => TestProvider::Auto,
            _ => return Err(settings.refused("payments.test_provider", "\"on\", \"off\" or \"auto\"")),
        },
    };
    let log_format = match settings.text("log.format") {
        "text" => LogFormat::Text,
        "json" => LogFormat::Json,
        _ => return Err(settings.refused("log.format", "\"text\" or \"json\"")),
    };
    let notices = notices::check(settings)?;
    let log_level = settings.text("log.level").to_owned();
    if tracing_subscriber::EnvFilter::try_new(&log_level).is_err() {
        return Err(
            settings.refused("log.level", "error, warn, info, debug, trace or module=level pairs of them")
        );
    }
    let (limits, live) = (LimitsConfig::read(settings)?, LiveConfig::read(settings)?);
    Ok(Config {
        http,
        auth,
        cluster,
        journal,
        actors,
        search,
        payments,
        notices,
        limits,
        live,
        log_format,
        log_level,
    })
}

/// Compared with what a browser sends, so written like that: scheme, host, and a port that is not the usual one.
fn cors_origins(settings: &Settings) -> Result<Vec<String>, ConfigError> {
    let given =
        settings.text("http.cors_origins").split(',').map(str::trim).filter(|origin| !origin.is_empty());
    let origins: Vec<String> = given.map(str::to_owned).collect();
    let is_origin = |origin: &String| {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        origin == "*" || host.is_some_and(|host| !host.is_empty() && host.bytes().all(is_of_host))
    };
    if origins.iter().all(is_origin) {
        return Ok(origins);
    }
    Err(settings
        .refused("http.cors_origins", "origins as https://example.org with commas between them, or *"))
}

fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]".contains(&byte)
}

fn operator_username(settings: &Settings) -> Result<String, ConfigError> {
    let name = settings.text("auth.operator_username");
    if domain::account::is_username(name) {
        return Ok(name.to_owned());
    }
    Err(settings.refused("auth.operator_username", domain::account::USERNAME_RULE))
}

fn operator_password(settings: &Settings) -> Result<Option<Secret>, ConfigError> {
    let password = settings.text("auth.operator_password");
    if password.is_empty() || domain::account::is_password(password) {
        return Ok(optional(password));
    }
    Err(settings.refused("auth.operator_password", domain::account::PASSWORD_RULE))
}

fn secret(settings: &Settings, key: &str) -> Result<Option<Secret>, ConfigError> {
    let text = settings.text(key);
    if text.is_empty() || text.len() >= MIN_SECRET_BYTES {
        return Ok(optional(text));
    }
    Err(settings.refused(key, &format!("at least {MIN_SECRET_BYTES} bytes, or empty to have one made")))
}

fn secrets(settings: &Settings, key: &str) -> Result<Vec<Secret>, ConfigError> {
    let all: Vec<&str> = settings.text(key).split_whitespace().collect();
    if all.iter().any(|text| text.len() < MIN_SECRET_BYTES) {
        let allowed = format!("secrets of at least {MIN_SECRET_BYTES} bytes with spaces between, or empty");
        return Err(settings.refused(key, &allowed));
    }
    Ok(all.into_iter().map(|text| Secret::new(text.to_owned())).collect())
}

fn optional(text: &str) -> Option<Secret> {
    (!text.is_empty()).then(|| Secret::new(text.to_owned()))
}

#[cfg(test)]
#[path = "config_test.rs"]
mod test;
