//! The report of a load: its content, and its stored form `load.json`.
//!
//! Owns: medians over the rounds and ratios within them. How it looks is in [`super::text`] and [`super::plot`].

use super::{
    BookingsReport, ExpiryReport, Figures, LoadOptions, Mix, OneClientReport, OverloadReport, Question, plot,
    text,
};
use crate::report::Hardware;
use crate::stats::Spread;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

const JSON_FILE: &str = "load.json";
const PLOT_FILE: &str = "load.svg";

/// Everything a reader of a load wants to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadReport {
    /// What was asked for.
    pub settings: Settings,
    /// The machine, which generator and servers share.
    pub hardware: Hardware,
    /// What came of it.
    pub measured: Measured,
}

/// What was asked for, as far as a reader needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Seats of one hold.
    pub party: u64,
    /// Holds of one batch.
    pub batch: u64,
    /// Whether every hold carried an Idempotency-Key.
    pub has_keys: bool,
    /// Connections.
    pub connections: u64,
    /// Requests a second of an open loop; closed without.
    pub rate_per_s: Option<f64>,
    /// How long a run was measured.
    pub seconds: f64,
    /// How long it had run before.
    pub warm_up_seconds: f64,
    /// How often everybody took a turn.
    pub rounds: u32,
    /// Threads of the generator.
    pub threads: u64,
    /// Where nodes kept their data.
    pub data: String,
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Measured {
    /// Each mix against the constant and the node without a journal.
    Mixes(Vec<MixReport>),
    /// Ten times the sustainable load.
    Overload(OverloadReport),
    /// One client against the disk.
    OneClient(OneClientReport),
    /// Holds that end together.
    Expiry(Box<ExpiryReport>),
    /// Bookings against holds.
    Bookings(BookingsReport),
}

/// One mix and who served it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MixReport {
    /// What everybody asked for.
    pub mix: Mix,
    /// The size of an answer's body.
    pub answer_bytes: u64,
    /// The constant, the node, the node in memory.
    pub contenders: Vec<ContenderReport>,
}

/// One server's rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContenderReport {
    /// Who.
    pub name: String,
    /// What its acknowledgement means.
    pub durability: String,
    /// One after the other.
    pub rounds: Vec<Figures>,
}

impl Settings {
    pub(super) fn of(options: &LoadOptions) -> Self {
        Self {
            party: options.party as u64,
            batch: options.batch as u64,
            has_keys: options.has_keys,
            connections: options.connections as u64,
            rate_per_s: options.rate_per_s,
            seconds: options.seconds.as_secs_f64(),
            warm_up_seconds: options.warm_up.as_secs_f64(),
            rounds: if matches!(options.question, Question::Compare | Question::Overload | Question::Bookings)
            {
                options.rounds
            } else {
                1
            },
            threads: options.threads as u64,
            data: options.programs.data.display().to_string(),
        }
    }
}

impl MixReport {
    /// The node's answers a second against those of the others, round by round.
    pub fn ratios(&self) -> Vec<(String, Spread)> {
        let [constant, node, memory] = &self.contenders[..] else { return Vec::new() };
        let ratio = |other: &ContenderReport| {
            let rates = |contender: &ContenderReport| contender.values(|figures| figures.answers_per_s);
            let name = format!("{} / {}", node.name, other.name);
            Spread::of_ratios(&rates(node), &rates(other)).map(|spread| (name, spread))
        };
        [constant, memory].into_iter().filter_map(ratio).collect()
    }
}

impl ContenderReport {
    fn values(&self, figure: impl Fn(&Figures) -> f64) -> Vec<f64> {
        self.rounds.iter().map(figure).collect()
    }

    /// One figure over the rounds.
    pub fn spread(&self, figure: impl Fn(&Figures) -> f64) -> Option<Spread> {
        Spread::of(self.values(figure))
    }
}

impl LoadReport {
    /// The report as text for a terminal.
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// Never in practice: everything in it has a JSON form.
    pub fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Writes `load.json` into `folder`, and `load.svg` where mixes were compared.
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
        match &self.measured {
            Measured::Mixes(mixes) => write(PLOT_FILE, plot::throughput(mixes)?),
            _ => Ok(()),
        }
    }
}
