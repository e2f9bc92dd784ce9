//! The report of the cluster's figures: its content, and its stored form `cluster.json`.
//!
//! Owns: what a figure is and what it should reach. How it looks is in [`super::text`] and [`super::plot`].

use super::crowd::Attempts;
use super::promise::Kept;
use super::{ClusterOptions, Scene, plot, text};
use crate::report::{Hardware, Latency};
use crate::stats::Spread;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

const JSON_FILE: &str = "cluster.json";
const PLOT_FILE: &str = "cluster.svg";
/// Of what was lost, so much is named.
const LOST_SHOWN: usize = 5;

/// Everything a reader wants to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterReport {
    /// The machine, which clients and nodes share.
    pub hardware: Hardware,
    /// Where nodes kept their data.
    pub data: String,
    /// One after the other.
    pub scenes: Vec<SceneReport>,
}

/// What one scene found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SceneReport {
    /// Which.
    pub scene: Scene,
    /// Nodes, clients, and how long.
    pub conditions: String,
    /// What an acknowledgement means.
    pub durability: String,
    /// The figures.
    pub figures: Vec<Figure>,
    /// What went wrong first, and whatever else is to be known.
    pub notes: Vec<String>,
    /// What is drawn.
    pub picture: Option<Picture>,
}

/// One figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figure {
    /// Of what.
    pub name: String,
    /// Of its value.
    pub unit: String,
    /// Over rounds, where there were rounds.
    pub value: Spread,
    /// What it should be.
    pub goal: Option<Goal>,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Goal {
    /// What is promised.
    pub reach: f64,
    /// What would be good.
    pub stretch: f64,
    /// Whether more is better.
    pub is_floor: bool,
}

/// What is drawn of a scene.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Picture {
    /// A column for each name, with all its values.
    Columns {
        /// What the values are.
        unit: String,
        /// Name and values.
        columns: Vec<(String, Vec<f64>)>,
    },
    /// Something over time.
    Course {
        /// What the values are.
        unit: String,
        /// Seconds and values.
        points: Vec<(f64, f64)>,
        /// When something was done, in seconds.
        marks: Vec<f64>,
    },
}

impl SceneReport {
    pub(super) fn new(scene: Scene, conditions: String, durability: &str) -> Self {
        let durability = durability.to_owned();
        Self { scene, conditions, durability, figures: Vec::new(), notes: Vec::new(), picture: None }
    }

    /// Adds a figure; nothing when there are no values.
    pub(super) fn figure(
        &mut self,
        name: &str,
        unit: &str,
        values: impl IntoIterator<Item = f64>,
        goal: Option<Goal>,
    ) {
        if let Some(value) = Spread::of(values) {
            self.figures.push(Figure { name: name.into(), unit: unit.into(), value, goal });
        }
    }

    /// Adds p50, p99 and max.
    pub(super) fn latency(&mut self, name: &str, latency: &Latency, of_p99: Option<Goal>) {
        self.figure(&format!("{name}, p50"), "ms", [latency.p50_ms], None);
        self.figure(&format!("{name}, p99"), "ms", [latency.p99_ms], of_p99);
        self.figure(&format!("{name}, max"), "ms", [latency.max_ms], None);
    }

    /// Adds whether every acknowledgement was kept.
    pub(super) fn promise(&mut self, kept: &Kept) {
        let (looked, lost) = (kept.holds + kept.bookings, kept.lost.len() as f64);
        self.figure("acknowledgements looked up at the end", "", [looked as f64], None);
        self.figure("of them lost", "", [lost], Goal::at_most(0.0, 0.0));
        self.notes.extend(kept.lost.iter().take(LOST_SHOWN).map(|lost| format!("LOST: {lost}")));
    }

    /// Adds what became of all attempts.
    pub(super) fn attempts(&mut self, attempts: &Attempts) {
        let Attempts { answered, busy, broken, silent, faults, fault } = attempts;
        self.notes.push(format!(
            "attempts: {answered} answered, {busy} with 503 or 429, {broken} broken, {silent} silent, {faults} faults"
        ));
        self.fault(fault.as_ref());
    }

    /// Adds what went wrong, if anything did.
    pub(super) fn fault(&mut self, fault: Option<&String>) {
        self.notes.extend(fault.map(|fault| format!("FAULT: {fault}")));
    }
}

impl Goal {
    /// More is better.
    pub(super) const fn at_least(reach: f64, stretch: f64) -> Option<Self> {
        Some(Self { reach, stretch, is_floor: true })
    }

    /// Less is better.
    pub(super) const fn at_most(reach: f64, stretch: f64) -> Option<Self> {
        Some(Self { reach, stretch, is_floor: false })
    }

    /// Whether there is more to want than what is promised.
    pub(super) fn has_stretch(self) -> bool {
        (self.reach - self.stretch).abs() > f64::EPSILON
    }

    /// What has been attained.
    pub(super) fn verdict(self, value: f64) -> &'static str {
        let is_met = |goal: f64| if self.is_floor { value >= goal } else { value <= goal };
        match (is_met(self.stretch), is_met(self.reach)) {
            (true, _) if self.has_stretch() => "stretched",
            (_, true) => "reached",
            (_, false) => "missed",
        }
    }
}

impl ClusterReport {
    pub(super) fn of(options: &ClusterOptions, scenes: Vec<SceneReport>) -> Self {
        let data = options.programs.data.display().to_string();
        Self { hardware: Hardware::here(), data, scenes }
    }

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

    /// Writes `cluster.json` and `cluster.svg` into `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        for (file, content) in [(JSON_FILE, self.json()?), (PLOT_FILE, plot::scenes(&self.scenes)?)] {
            let path = folder.join(file);
            fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod test {
    use super::Goal;

    #[test]
    fn a_goal_knows_which_way_is_better() {
        let share = Goal::at_least(0.3, 0.5).unwrap();
        assert_eq!([0.2, 0.3, 0.5].map(|value| share.verdict(value)), ["missed", "reached", "stretched"]);
        let gap = Goal::at_most(300.0, 50.0).unwrap();
        assert_eq!([301.0, 300.0, 50.0].map(|value| gap.verdict(value)), ["missed", "reached", "stretched"]);
        let none = Goal::at_most(0.0, 0.0).unwrap();
        assert_eq!([1.0, 0.0].map(|value| none.verdict(value)), ["missed", "reached"]);
    }
}
