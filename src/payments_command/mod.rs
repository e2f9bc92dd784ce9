//! `onsale payments reconcile`: whether the providers have taken and given back exactly what we say.
//!
//! Owns the walk over our payments and the providers' records; `compare` says what fits. Hazard: both go on changing while
//! they are read. What is still under way is not compared, and a difference counts only when it is there several times.

mod compare;
mod text;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Args, Subcommand};

use self::compare::{Found, Ledger};
use crate::cluster_command::arguments::reachable;
use crate::cluster_command::output::say;
use crate::cluster_command::session::Session;
use crate::config::AuthConfig;
use crate::fault::NodeFault;
use crate::gateway::Stripe;
use crate::http::admin::bodies::{PaidEventsBody, PaymentsBody, RecordsBody};

/// Differences are looked for so often: one that is only passing is gone by then.
const ROUNDS: u32 = 3;
const BETWEEN_ROUNDS: Duration = Duration::from_secs(1);

/// Compare payments with what the providers have on record.
#[derive(Debug, Args)]
pub struct PaymentsArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: PaymentsCommand,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum PaymentsCommand {
    /// Say for each event what was taken and given back, and every difference to the providers' records. Exit code 1 if
    /// there is any. Logs in as `onsale cluster` does.
    Reconcile {
        /// The admin listener of any node.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081", value_parser = reachable)]
        admin: String,
        /// One document, for programs.
        #[arg(long)]
        json: bool,
    },
}

/// Does what was typed; whether all is as it should be.
///
/// # Errors
/// The cluster or a provider cannot be reached; the text says what to do next.
pub async fn run(args: &PaymentsArgs, auth: &AuthConfig) -> Result<bool, NodeFault> {
    let PaymentsCommand::Reconcile { admin, json } = &args.what;
    let mut session = Session::open(admin, auth).await?;
    // So that others are known when the node that is asked dies.
    session.cluster().await?;
    let mut found = look(&mut session).await?;
    for _ in 1..ROUNDS {
        if found.differences.is_empty() {
            break;
        }
        tokio::time::sleep(BETWEEN_ROUNDS).await;
        let before: BTreeSet<_> = found.differences.into_iter().collect();
        found = look(&mut session).await?;
        found.differences.retain(|difference| before.contains(difference));
    }
    let clean = found.differences.is_empty();
    say(if *json { serde_json::to_string(&found).map_err(NodeFault::failed)? } else { text::of(&found) })?;
    Ok(clean)
}

/// One walk: their records first, so that what comes up meanwhile is known to us.
async fn look(session: &mut Session) -> Result<Found, NodeFault> {
    let mut ledger = Ledger::default();
    records(session, &mut ledger).await?;
    let mut page = 1;
    loop {
        let path = format!("/admin/payments?page={page}&pageSize=100");
        let (_, events): (String, PaidEventsBody) = session.read(&path).await?;
        if events.items.is_empty() {
            return Ok(ledger.close());
        }
        for event in &events.items {
            ledger.open_event(&event.event_id, &event.currency);
            let mut after = None;
            loop {
                let from = after.map(|after: u32| format!("?after={after}")).unwrap_or_default();
                let path = format!("/admin/events/{}/payments{from}", event.event_id);
                let (_, payments): (String, PaymentsBody) = session.read(&path).await?;
                payments.items.iter().for_each(|ours| ledger.ours(&event.event_id, ours));
                after = payments.next;
                if after.is_none() {
                    break;
                }
            }
        }
        page += 1;
    }
}

async fn records(session: &mut Session, ledger: &mut Ledger) -> Result<(), NodeFault> {
    let mut after = String::new();
    loop {
        let path = format!("/admin/payments/records?provider={}{after}", Stripe::NAME);
        let read: Result<(String, RecordsBody), NodeFault> = session.read(&path).await;
        let (_, records) = match read {
            Ok(records) => records,
            Err(fault) if fault.to_string().contains("no such provider") => return Ok(()),
            Err(fault) => return Err(fault),
        };
        ledger.speaks_to(Stripe::NAME);
        records.items.into_iter().for_each(|theirs| ledger.theirs(Stripe::NAME, theirs));
        let Some(next) = records.next else { return Ok(()) };
        after = format!("&after={next}");
    }
}
