//! `onsale catalogue import`: another catalogue's events become this one's, over the public listener of any node.
//!
//! Owns what is typed and the way through a file: read it (`discovery`), say what each event is here (`entries`), send it
//! in batches, tell what came of it (`report`). Running it again changes nothing: ids are made from what entries are called
//! where they come from, and what is there already is left alone.

mod discovery;
mod entries;
mod report;
mod upload;

use std::io::{IsTerminal, stderr};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use self::entries::{Entries, read_event};
use self::report::Report;
use self::upload::Upload;
use crate::cluster_command::{reachable, say};
use crate::config::AuthConfig;
use crate::fault::NodeFault;

/// Bring a catalogue in.
#[derive(Debug, Args)]
pub struct CatalogueArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: CatalogueCommand,
}

/// What can be done with a catalogue.
#[derive(Debug, Subcommand)]
pub enum CatalogueCommand {
    /// Add the events of Ticketmaster Discovery v2 responses, with their venues and performers: one page, a list of events,
    /// or an event or page on each line. Logs in as the configured operator (`ONSALE_AUTH__OPERATOR_USERNAME` and
    /// `_PASSWORD`). Run again, it adds only what is not there yet.
    Import {
        /// What to read.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The public listener of any node.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = reachable)]
        http: String,
    },
}

/// Does what was typed.
///
/// # Errors
/// The file cannot be read, the node cannot be reached, or it refuses; the text says what to do next.
pub async fn run(args: &CatalogueArgs, auth: &AuthConfig) -> Result<(), NodeFault> {
    let CatalogueCommand::Import { file, http } = &args.what;
    let text = std::fs::read_to_string(file).map_err(|error| {
        NodeFault::failed(format!(
            "cannot read {}: {error}; give a file of Discovery v2 responses",
            file.display()
        ))
    })?;
    let found =
        discovery::events(&text).map_err(|why| NodeFault::failed(format!("{}: {why}", file.display())))?;
    let mut report = Report::default();
    found.broken.iter().for_each(|line| report.skip("is not JSON", &format!("line {line}")));
    let upload = Upload::open(http, auth).await?;
    let bar = progress(found.events.len() as u64);
    let mut entries = Entries::default();
    for event in &found.events {
        match read_event(event) {
            Ok(event) => entries.take(event, &mut report),
            Err((id, why)) => report.skip(why, &id),
        }
        if entries.is_full() {
            upload.send(std::mem::take(&mut entries), &mut report).await?;
        }
        bar.inc(1);
    }
    upload.send(entries, &mut report).await?;
    bar.finish_and_clear();
    say(report.to_string())
}

fn progress(events: u64) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{elapsed:>4} [{bar:30}] {pos}/{len} events, {per_sec}");
    ProgressBar::new(events).with_style(style.expect("the template is a constant that indicatif understands"))
}
