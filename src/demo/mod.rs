//! `onsale demo`: the whole thing in one command.
//!
//! Starts this very program as the nodes of a cluster in a temporary directory, fills it with a catalogue, sells a stadium
//! out in a flash sale through the front doors of all nodes, kills the event's owner and moves its shard meanwhile, prints
//! figures, what happened and the verdict, and keeps serving until it is told to end.
//!
//! Hazard: whenever and however the demo ends, its nodes and their data must go with it.

mod catalogue;
mod client;
mod keys;
mod node;
mod nodes;
mod places;
mod story;
mod trouble;

use std::io::Write;
use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use bench::progress::{Progress, Terminal};
use bench::replay::{Admin, Operator, ReplayOptions, ReplayOutcome};
use bench::report::whole;
use bench::stadium;
use bench::trace::flash_sale;
use domain::ports::Clock;
use serde_json::json;

use crate::cli::Demo;
use crate::clock::SystemClock;
use crate::signals::told_to_end;
use client::Client;
use keys::USERNAME;
use nodes::Nodes;
use trouble::{Seen, Trouble};

const STADIUM: &str = "stadium";
/// Long enough to pay, short enough that what is abandoned is soon on sale again.
const HOLD_SECONDS: u32 = 10;
/// A refused buyer asks so often in all, as people do.
const ATTEMPTS: u32 = 2;
/// Connections to each node; more would only wait for each other on a small machine.
const CONNECTIONS: usize = 128;
const TOO_SOON: &str = "ended before the verdict";

/// Runs the demo; `true` when no promise was broken.
///
/// # Errors
/// When the nodes cannot be started or the sale cannot be played.
pub async fn run(options: &Demo) -> anyhow::Result<bool> {
    let mut told = pin!(told_to_end());
    let mut nodes = Nodes::none()?;
    let kept = tokio::select! {
        biased; // Signals are heard before there is anything to clean up.
        () = &mut told => Err(anyhow!(TOO_SOON)),
        kept = show(options, &mut nodes) => kept,
    };
    if kept.is_ok() && !options.exit {
        tokio::select! {
            () = &mut told => {}
            ended = nodes.any_ended() => ended?,
        }
    }
    // What went wrong first is what matters.
    let stopped = nodes.stop().await;
    let kept = kept?;
    stopped.map(|()| kept)
}

/// Starts the nodes, fills them, sells the stadium out and tells how it went.
async fn show(options: &Demo, nodes: &mut Nodes) -> anyhow::Result<bool> {
    let progress = Arc::new(Terminal::new());
    let admin = nodes.start(options.nodes, &*progress).await?;
    let operator = Client::new(&nodes.first()?.http()).login(USERNAME, &nodes.keys.password).await?;
    let shows = fill(&operator, options.seed, &*progress).await?;
    let (outcome, seen) = sell(options, nodes, &admin, progress).await?;
    say(&outcome.report.text());
    if let Some(seen) = seen {
        say(&story::events(&outcome, &seen));
    }
    say(&story::summary(&outcome));
    if !options.exit {
        let (first, password) = (nodes.first()?, &nodes.keys.password);
        say(&story::invitation(shows, &first.http(), &first.admin(), USERNAME, password));
    }
    Ok(outcome.report.verdict.is_clean())
}

/// Makes the catalogue; the number of shows.
async fn fill(operator: &Client, seed: u64, progress: &dyn Progress) -> anyhow::Result<usize> {
    let catalogue = catalogue::generate(seed, SystemClock::new().read().wall);
    let total: usize = catalogue.venues.iter().map(|venue| 1 + venue.shows.len()).sum();
    progress.begin("catalogue", (total + catalogue.performers.len()) as u64);
    let mut done = 0;
    let mut step = || {
        done += 1;
        progress.at(done, "");
    };
    let mut performers = Vec::with_capacity(catalogue.performers.len());
    for body in &catalogue.performers {
        performers.push(operator.create("/performers", body).await?);
        step();
    }
    let mut shows = 0;
    for venue in catalogue.venues {
        let venue_id = operator.create("/venues", &venue.body).await?;
        step();
        for mut show in venue.shows {
            show.body["venueId"] = json!(venue_id);
            show.body["performerIds"] = json!([performers[show.performer]]);
            operator.create("/events", &show.body).await?;
            shows += 1;
            step();
        }
    }
    progress.end(&format!("{shows} shows"));
    Ok(shows)
}

/// Plays the sale; where there are several nodes, not without trouble.
async fn sell(
    options: &Demo,
    nodes: &mut Nodes,
    admin: &Admin,
    progress: Arc<Terminal>,
) -> anyhow::Result<(ReplayOutcome, Option<Seen>)> {
    let plan = stadium::plan()?;
    let window_ms = options.seconds * 1000;
    let sessions = flash_sale::sessions(options.seed, stadium::PLACES, options.sessions, window_ms, STADIUM);
    progress.note(&format!(
        "{} buyers come for {} seats within {} s",
        whole(options.sessions.into()),
        whole(stadium::PLACES.into()),
        options.seconds
    ));
    let voters = if options.nodes > 1 { "a majority of three voters" } else { "one voter" };
    let replay = ReplayOptions {
        title: "flash sale of a stadium".into(),
        operator: Operator::Login { username: USERNAME.into(), password: nodes.keys.password.clone() },
        ttl_seconds: HOLD_SECONDS,
        attempts: ATTEMPTS,
        connections: CONNECTIONS,
        durability: Some(format!("every acknowledgement after fdatasync of the journal of {voters}")),
        ..ReplayOptions::new(nodes.https(), sessions, plan)
    };
    let unplayable = "the flash sale could not be played";
    if options.nodes == 1 {
        return Ok((bench::replay::run(replay, progress).await.context(unplayable)?, None));
    }
    let mut trouble = Trouble { nodes, admin, event: STADIUM, seen: Seen::default() };
    let outcome = bench::replay::run_disturbed(replay, &mut trouble, progress).await.context(unplayable)?;
    Ok((outcome, Some(trouble.seen)))
}

/// What the demo was asked to tell goes to standard output.
fn say(text: &str) {
    // Nobody may be listening; that is no reason to stop.
    let _unheard = writeln!(std::io::stdout(), "{text}");
}
