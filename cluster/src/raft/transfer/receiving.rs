//! Step ⑥: the side that gets the snapshot. Writes the file and the archive, piece by piece, and installs them when both
//! are whole, checked and durable.
//!
//! A leader that sends one, and is then cut off, is silent for long before its connection ends. So whoever is waited for,
//! the next offer ends the wait: only one peer leads, and it sends one snapshot at a time.
//!
//! Hazard: once openraft has been asked to install, it does, whether the sender is still there or not. From then on the
//! file must stay as it is: the turn goes along with the installation.

use std::fs::File;
use std::io::{self, Write as _};

use futures_util::{StreamExt, stream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::{Asked, Gap, PATIENCE, Sent};
use crate::journal::{LogDisk, archive, format};
use crate::peer::{Bytes, CallError, Messages};
use crate::raft::machines::Machine;
use crate::raft::network::Snapshot;
use crate::raft::pieces;
use crate::raft::snapshots::{SnapshotFile, Snapshots, Turn};
use crate::raft::state_machine::StateMachine;
use crate::raft::types::{Types, Vote};
use crate::raft::wire::{Message, Offer};
use crate::thread::Blocking;

/// Gaps are asked for so many at a time.
const GAPS_AT_ONCE: usize = 4096;

type Raft<M, D> = openraft::Raft<Types, StateMachine<M, D>>;

/// What receiving takes.
pub(crate) struct Receiving<M: Machine, D: LogDisk> {
    pub(crate) raft: Raft<M, D>,
    pub(crate) disk: D,
    pub(crate) snapshots: Snapshots,
    pub(crate) blocking: Blocking,
}

impl<M: Machine, D: LogDisk> Receiving<M, D> {
    /// Takes what follows `offer`; gives what there is to say. Nothing happens unless that is read.
    pub(crate) fn receive(self, offer: Offer, input: Messages) -> Messages {
        let (sender, receiver) = mpsc::channel(1);
        let said = stream::unfold(receiver, |mut receiver: mpsc::Receiver<Bytes>| async move {
            receiver.recv().await.map(|piece| (piece, receiver))
        });
        pieces::driven(said, async move { self.take(offer, (sender, input)).await })
    }

    async fn take(self, offer: Offer, (sender, input): (Sender, Messages)) -> Result<(), CallError> {
        let talk = &mut Talk { sender, input, offers: self.snapshots.offered() };
        if self.disk.space().is_some_and(|space| !space.has_room(offer.bytes)) {
            return Err(declined(&"there is no space for it on the disk"));
        }
        let turn = unless_overtaken(&mut talk.offers, self.snapshots.turn()).await?;
        let turn = turn.ok_or_else(|| declined(&"another snapshot is on its way or being written"))?;
        let snapshots = self.snapshots.clone();
        let (to, file) =
            self.blocking.run(move || snapshots.receive()).await.map_err(|error| declined(&error))?;
        let taken = self.take_into(&offer, talk, (to, file.clone()), turn).await;
        // Not there any more where it was installed; else the next transfer, or the next start, tries again.
        let _ = self.blocking.run(move || std::fs::remove_file(file.path)).await;
        match taken {
            Ok(vote) => talk.say(&Asked::Installed(vote)).await,
            Err(error) => {
                tracing::warn!(group = %offer.group, %error, "a snapshot from a peer was not installed");
                Err(error)
            }
        }
    }

    async fn take_into(
        &self,
        offer: &Offer,
        talk: &mut Talk,
        (to, file): (File, SnapshotFile),
        turn: Turn,
    ) -> Result<Vote, CallError> {
        self.take_file(offer.bytes, talk, to).await?;
        for gaps in self.gaps(offer, &file).await.map_err(|error| declined(&error))?.chunks(GAPS_AT_ONCE) {
            talk.say(&Asked::Facts(gaps.to_vec())).await?;
            for gap in gaps {
                self.take_facts(*gap, talk).await?;
            }
        }
        self.disk.write_through(Vec::new()).await.map_err(|error| declined(&error))?;
        let (raft, vote) = (self.raft.clone(), offer.vote);
        let snapshot = Snapshot { meta: offer.meta.clone(), snapshot: file };
        let installing = tokio::spawn(async move {
            let installed = raft.install_full_snapshot(vote, snapshot).await;
            drop(turn);
            installed
        });
        let installed = installing.await.map_err(|error| CallError::Lost(error.to_string()))?;
        installed.map(|response| response.vote).map_err(|fatal| CallError::Lost(fatal.to_string()))
    }

    async fn take_file(&self, bytes: u64, talk: &mut Talk, mut to: File) -> Result<(), CallError> {
        let mut left = bytes;
        while left > 0 {
            let Sent::Chunk(chunk) = talk.hear().await? else {
                return Err(declined(&"the file of a snapshot has not ended"));
            };
            left = left
                .checked_sub(chunk.len() as u64)
                .filter(|_| !chunk.is_empty())
                .ok_or_else(|| declined(&"the file of a snapshot is not as long as announced"))?;
            let written = self.blocking.run(move || to.write_all(&chunk).map(|()| to));
            to = written.await.map_err(|error| declined(&error))?;
        }
        self.blocking.run(move || to.sync_all()).await.map_err(|error| declined(&error))
    }

    /// Checks the file; gives the facts that it covers and the archive here has not.
    async fn gaps(&self, offer: &Offer, file: &SnapshotFile) -> io::Result<Vec<Gap>> {
        let (snapshots, disk) = (self.snapshots.clone(), self.disk.clone());
        let (path, meta) = (file.path.clone(), offer.meta.clone());
        self.blocking
            .finish(async move {
                let mut gaps = Vec::new();
                for (event, to) in M::check(&snapshots, &path, &meta)? {
                    let from = archive::archived(&disk, event)?;
                    if from < to {
                        archive::forget_from(&disk, event, from).await?;
                        gaps.push(Gap { event, from, to });
                    }
                }
                Ok(gaps)
            })
            .await
    }

    async fn take_facts(&self, gap: Gap, talk: &mut Talk) -> Result<(), CallError> {
        let mut next = gap.from;
        while next < gap.to {
            let Sent::Facts { event, first, items } = talk.hear().await? else {
                return Err(declined(&"facts were asked for"));
            };
            let fits = items.len() as u64 <= gap.to - next;
            if event != gap.event || first != next || items.is_empty() || !fits {
                return Err(declined(&"these facts were not asked for"));
            }
            for (number, item) in (first..).zip(&items) {
                let what = format_args!("fact {number} of {event} from a peer").to_string();
                format::decode_bare::<domain::event::Stamped>(&what, item)
                    .map_err(|error| declined(&error))?;
            }
            archive::add(&self.disk, event, first, &items).await.map_err(|error| declined(&error))?;
            next += items.len() as u64;
        }
        Ok(())
    }
}

type Sender = mpsc::Sender<Bytes>;

struct Talk {
    sender: Sender,
    input: Messages,
    /// Changes when the next snapshot is offered.
    offers: watch::Receiver<u64>,
}

impl Talk {
    async fn say(&mut self, message: &Asked) -> Result<(), CallError> {
        for piece in pieces::cut(message.encode().map_err(|error| declined(&error))?) {
            match unless_overtaken(&mut self.offers, self.sender.send(piece)).await? {
                Some(Ok(())) => {}
                Some(Err(_)) => return Err(lost("the sender of a snapshot is gone")),
                None => return Err(lost("the sender of a snapshot does not listen")),
            }
        }
        Ok(())
    }

    async fn hear(&mut self) -> Result<Sent, CallError> {
        match unless_overtaken(&mut self.offers, self.input.next()).await? {
            Some(Some(message)) => Sent::decode(&message?).map_err(|error| declined(&error)),
            Some(None) => Err(lost("the sender of a snapshot ended it too early")),
            None => Err(lost(&format!("nothing came of a snapshot for {PATIENCE:?}"))),
        }
    }
}

/// Waits for `what`, but not for ever (`None`), and not when the next snapshot is offered.
async fn unless_overtaken<T>(
    offers: &mut watch::Receiver<u64>,
    what: impl Future<Output = T>,
) -> Result<Option<T>, CallError> {
    tokio::select! {
        biased;
        done = timeout(PATIENCE, what) => Ok(done.ok()),
        _ = offers.changed() => Err(declined(&"another one is offered by now")),
    }
}

fn lost(why: &str) -> CallError {
    CallError::Lost(why.to_owned())
}

fn declined(why: &dyn std::fmt::Display) -> CallError {
    CallError::Declined(why.to_string())
}
