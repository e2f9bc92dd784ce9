//! The report of a run: figures, verdict, and what they were measured on.
//!
//! Owns: the report's content and its stored form, `report.json`. How it looks is in `text` and `html`.

mod aftermath;
mod dump;
mod figures;
mod hardware;
mod html;
mod latency;
mod plots;
mod text;

pub use aftermath::Aftermath;
pub use figures::{Figures, Second};
pub use hardware::Hardware;
pub(crate) use latency::Collector;
pub use latency::Latency;
pub use text::whole;

use crate::checker::Verdict;
use crate::history::History;
use crate::replay::Incident;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

const JSON_FILE: &str = "report.json";
const HTML_FILE: &str = "report.html";
const HISTORY_FILE: &str = "history.csv";

/// The circumstances of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// What the run is called.
    pub title: String,
    /// The nodes' addresses.
    pub targets: Vec<String>,
    /// Buyers in the trace.
    pub sessions: u64,
    /// How many times faster than the trace.
    pub speed: f64,
    /// What every hold asked for.
    pub ttl_seconds: u32,
    /// How the target makes things durable, if somebody said so.
    pub durability: Option<String>,
    /// When the first buyer could come, in the history's time.
    pub started_us: u64,
    /// When the last buyer had left.
    pub played_us: u64,
    /// Requests sent while buyers came, or tried to; zero in reports that did not count them yet.
    #[serde(default)]
    pub attempts: u64,
    /// Attempts after the first one of a call.
    pub retries: u64,
    /// Attempts that died without an answer.
    pub broken_attempts: u64,
    /// Attempts that were answered 5xx or 429.
    #[serde(default)]
    pub busy_answers: u64,
    /// Kills and moves on the way.
    #[serde(default)]
    pub incidents: Vec<Incident>,
}

/// Everything a reader of a run wants to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The circumstances.
    pub context: Context,
    /// The machine.
    pub hardware: Hardware,
    /// The figures.
    pub figures: Figures,
    /// Whether the promises were kept.
    pub verdict: Verdict,
}

impl Context {
    /// Of all attempts, the share that got an answer other than 5xx and 429; none where they were not counted.
    #[must_use]
    pub fn availability(&self) -> Option<f64> {
        let failed = (self.broken_attempts + self.busy_answers) as f64;
        (self.attempts > 0).then(|| 1.0 - failed / self.attempts as f64)
    }
}

impl Report {
    /// Works the figures out of a history.
    pub fn new(context: Context, history: &History, verdict: Verdict) -> Self {
        let figures = Figures::of(history, &context);
        Self { context, hardware: Hardware::here(), figures, verdict }
    }

    /// The report as text for a terminal.
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// The report as one self-contained page.
    ///
    /// # Errors
    /// When a plot cannot be drawn.
    pub fn html(&self) -> anyhow::Result<String> {
        html::render(self)
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// Never in practice: everything in it has a JSON form.
    pub fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Writes `report.json` and `report.html` into `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let write = |file: &str, content: String| {
            let path = folder.join(file);
            fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
        };
        write(JSON_FILE, self.json()?)?;
        write(HTML_FILE, self.html()?)
    }

    /// Reads the `report.json` of `folder`.
    ///
    /// # Errors
    /// When it is not there or is not a report.
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(JSON_FILE);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a report", path.display()))
    }
}

/// Writes every operation of a history into `history.csv` in `folder`.
///
/// # Errors
/// When the file cannot be written.
pub fn save_history(folder: &Path, history: &History) -> anyhow::Result<()> {
    let path = folder.join(HISTORY_FILE);
    dump::write(&path, history).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
#[path = "report_test.rs"]
mod test;
