//! `onsale demo`: the whole thing in one command.
//!
//! Starts this very program as a durable node in a temporary directory, fills it with a catalogue, sells a stadium out
//! in a flash sale through the front door, prints figures and verdict, and keeps serving until it is told to end.
//!
//! Hazard: whenever and however the demo ends, its node and its data must go with it.

mod catalogue;
mod client;
mod node;
mod places;

use std::io::Write;
use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use bench::progress::{Progress, Terminal};
use bench::replay::{Operator, ReplayOptions, ReplayOutcome};
use bench::report::whole;
use bench::stadium;
use bench::trace::flash_sale;
use domain::ports::{Clock, Random};
use serde_json::json;

use crate::cli::Demo;
use crate::clock::{SystemClock, SystemRandom};
use crate::signals::told_to_end;
use client::Client;
use node::DemoNode;

const STADIUM: &str = "stadium";
/// Long enough to pay, short enough that what is abandoned is soon on sale again.
const HOLD_SECONDS: u32 = 10;
/// A refused buyer asks so often in all, as people do.
const ATTEMPTS: u32 = 2;
const USERNAME: &str = "operator";
const TOO_SOON: &str = "ended before the verdict";

/// Runs the demo; `true` when no promise was broken.
///
/// # Errors
/// When the node cannot be started or the sale cannot be played.
pub async fn run(options: &Demo) -> anyhow::Result<bool> {
    let mut told = pin!(told_to_end());
    let password = password();
    let mut node = tokio::select! {
        biased; // Signals are heard before there is anything to clean up.
        () = &mut told => bail!(TOO_SOON),
        node = DemoNode::start(USERNAME, &password) => node?,
    };
    let kept = tokio::select! {
        () = &mut told => Err(anyhow!(TOO_SOON)),
        kept = show(options, &node, &password) => kept,
    };
    if kept.is_ok() && !options.exit {
        tokio::select! {
            () = &mut told => {}
            ended = node.ended() => bail!("the node ended by itself: {}", ended?),
        }
    }
    node.stop().await?;
    kept
}

/// Fills the node, sells the stadium out and tells how it went.
async fn show(options: &Demo, node: &DemoNode, password: &str) -> anyhow::Result<bool> {
    let progress = Arc::new(Terminal::new());
    progress.note(&format!("a node is up at {}, its data in {}", node.http(), node.data().display()));
    let operator = Client::new(node.http()).login(USERNAME, password).await?;
    let shows = fill(&operator, options.seed, &*progress).await?;
    let outcome = sell(options, node, password, progress).await?;
    say(&outcome.report.text());
    say(&summary(&outcome));
    if !options.exit {
        say(&invitation(node, shows, password));
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

async fn sell(
    options: &Demo,
    node: &DemoNode,
    password: &str,
    progress: Arc<Terminal>,
) -> anyhow::Result<ReplayOutcome> {
    let plan = stadium::plan()?;
    let window_ms = options.seconds * 1000;
    let sessions = flash_sale::sessions(options.seed, stadium::PLACES, options.sessions, window_ms, STADIUM);
    progress.note(&format!(
        "{} buyers come for {} seats within {} s",
        whole(options.sessions.into()),
        whole(stadium::PLACES.into()),
        options.seconds
    ));
    let replay = ReplayOptions {
        title: "flash sale of a stadium".into(),
        operator: Operator::Login { username: USERNAME.into(), password: password.into() },
        ttl_seconds: HOLD_SECONDS,
        attempts: ATTEMPTS,
        durability: Some("one voter; every acknowledgement after fdatasync of the journal".into()),
        ..ReplayOptions::new(vec![node.http().to_owned()], sessions, plan)
    };
    bench::replay::run(replay, progress).await.context("the flash sale could not be played")
}

fn summary(outcome: &ReplayOutcome) -> String {
    let figures = &outcome.report.figures;
    let (seats, sold) = (whole(figures.seats), whole(figures.seats_sold));
    let gone = match (figures.sold_out_s, figures.all_taken_s) {
        (Some(sold_out), _) => format!("All {seats} seats were sold after {sold_out:.1} s."),
        (None, Some(taken)) => {
            format!(
                "All {seats} seats were taken for the first time after {taken:.1} s; {sold} were sold in the end."
            )
        }
        (None, None) => format!("{sold} of {seats} seats were sold."),
    };
    let verdict = match outcome.report.verdict.is_clean() {
        true => "No seat was sold twice, no acknowledgement was lost, no hold outlived its deadline.",
        false => "Promises were broken; see above.",
    };
    format!("{gone}\n{verdict}\n")
}

fn invitation(node: &DemoNode, shows: usize, password: &str) -> String {
    let http = node.http();
    format!(
        "\nStill serving {shows} shows and the stadium; Ctrl-C ends it and removes its data.\n\
         \n  list the shows      curl '{http}/events?pageSize=3'\
         \n  search              curl '{http}/search?term=live&location=Berlin'\
         \n  log in              curl {http}/users/login -H 'content-type: application/json' \\\
         \n                        -d '{{\"username\":\"{USERNAME}\",\"password\":\"{password}\"}}'\
         \n  metrics             curl {}/metrics\n",
        node.admin()
    )
}

/// A password that lives as long as the demo's node.
fn password() -> String {
    let mut bytes = [0; 12];
    SystemRandom.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the demo was asked to tell goes to standard output.
fn say(text: &str) {
    // Nobody may be listening; that is no reason to stop.
    let _unheard = writeln!(std::io::stdout(), "{text}");
}
