//! A node whose sales have no journal: everything else is as in `onsale serve`, and nothing that it acknowledges
//! survives. It exists so that `onsale-bench load` can say what durability costs, and is an example so that the
//! program that is shipped has no such switch.
//!
//! ```text
//! cargo build --release -p onsale --example in_memory_node
//! ```
//!
//! Hazard: what is read rather than held (seat maps, lists of bookings) shows every seat as free, because reads come
//! from committed state and here nothing is ever committed.

use std::collections::HashMap;
use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Parser;
use cluster::Cluster;
use domain::event::{Sale, apply};
use domain::ids::EventId;
use domain::ports::{BoxFuture, Journal, JournalFault, Opened, Place, Proposal, Term};
use onsale::cli::Serve;
use onsale::config;
use onsale::fault::NodeFault;
use onsale::signals::told_to_end;
use onsale::wiring::serve_over;

const WARNING: &str =
    "THIS NODE KEEPS SALES IN MEMORY ONLY: NOTHING THAT IT ACKNOWLEDGES SURVIVES. For measuring.";

/// One ownership lasts as long as the process: there is nobody to lose it to.
const TERM: Term = Term(1);

/// A node that forgets its sales when it ends; for comparisons.
#[derive(Debug, Parser)]
#[command(name = "in_memory_node")]
struct Options {
    #[command(flatten)]
    serve: Serve,
}

fn main() -> ExitCode {
    match serve(&Options::parse().serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            say(&format!("in_memory_node: {fault}"));
            ExitCode::from(fault.exit_code())
        }
    }
}

fn serve(options: &Serve) -> Result<(), NodeFault> {
    let config = config::load(options.config.as_deref(), std::env::vars_os())?;
    say(WARNING);
    let system = actix_rt::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .expect("without threads or timers there is no node")
    });
    system.block_on(serve_over(
        options,
        config,
        |cluster| Arc::new(Memory { sales: Arc::default(), cluster }),
        told_to_end(),
    ))
}

fn say(line: &str) {
    // Whoever started us may have closed stderr.
    let _unheard = writeln!(std::io::stderr(), "{line}");
}

/// The journal that is none: it folds the facts at once and calls them committed.
#[derive(Clone)]
struct Memory {
    sales: Arc<Mutex<HashMap<EventId, Option<Sale>>>>,
    /// Whose time the sales go by.
    cluster: Arc<Cluster>,
}

impl Memory {
    fn sales(&self) -> MutexGuard<'_, HashMap<EventId, Option<Sale>>> {
        self.sales.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As a replica does: facts whose base is not the sale's count are skipped.
    fn take(&self, proposal: &Proposal) -> Result<(), JournalFault> {
        let mut sales = self.sales();
        let sale = sales.entry(proposal.event).or_default();
        let base = sale.as_ref().map_or(0, Sale::facts);
        if proposal.facts.is_empty() {
            return Ok(());
        }
        if proposal.term != TERM || proposal.base != base {
            return Err(JournalFault::NotOwner);
        }
        proposal.facts.iter().for_each(|fact| apply(sale, proposal.event, fact));
        Ok(())
    }
}

impl Journal for Memory {
    fn reserve(&self, _event: EventId) -> Result<Place, JournalFault> {
        let memory = self.clone();
        Ok(Box::new(move |proposal, done| {
            let taken = memory.take(&proposal);
            done(taken);
        }))
    }

    fn open(&self, event: EventId) -> BoxFuture<Result<Opened, JournalFault>> {
        let sale = self.sales().get(&event).cloned().flatten();
        let time = self.cluster.time(event).ok_or(JournalFault::NotOwner);
        Box::pin(async move { Ok(Opened { term: TERM, sale, time: time? }) })
    }

    fn term(&self, _event: EventId) -> Option<Term> {
        Some(TERM)
    }

    fn busy(&self) -> Vec<EventId> {
        let sales = self.sales();
        let busy = sales.iter().filter(|(_, sale)| sale.as_ref().is_some_and(Sale::is_busy));
        busy.map(|(event, _)| *event).collect()
    }
}
