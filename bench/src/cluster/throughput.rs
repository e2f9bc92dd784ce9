//! Durable holds: on one node, and on three through the event's owner and through a node that does not own it.
//!
//! Owns: that all three are asked by the same generator in the same rounds, and that every event asked for on the three
//! nodes belongs to the node whose turn it is.

use super::report::{Goal, Picture, SceneReport};
use super::town::Town;
use super::{ClusterOptions, Scene, THREE_VOTERS};
use crate::ambient::Clock;
use crate::load::contender::Contender;
use crate::load::cost::Meter;
use crate::load::figures::measure;
use crate::load::generate::{Drive, Pace};
use crate::load::house::{House, parties};
use crate::load::orders::{Order, Orders, Recipe};
use crate::load::{Figures, LoadOptions, Mix};
use crate::progress::Progress;
use crate::stadium;
use crate::stats::Spread;
use anyhow::Context;
use std::collections::BTreeMap;

const STORAGE: u32 = 3;
/// Before anything was measured, three nodes are taken to be no faster.
const FIRST_PER_S: f64 = 10_000.0;
/// A run may turn out faster than those before it, by so much.
const MARGIN: f64 = 1.5;

/// Which node of the three is asked.
#[derive(Clone, Copy, PartialEq)]
enum Through {
    Owner,
    Another,
}

/// Three nodes, and seats to ask for by the node that owns them.
struct Three<'a> {
    town: &'a Town,
    options: &'a LoadOptions,
    house: House,
    owned: BTreeMap<u32, Vec<Order>>,
    fastest_per_s: f64,
}

pub(super) async fn throughput(
    options: &ClusterOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<SceneReport> {
    let load = options.load(Mix::Hold);
    let town = Town::open(&options.programs, STORAGE, 0, clock, progress).await?;
    let mut one = Contender::node(&load, stadium::plan()?, clock, progress).await?;
    one.prepare(Mix::Hold, &load, clock).await?;
    let house = town.house(load.accounts, stadium::plan()?, progress).await?;
    let fastest_per_s = FIRST_PER_S;
    let mut three = Three { town: &town, options: &load, house, owned: BTreeMap::new(), fastest_per_s };
    let mut rounds: [Vec<Figures>; 3] = Default::default();
    for round in 1..=load.rounds {
        three.stock(2).await?;
        one.stock(Mix::Hold, &load, 0.0).await?;
        rounds[0].push(one.run(Mix::Hold, &load, Pace::Closed, load.connections, clock).await?);
        rounds[1].push(three.run(Through::Owner).await?);
        rounds[2].push(three.run(Through::Another).await?);
        let rates = rounds.each_ref().map(|rounds| rounds.last().map_or(0.0, |last| last.holds_per_s));
        let [one, owner, another] = rates;
        progress.note(&format!(
            "round {round}: one node {one:.0} holds/s, three through the owner {owner:.0}, through another {another:.0}"
        ));
    }
    let report = report(options, &rounds);
    one.server.stop().await;
    town.stop().await;
    Ok(report)
}

impl Three<'_> {
    /// How many orders a run may use up.
    fn needed(&self) -> usize {
        let lasts = (self.options.warm_up + self.options.seconds).as_secs_f64();
        (self.fastest_per_s * MARGIN * lasts) as usize
    }

    /// Makes events until some node owns enough for so many runs.
    async fn stock(&mut self, runs: usize) -> anyhow::Result<()> {
        while self.owned.values().map(Vec::len).max().unwrap_or_default() < self.needed() * runs {
            let placed = self.town.show(&mut self.house).await?;
            let recipe =
                Recipe { mix: Mix::Hold, keys: Some(&self.house.prefix), batch: 1, seed: self.options.seed };
            let orders = recipe.orders(&placed.show.id, parties(&placed.show.seats, self.options.party))?;
            self.owned.entry(placed.owner).or_default().extend(orders);
        }
        Ok(())
    }

    /// Asks for what the node with the most events owns; the CPU time counted is the owner's.
    async fn run(&mut self, through: Through) -> anyhow::Result<Figures> {
        self.stock(1).await?;
        let most = self.owned.iter().max_by_key(|(_, orders)| orders.len()).map(|(owner, _)| *owner);
        let owner = most.context("events were made")?;
        let asked = if through == Through::Owner { owner } else { owner % STORAGE + 1 };
        let authority = self.town.http(asked)?;
        let orders = self.owned.remove(&owner).unwrap_or_default();
        let orders = Orders::none(&authority, &self.house.tokens)?.and(orders);
        let connections = self.options.connections;
        let drive = self.options.drive(&authority, orders, Mix::Hold, Pace::Closed, connections);
        let server = self.town.nodes.iter().find(|node| node.number == owner).context("the owner runs")?;
        let meter = Meter::of(server.server()?).await?;
        let drive = Drive { is_checked: true, ..drive };
        let (figures, rest) = measure(&meter, drive, self.town.clock).await?;
        self.owned.insert(owner, rest.into_rest());
        self.fastest_per_s = self.fastest_per_s.max(figures.visits_per_s(self.options.seconds.as_secs_f64()));
        Ok(figures)
    }
}

fn report(options: &ClusterOptions, rounds: &[Vec<Figures>; 3]) -> SceneReport {
    let conditions = format!(
        "holds of one seat with Idempotency-Key and token, {} connections, closed loop, {} rounds of {} s in turn",
        options.clients,
        options.rounds,
        options.seconds.as_secs()
    );
    let durability = format!("one node: fdatasync before every acknowledgement; three: {THREE_VOTERS}");
    let mut report = SceneReport::new(Scene::Throughput, conditions, &durability);
    let names = ["one node", "three nodes, through the owner", "three nodes, through another"];
    let holds = |place: usize| -> Vec<f64> {
        rounds[place].iter().map(|figures: &Figures| figures.holds_per_s).collect()
    };
    for (place, name) in names.into_iter().enumerate() {
        let of = |figure: fn(&Figures) -> f64| rounds[place].iter().map(figure);
        report.figure(&format!("{name}, holds/s"), "", holds(place), None);
        report.figure(&format!("{name}, p50"), "ms", of(|figures| figures.latency.p50_ms), None);
        report.figure(&format!("{name}, p99"), "ms", of(|figures| figures.latency.p99_ms), None);
        report.figure(&format!("{name}, owner's CPU a hold"), "us", of(|figures| figures.cpu_us), None);
        let bad = of(|figures| figures.faults_per_s + figures.overloaded_per_s).fold(0.0, f64::max);
        if bad > 0.0 {
            report.notes.push(format!("{name}: up to {bad:.1} faults or 503 a second"));
        }
        report.fault(rounds[place].iter().find_map(|figures| figures.fault.as_ref()));
    }
    for (place, name, goal) in
        [(1, "owner / one node", None), (2, "another / one node", Goal::at_least(0.3, 0.5))]
    {
        let ratio = Spread::of_ratios(&holds(place), &holds(0)).unwrap_or_default();
        report.figures.push(super::Figure { name: name.into(), unit: "x".into(), value: ratio, goal });
    }
    let columns = names.into_iter().enumerate().map(|(place, name)| (name.to_owned(), holds(place)));
    report.picture = Some(Picture::Columns { unit: "holds a second".into(), columns: columns.collect() });
    report
}
