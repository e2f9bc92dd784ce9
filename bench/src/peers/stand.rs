//! A seller with its desks, ready for its turn.
//!
//! Owns: one turn: sales are opened, played and audited one after the other until the time is over. Only playing
//! counts; opening and auditing are nobody's business but ours.

use super::audit::check;
use super::drive::{Play, Played, play};
use super::plan::{Mix, Party};
use super::seller::{About, Desk, Seller};
use super::{Options, process};
use crate::ambient::Clock;
use anyhow::{Context, bail};
use futures_util::future::LocalBoxFuture;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio::time::timeout;

/// An answer that has not come so long after the end of a turn never comes.
const GRACE: Duration = Duration::from_secs(60);

/// What is to be played.
#[derive(Clone)]
pub(super) struct Turn {
    pub(super) mix: Mix,
    pub(super) parties: Arc<[Party]>,
    pub(super) lasts_us: u64,
    pub(super) clock: Clock,
}

/// What was played.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) sales: u32,
    pub(super) elapsed_us: u64,
    pub(super) held_us: Vec<u32>,
    pub(super) refused_us: Vec<u32>,
    pub(super) confirmed_us: Vec<u32>,
}

/// A stand, whoever sells at it.
pub(super) trait Contestant {
    fn about(&self) -> &About;
    fn play<'a>(&'a mut self, turn: &'a Turn) -> LocalBoxFuture<'a, anyhow::Result<Tally>>;
    fn stop(self: Box<Self>) -> LocalBoxFuture<'static, anyhow::Result<()>>;
}

pub(super) struct Stand<S: Seller> {
    seller: S,
    desks: Vec<S::Desk>,
}

impl<S: Seller> Stand<S> {
    pub(super) async fn new(mut seller: S, options: &Options) -> anyhow::Result<Self> {
        match seller.desks(options.clients).await {
            Ok(desks) => Ok(Self { seller, desks }),
            Err(fault) => {
                // The fault is what the person has to hear of.
                let _ = seller.stop().await;
                Err(fault)
            }
        }
    }

    async fn turn(&mut self, turn: &Turn) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        // A rest of less than a tenth is not worth another sale.
        while tally.elapsed_us < turn.lasts_us - turn.lasts_us / 10 {
            let sale = self.seller.open().await.context("a sale could not be opened")?;
            process::sync_disks().await?;
            let lasts_us = turn.lasts_us - tally.elapsed_us;
            let (played, sale) = self.sell(turn, sale, lasts_us).await?;
            let taken = self.seller.taken(&sale).await.context("the sale could not be audited")?;
            if let Err(what) = check(&played, turn.mix.confirms(), taken) {
                bail!("the audit of the sale failed: {what}");
            }
            tally.add(played);
        }
        Ok(tally)
    }

    async fn sell(
        &mut self,
        turn: &Turn,
        sale: <S::Desk as Desk>::Sale,
        lasts_us: u64,
    ) -> anyhow::Result<(Played, <S::Desk as Desk>::Sale)> {
        let shared = Arc::new(Play {
            sale,
            parties: turn.parties.clone(),
            next: AtomicUsize::new(0),
            confirms: turn.mix.confirms(),
            clock: turn.clock,
            until_us: turn.clock.now_us() + lasts_us,
        });
        let selling = play(std::mem::take(&mut self.desks), &shared);
        let patience = Duration::from_micros(lasts_us) + GRACE;
        let (desks, played) =
            timeout(patience, selling).await.context("an answer did not come in a minute")??;
        self.desks = desks;
        let shared = Arc::into_inner(shared).expect("every client has ended and dropped its share");
        Ok((played, shared.sale))
    }
}

impl<S: Seller + 'static> Contestant for Stand<S> {
    fn about(&self) -> &About {
        self.seller.about()
    }

    fn play<'a>(&'a mut self, turn: &'a Turn) -> LocalBoxFuture<'a, anyhow::Result<Tally>> {
        Box::pin(self.turn(turn))
    }

    fn stop(self: Box<Self>) -> LocalBoxFuture<'static, anyhow::Result<()>> {
        let Self { seller, desks } = *self;
        drop(desks);
        Box::pin(seller.stop())
    }
}

impl Tally {
    fn add(&mut self, played: Played) {
        self.sales += 1;
        self.elapsed_us += played.elapsed_us;
        self.held_us.extend(played.held_us);
        self.refused_us.extend(played.refused_us);
        self.confirmed_us.extend(played.confirmed_us);
    }
}
