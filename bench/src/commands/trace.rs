//! `onsale-bench trace make`, `import` and `show`.

use super::print;
use anyhow::Context;
use bench::trace::behaviour::Behaviour;
use bench::trace::rates::Rates;
use bench::trace::{Session, file, make, orders, seat_lists, show};
use clap::{ArgGroup, Args, Subcommand};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

const SESSIONS_FILE: &str = "sessions.csv";

#[derive(Debug, Subcommand)]
pub(super) enum Trace {
    /// Make a trace from recorded rates and assumed behaviour.
    Make(Make),
    /// Turn an order log into a seat map and sessions, or a list of seats into a seat map.
    Import(Import),
    /// Sum a trace up.
    Show {
        /// The trace.
        file: PathBuf,
    },
}

/// Where sessions come from, and how many.
#[derive(Debug, Args)]
pub(super) struct Make {
    /// A CSV of rates: second..., minute... or hour... in the first column, then the requests.
    #[arg(long, value_name = "CSV")]
    rates: PathBuf,
    /// How many sessions to spread over the window.
    #[arg(long, value_name = "N")]
    sessions: usize,
    /// The trace to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The window's first row, by what stands in its first column.
    #[arg(long, value_name = "STAMP")]
    from: Option<String>,
    /// How many rows the window has.
    #[arg(long, value_name = "N")]
    rows: Option<usize>,
    /// Take the busiest window of this length instead.
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "rows"])]
    peak_minutes: Option<u64>,
    #[command(flatten)]
    common: Common,
}

/// What to import.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("input").required(true).args(["orders", "seat_map"]))]
pub(super) struct Import {
    /// An order log with the columns order_no, sold_at..., section, row, seat, price... and perhaps standing....
    #[arg(long, value_name = "CSV")]
    orders: Option<PathBuf>,
    /// A list of rows (tribune,sector,row,seats_in_row) or of seats (section_id,row_id,seat_id,x,y).
    #[arg(long, value_name = "CSV")]
    seat_map: Option<PathBuf>,
    /// The folder for seatmap.json, prices.json and sessions.csv.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Give every order so many other buyers who want the same.
    #[arg(long, value_name = "K", default_value_t = 0)]
    rivals: u32,
    #[command(flatten)]
    common: Common,
}

/// What every made session shares.
#[derive(Debug, Args)]
struct Common {
    /// What the randomness follows from: the same seed makes the same trace.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The event's name, or its evt_ id.
    #[arg(long, default_value = "stadium")]
    event: String,
    /// Share of buyers who pay.
    #[arg(long, default_value_t = 0.7)]
    confirm: f64,
    /// Share of buyers who let their hold lapse.
    #[arg(long, default_value_t = 0.2)]
    abandon: f64,
    /// Share of buyers who pay and cancel.
    #[arg(long, default_value_t = 0.05)]
    cancel: f64,
    /// Share of buyers who give their hold back.
    #[arg(long, default_value_t = 0.05)]
    release: f64,
    /// Shares of parties of 1, 2, 3, ... people, as 20,41,13,22,2,2.
    #[arg(long, value_delimiter = ',', value_name = "SHARES")]
    parties: Option<Vec<f64>>,
    /// Half of the buyers think for less than this.
    #[arg(long, default_value_t = 20.0, value_name = "S")]
    think_median_seconds: f64,
}

impl Common {
    fn behaviour(&self) -> Behaviour {
        let usual = Behaviour::default();
        Behaviour {
            endings: [self.confirm, self.abandon, self.cancel, self.release],
            parties: self.parties.clone().unwrap_or(usual.parties),
            think_median_ms: self.think_median_seconds * 1_000.0,
        }
    }
}

pub(super) fn run(command: Trace) -> anyhow::Result<()> {
    match command {
        Trace::Make(args) => make(&args),
        Trace::Import(args) => import(&args),
        Trace::Show { file } => print(&show::summary(&file::load(&file)?)),
    }
}

fn make(args: &Make) -> anyhow::Result<()> {
    let rates = Rates::read(open(&args.rates)?).with_context(|| args.rates.display().to_string())?;
    let rates = match args.peak_minutes {
        Some(minutes) => rates.peak(minutes)?,
        None => rates.window(args.from.as_deref(), args.rows)?,
    };
    let common = &args.common;
    let sessions = make::sessions(&rates, args.sessions, &common.event, &common.behaviour(), common.seed)?;
    save(&args.out, &sessions)
}

fn import(args: &Import) -> anyhow::Result<()> {
    let common = &args.common;
    if let Some(path) = &args.orders {
        let imported =
            orders::import(open(path)?, &common.event, args.rivals, &common.behaviour(), common.seed);
        let imported = imported.with_context(|| path.display().to_string())?;
        imported.plan.save(&args.out)?;
        return save(&args.out.join(SESSIONS_FILE), &imported.sessions);
    }
    if let Some(path) = &args.seat_map {
        let plan = seat_lists::import(open(path)?).with_context(|| path.display().to_string())?;
        plan.save(&args.out)?;
        print(&format!("wrote the seat map and its prices into {}\n", args.out.display()))?;
    }
    Ok(())
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    Ok(BufReader::new(File::open(path).with_context(|| format!("cannot open {}", path.display()))?))
}

fn save(path: &Path, sessions: &[Session]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    file::save(path, sessions)?;
    print(&format!("wrote {} sessions into {}\n", sessions.len(), path.display()))
}
