//! The comparison: the same buyers make the same attempts on the same seats of onsale, Redis and PostgreSQL.
//!
//! Owns: the options and the order of a comparison. All sellers run on this machine, one plays while the others idle,
//! and they take turns, A B C D A B C D, so that a slow minute of the machine hurts all alike.
//! Not: what is attempted ([`plan`]), how a seller is asked (`onsale`, `redis`, `postgres`), what the figures come to
//! ([`report`]).
//! Hazard: a comparison is worth what its fairness is. All sellers answer through loopback TCP to as many clients on
//! the same threads, durable as their mode says, and every sale is audited afterwards.

mod audit;
mod drive;
mod node;
mod onsale;
pub mod plan;
mod plot;
pub(crate) mod postgres;
pub(crate) mod process;
mod redis;
pub mod report;
mod seller;
mod stand;
mod text;

use crate::ambient::Clock;
use crate::progress::Progress;
use anyhow::{Context, bail};
use clap::ValueEnum;
use plan::Mix;
use report::{Report, Round};
use serde::{Deserialize, Serialize};
use stand::{Contestant, Stand, Turn};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// The longest that a node allows: no hold lapses while others play, which would be work for its seller alone.
const HOLD_SECONDS: u32 = 1_800;
const WARM_UP_US: u64 = 1_000_000;

/// Who sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// This project's node.
    Onsale,
    /// Redis that syncs before it answers.
    RedisAlways,
    /// Redis that syncs once a second.
    RedisEverysec,
    /// PostgreSQL that syncs before it answers.
    Postgresql,
}

impl Peer {
    /// All of them, in the order in which they take turns.
    pub const ALL: [Self; 4] = [Self::Onsale, Self::RedisAlways, Self::RedisEverysec, Self::Postgresql];

    /// As it is called on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onsale => "onsale",
            Self::RedisAlways => "redis-always",
            Self::RedisEverysec => "redis-everysec",
            Self::Postgresql => "postgresql",
        }
    }

    /// Why it cannot take part, and what to do about it; nothing when it can.
    pub fn missing(self) -> Option<&'static str> {
        match self {
            Self::Onsale => None,
            Self::RedisAlways | Self::RedisEverysec => redis::missing(),
            Self::Postgresql => postgres::missing(),
        }
    }
}

/// What to compare, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who takes part.
    pub peers: Vec<Peer>,
    /// What is played.
    pub mixes: Vec<Mix>,
    /// Clients that each wait for an answer before they ask again.
    pub clients: u32,
    /// Threads that the clients share, whoever sells.
    pub threads: usize,
    /// Seats of a sale.
    pub seats: u32,
    /// How often everybody has a turn at every mix.
    pub rounds: u32,
    /// How long a turn lasts, without its preparations.
    pub turn_ms: u64,
    /// What the attempts follow from.
    pub seed: u64,
    /// The node's program, if it is not beside this one.
    pub node: Option<PathBuf>,
    /// Whether calls to onsale carry an Idempotency-Key.
    pub keys: bool,
    /// Connections to Redis that the clients share.
    pub redis_connections: u32,
    /// Connections to PostgreSQL that the clients share.
    pub postgres_connections: u32,
    /// PostgreSQL's setting of that name.
    pub commit_delay_us: u32,
    /// The folder for everybody's data, which is removed afterwards.
    pub data: PathBuf,
}

/// Runs the comparison.
///
/// # Errors
/// When none of the peers can be had, one of them fails, sells what it should not have sold, or a signal ends the run.
pub async fn run(options: Options, progress: Arc<dyn Progress>) -> anyhow::Result<Report> {
    let peers = present(&options.peers, progress.as_ref())?;
    let clock = Clock::start();
    let mut stands: Vec<Box<dyn Contestant>> = Vec::new();
    let compared = tokio::select! {
        biased;
        () = told_to_end() => Err(anyhow::anyhow!("ended before the last round")),
        compared = async {
            for peer in peers {
                progress.note(&format!("starting {}", peer.name()));
                stands.push(start(peer, &options).await.with_context(|| peer.name())?);
            }
            rounds(&mut stands, &options, clock, progress.as_ref()).await
        } => compared,
    };
    let sellers = stands.iter().map(|stand| stand.about().clone()).collect();
    for stand in stands {
        let name = stand.about().peer.name();
        if let Err(fault) = stand.stop().await {
            progress.note(&format!("{name} did not end well: {fault:#}"));
        }
    }
    Ok(Report::new(&options, sellers, compared?))
}

/// Those who can take part; about the others the person is told.
fn present(wanted: &[Peer], progress: &dyn Progress) -> anyhow::Result<Vec<Peer>> {
    let mut hints = Vec::new();
    let mut present = Vec::new();
    for peer in Peer::ALL.into_iter().filter(|peer| wanted.contains(peer)) {
        match peer.missing() {
            None => present.push(peer),
            Some(hint) => {
                progress.note(&format!("{} is left out: {hint}", peer.name()));
                hints.push(hint);
            }
        }
    }
    hints.dedup();
    if !hints.is_empty() && present.iter().all(|peer| *peer == Peer::Onsale) {
        bail!("there is nobody to compare with: {}", hints.join("; "));
    }
    Ok(present)
}

async fn start(peer: Peer, options: &Options) -> anyhow::Result<Box<dyn Contestant>> {
    Ok(match peer {
        Peer::Onsale => Box::new(Stand::new(onsale::Onsale::start(options).await?, options).await?),
        Peer::RedisAlways | Peer::RedisEverysec => {
            Box::new(Stand::new(redis::Redis::start(peer, options).await?, options).await?)
        }
        Peer::Postgresql => Box::new(Stand::new(postgres::Postgres::start(options).await?, options).await?),
    })
}

/// Lets everybody play in turn.
async fn rounds(
    stands: &mut [Box<dyn Contestant>],
    options: &Options,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<Vec<Round>> {
    let mut rounds = Vec::new();
    for mix in options.mixes.iter().copied() {
        let parties = plan::parties(mix, options.seats, options.seed).into();
        let turn = Turn { mix, parties, lasts_us: options.turn_ms * 1_000, clock };
        let warm_up = Turn { lasts_us: turn.lasts_us.min(WARM_UP_US), ..turn.clone() };
        progress.note(&format!("{}: warming up", mix.name()));
        for stand in stands.iter_mut() {
            play(stand.as_mut(), &warm_up).await?;
        }
        for number in 1..=options.rounds {
            for stand in stands.iter_mut() {
                let tally = play(stand.as_mut(), &turn).await?;
                let round = Round::new(stand.about().peer, mix, number, &tally);
                progress.note(&format!("{} {number}/{}: {}", mix.name(), options.rounds, round.text()));
                rounds.push(round);
            }
        }
    }
    Ok(rounds)
}

async fn play(stand: &mut dyn Contestant, turn: &Turn) -> anyhow::Result<stand::Tally> {
    let name = stand.about().peer.name();
    stand.play(turn).await.with_context(|| format!("{name}, {}", turn.mix.name()))
}

/// Waits until a person or the system wants the run to end; servers must not outlive it.
async fn told_to_end() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
