//! The clients: a closed loop each, all of them taking the next attempt of one plan.
//!
//! Owns: who attempts what when, and the stop watch. The same code on the same runtime for every seller.

use super::plan::Party;
use super::seller::Desk;
use crate::ambient::Clock;
use anyhow::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;

/// What came of a part of a turn.
#[derive(Debug, Default)]
pub(super) struct Played {
    /// From the first question to the last answer.
    pub(super) elapsed_us: u64,
    /// Who holds or has bought seats.
    pub(super) won: Vec<Party>,
    /// How long each won hold took.
    pub(super) held_us: Vec<u32>,
    pub(super) refused_us: Vec<u32>,
    pub(super) confirmed_us: Vec<u32>,
}

impl Played {
    fn add(&mut self, other: Self) {
        self.won.extend(other.won);
        self.held_us.extend(other.held_us);
        self.refused_us.extend(other.refused_us);
        self.confirmed_us.extend(other.confirmed_us);
    }
}

/// What the clients of one sale share.
pub(super) struct Play<S> {
    pub(super) sale: S,
    pub(super) parties: Arc<[Party]>,
    pub(super) next: AtomicUsize,
    pub(super) confirms: bool,
    pub(super) clock: Clock,
    /// Nobody asks anything new from then on.
    pub(super) until_us: u64,
}

/// Plays until the time or the plan is over; the desks come back in any order.
pub(super) async fn play<D: Desk>(
    desks: Vec<D>,
    play: &Arc<Play<D::Sale>>,
) -> anyhow::Result<(Vec<D>, Played)> {
    let began_us = play.clock.now_us();
    let mut clients = JoinSet::new();
    for desk in desks {
        clients.spawn(client(desk, play.clone()));
    }
    let (mut desks, mut all) = (Vec::new(), Played::default());
    while let Some(ended) = clients.join_next().await {
        let (desk, played) = ended.context("a client's task failed")??;
        desks.push(desk);
        all.add(played);
    }
    all.elapsed_us = play.clock.now_us() - began_us;
    Ok((desks, all))
}

async fn client<D: Desk>(mut desk: D, play: Arc<Play<D::Sale>>) -> anyhow::Result<(D, Played)> {
    let mut played = Played::default();
    let mut now_us = play.clock.now_us();
    while now_us < play.until_us
        && let Some(party) = play.parties.get(play.next.fetch_add(1, Ordering::Relaxed)).copied()
    {
        let hold = desk.hold(&play.sale, party).await?;
        let took_us = lap(&mut now_us, play.clock);
        let Some(hold) = hold else {
            played.refused_us.push(took_us);
            continue;
        };
        played.held_us.push(took_us);
        if play.confirms {
            desk.confirm(&play.sale, party, hold).await?;
            played.confirmed_us.push(lap(&mut now_us, play.clock));
        }
        played.won.push(party);
    }
    Ok((desk, played))
}

/// Microseconds since `last_us`, which becomes now.
fn lap(last_us: &mut u64, clock: Clock) -> u32 {
    let before_us = std::mem::replace(last_us, clock.now_us());
    u32::try_from(*last_us - before_us).unwrap_or(u32::MAX)
}
