//! The comparison: the constant, the node, and the node without a journal, in turn, round after round.

use super::contender::Contender;
use super::cost::Meter;
use super::figures::measure;
use super::mix::Mix;
use super::report::{ContenderReport, MixReport};
use super::servers::Server;
use super::{Figures, LoadOptions};
use crate::ambient::Clock;
use crate::progress::Progress;
use crate::report::whole;
use crate::stadium;

/// Lets all three serve each mix.
pub(super) async fn compare(
    options: &LoadOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<Vec<MixReport>> {
    options.programs.check_memory_node()?;
    let mut nodes = [
        Contender::node(options, stadium::plan()?, clock, progress).await?,
        Contender::memory_node(options, stadium::plan()?, clock, progress).await?,
    ];
    let mut reports = Vec::new();
    for mix in &options.mixes {
        reports.push(one_mix(*mix, &mut nodes, options, clock, progress).await?);
    }
    for node in nodes {
        node.server.stop().await;
    }
    Ok(reports)
}

async fn one_mix(
    mix: Mix,
    nodes: &mut [Contender; 2],
    options: &LoadOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<MixReport> {
    for node in nodes.iter_mut() {
        node.prepare(mix, options, clock).await?;
    }
    let (status, bytes) = nodes[0].sample(mix).await?;
    let constant = Server::constant(&options.programs, status, bytes).await?;
    let meter = Meter::of(&constant).await?;
    let mut orders = nodes[0].orders_for(&constant.http)?;
    let mut rounds: [Vec<Figures>; 3] = Default::default();
    for round in 1..=options.rounds {
        for node in nodes.iter_mut() {
            node.stock(mix, options, options.rate_per_s.unwrap_or(0.0) * 1.2).await?;
        }
        let drive = options.drive(&constant.http, orders, mix, options.pace(), options.connections);
        let (figures, rest) = measure(&meter, drive, clock).await?;
        orders = rest;
        tell(progress, mix, round, "constant", &figures);
        rounds[0].push(figures);
        for (node, rounds) in nodes.iter_mut().zip(&mut rounds[1..]) {
            let figures = node.run(mix, options, options.pace(), options.connections, clock).await?;
            tell(progress, mix, round, node.name, &figures);
            rounds.push(figures);
        }
    }
    constant.stop().await;
    let named = [
        ("constant", "none: bare hyper, one constant answer"),
        (nodes[0].name, nodes[0].durability),
        (nodes[1].name, nodes[1].durability),
    ];
    let contenders = named.into_iter().zip(rounds).map(|((name, durability), rounds)| ContenderReport {
        name: name.into(),
        durability: durability.into(),
        rounds,
    });
    Ok(MixReport { mix, answer_bytes: bytes as u64, contenders: contenders.collect() })
}

fn tell(progress: &dyn Progress, mix: Mix, round: u32, name: &str, figures: &Figures) {
    let answers = whole(figures.answers_per_s as u64);
    let p99 = figures.latency.p99_ms;
    progress.note(&format!("{}, round {round}, {name}: {answers} answers/s, p99 {p99:.2} ms", mix.name()));
}
