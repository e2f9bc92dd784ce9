//! One client alone: how long a durable hold takes, against what its disk takes for one small write.

use super::LoadOptions;
use super::contender::Contender;
use super::lane::Lane;
use super::mix::Mix;
use crate::ambient::Clock;
use crate::progress::Progress;
use crate::report::{Collector, Latency};
use crate::stadium;
use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;

/// Pairs that nobody measures, and pairs that are.
const WARM_UP_PAIRS: usize = 50;
const PAIRS: usize = 500;
/// What is appended before a sync.
const BLOCK: [u8; 4_096] = [7; 4_096];

/// A hold and a sync in turn, so that both see the same disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OneClientReport {
    /// How the node makes things durable.
    pub durability: String,
    /// From sending a hold to its whole answer, over one connection.
    pub hold: Latency,
    /// 4 KiB appended to a file on the same file system, and fdatasync.
    pub sync: Latency,
}

impl OneClientReport {
    /// The hold's median against the sync's.
    pub fn ratio(&self) -> f64 {
        self.hold.p50_ms / self.sync.p50_ms
    }
}

pub(super) async fn one_client(
    options: &LoadOptions,
    clock: Clock,
    progress: &dyn Progress,
) -> anyhow::Result<OneClientReport> {
    let mut node = Contender::node(options, stadium::plan()?, clock, progress).await?;
    let show = node.house.show().await?;
    let orders = node.make(Mix::Hold, options, &show.id, &show.seats)?;
    node.sell(orders)?;
    let mut file = tempfile::tempfile_in(&options.programs.data)
        .with_context(|| format!("cannot make a file in {}", options.programs.data.display()))?;
    let mut lane = Lane::new(&node.server.http);
    let (mut holds, mut syncs) = (Collector::new(), Collector::new());
    for pair in 0..WARM_UP_PAIRS + PAIRS {
        let hold_us = hold(&node, &mut lane, clock).await?;
        let sync_us = sync(&mut file, clock)?;
        if pair >= WARM_UP_PAIRS {
            holds.add(hold_us);
            syncs.add(sync_us);
        }
    }
    let durability = node.durability.into();
    node.server.stop().await;
    Ok(OneClientReport { durability, hold: holds.latency(), sync: syncs.latency() })
}

async fn hold(node: &Contender, lane: &mut Lane, clock: Clock) -> anyhow::Result<u64> {
    let request = node.next_request().context("no seat is left")?;
    let from_us = clock.now_us();
    let (status, body) = lane.send(request).await?;
    let took_us = clock.now_us() - from_us;
    ensure!(status == 201, "a hold was answered {status}: {}", String::from_utf8_lossy(&body));
    Ok(took_us)
}

fn sync(file: &mut File, clock: Clock) -> anyhow::Result<u64> {
    let from_us = clock.now_us();
    file.write_all(&BLOCK).and_then(|()| file.sync_data()).context("cannot write beside the node's data")?;
    Ok(clock.now_us() - from_us)
}
