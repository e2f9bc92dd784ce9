//! Refusals of booked seats at a gateway, against a bare server's constant answer of the same size.

use super::report::{Goal, Picture, SceneReport};
use super::town::Town;
use super::{ClusterOptions, Scene};
use crate::ambient::Clock;
use crate::load::cost::Meter;
use crate::load::figures::measure;
use crate::load::generate::{Drive, Pace};
use crate::load::house::parties;
use crate::load::lane::Lane;
use crate::load::orders::{Orders, Recipe};
use crate::load::servers::Server;
use crate::load::{Figures, Mix};
use crate::progress::Progress;
use crate::stadium;
use crate::stats::Spread;
use anyhow::Context;

const STORAGE: u32 = 3;
const GATEWAY: u32 = STORAGE + 1;

pub(super) async fn refusals(
    options: &ClusterOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<SceneReport> {
    let load = options.load(Mix::Refused);
    let town = Town::open(&options.programs, STORAGE, 1, clock, progress).await?;
    let mut house = town.house(load.accounts, stadium::plan()?, progress).await?;
    let placed = town.show(&mut house).await?;
    let seats = placed.show.first_section();
    house.book(&placed.show, seats).await?;
    let recipe = Recipe { mix: Mix::Refused, keys: None, batch: 1, seed: load.seed };
    let orders = recipe.orders(&placed.show.id, parties(seats, 1))?;
    let gateway = town.http(GATEWAY)?;
    let mut at_gateway = Orders::none(&gateway, &house.tokens)?.and(orders).endless();
    let sample =
        at_gateway.take().map(|number| at_gateway.request(number)).context("the section has seats")?;
    let (status, body) = Lane::new(&gateway).send(sample).await?;
    if let Err(what) = Mix::Refused.check(status, &body) {
        anyhow::bail!("the gateway's first answer is not what was asked for: {what}");
    }
    let constant = Server::constant(&options.programs, status, body.len()).await?;
    let mut at_constant = at_gateway.endless_for(&constant.http)?;
    let node = town.nodes.iter().find(|node| node.number == GATEWAY).context("the gateway runs")?;
    let meters = [Meter::of(&constant).await?, Meter::of(node.server()?).await?];
    let mut rounds: [Vec<Figures>; 2] = Default::default();
    for round in 1..=load.rounds {
        let drive = load.drive(&constant.http, at_constant, Mix::Refused, Pace::Closed, load.connections);
        let (figures, rest) = measure(&meters[0], drive, clock).await?;
        at_constant = rest;
        rounds[0].push(figures);
        let drive = load.drive(&gateway, at_gateway, Mix::Refused, Pace::Closed, load.connections);
        let (figures, rest) = measure(&meters[1], Drive { is_checked: true, ..drive }, clock).await?;
        at_gateway = rest;
        progress.note(&format!("round {round}: {:.0} refusals/s at the gateway", figures.refusals_per_s));
        rounds[1].push(figures);
    }
    constant.stop().await;
    town.stop().await;
    Ok(report(options, body.len(), &rounds))
}

fn report(options: &ClusterOptions, bytes: usize, rounds: &[Vec<Figures>; 2]) -> SceneReport {
    let conditions = format!(
        "booked seats asked for without Idempotency-Key at a gateway of three nodes, answers of {bytes} bytes, {} \
         connections, {} rounds of {} s in turn with bare hyper's constant answer",
        options.clients,
        options.rounds,
        options.seconds.as_secs()
    );
    let mut report = SceneReport::new(Scene::Refusals, conditions, "nothing is written for a refusal");
    let names = ["constant", "gateway"];
    let rates = |place: usize| -> Vec<f64> {
        rounds[place].iter().map(|figures: &Figures| figures.refusals_per_s).collect()
    };
    for (place, name) in names.into_iter().enumerate() {
        let of = |figure: fn(&Figures) -> f64| rounds[place].iter().map(figure);
        report.figure(&format!("{name}, answers/s"), "", rates(place), None);
        report.figure(&format!("{name}, p50"), "ms", of(|figures| figures.latency.p50_ms), None);
        report.figure(&format!("{name}, p99"), "ms", of(|figures| figures.latency.p99_ms), None);
        report.figure(&format!("{name}, its CPU an answer"), "us", of(|figures| figures.cpu_us), None);
        report.fault(rounds[place].iter().find_map(|figures| figures.fault.as_ref()));
    }
    let ratio = Spread::of_ratios(&rates(1), &rates(0)).unwrap_or_default();
    let goal = Goal::at_least(0.65, 0.85);
    let (name, unit) = ("gateway / constant".into(), "x".into());
    report.figures.push(super::Figure { name, unit, value: ratio, goal });
    let columns = names.into_iter().enumerate().map(|(place, name)| (name.to_owned(), rates(place)));
    report.picture = Some(Picture::Columns { unit: "answers a second".into(), columns: columns.collect() });
    report
}
