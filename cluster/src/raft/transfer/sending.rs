//! Step ⑥: the side that has the snapshot. Reads the file, and of the archive what is asked for, piece by piece.
//!
//! The file is opened before anything is said: it stays readable when a newer snapshot replaces it meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::throttle::Throttle;
use super::{ALIVE, Asked, CHUNK_BYTES, Gap, PATIENCE, Sent};
use crate::journal::{LogDisk, archive};
use crate::peer::{Bytes, CallError, Calls, Messages};
use crate::raft::machines::{Keeping, Machine};
use crate::raft::network::{SNAPSHOT, Snapshot};
use crate::raft::pieces;
use crate::raft::types::{NodeId, Vote};
use crate::raft::wire::{Message, Offer};

/// What sending takes.
pub(crate) struct Sending<M, D> {
    pub(crate) calls: Arc<dyn Calls>,
    pub(crate) keeping: Keeping<D>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) machine: PhantomData<fn() -> M>,
}

impl<M: Machine, D: LogDisk> Sending<M, D> {
    /// Sends `snapshot` and the facts that `to` lacks; gives its vote once it has installed all of it.
    pub(crate) async fn send(&self, to: NodeId, vote: Vote, snapshot: Snapshot) -> Result<Vote, CallError> {
        let (meta, file, bytes) =
            M::outgoing(snapshot, &self.keeping).await.map_err(|error| unreadable(&error))?;
        let (sender, receiver) = mpsc::channel(1);
        let input = stream::unfold(receiver, |mut receiver: mpsc::Receiver<Bytes>| async move {
            receiver.recv().await.map(|piece| (Ok(piece), receiver))
        });
        let opening = self.calls.stream(to, SNAPSHOT, Box::pin(input), ALIVE);
        let mut talk = Talk { sender, answers: pieces::join(opening.await?) };
        talk.say(&Offer { group: self.keeping.group, vote, meta, bytes }).await?;
        self.send_file(&mut talk, file).await?;
        loop {
            match talk.hear().await? {
                Asked::Installed(vote) => return Ok(vote),
                Asked::Facts(gaps) => {
                    for gap in gaps {
                        self.send_facts(&mut talk, gap).await?;
                    }
                }
            }
        }
    }

    async fn send_file(&self, talk: &mut Talk, mut file: File) -> Result<(), CallError> {
        loop {
            let read = self.keeping.blocking.run(move || {
                let mut bytes = Vec::with_capacity(CHUNK_BYTES);
                file.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut bytes)?;
                Ok((file, bytes))
            });
            let (rest, bytes) = read.await.map_err(|error| unreadable(&error))?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.throttle.pass(bytes.len()).await;
            talk.say(&Sent::Chunk(bytes)).await?;
            file = rest;
        }
    }

    async fn send_facts(&self, talk: &mut Talk, gap: Gap) -> Result<(), CallError> {
        let Gap { event, from, to } = gap;
        let mut reader = archive::Reader::new(self.keeping.disk.clone(), event, from, to);
        let mut first = from;
        loop {
            let read = self.keeping.blocking.run(move || {
                let items = reader.next(CHUNK_BYTES)?;
                Ok((reader, items))
            });
            let (rest, items) = read.await.map_err(|error| unreadable(&error))?;
            if items.is_empty() {
                return Ok(());
            }
            self.throttle.pass(items.iter().map(Vec::len).sum()).await;
            let next = first + items.len() as u64;
            talk.say(&Sent::Facts { event, first, items }).await?;
            (reader, first) = (rest, next);
        }
    }
}

/// Nothing of it has happened there; a later snapshot may well be readable.
fn unreadable(error: &io::Error) -> CallError {
    CallError::Unreachable(format!("what is to be sent cannot be read here: {error}"))
}

struct Talk {
    sender: mpsc::Sender<Bytes>,
    answers: Messages,
}

impl Talk {
    /// Sends `message`, unless the other side objects.
    async fn say(&mut self, message: &impl Message) -> Result<(), CallError> {
        let message = message.encode().map_err(|error| unreadable(&error))?;
        for piece in pieces::cut(message) {
            let taken = tokio::select! {
                biased;
                objected = self.answers.next() => return Err(objection(objected)),
                taken = timeout(PATIENCE, self.sender.send(piece)) => taken,
            };
            let taken = taken.map_err(|_| CallError::Lost("the peer takes nothing".to_owned()))?;
            if taken.is_err() {
                // Nobody listens any more; the last thing said is why.
                return Err(objection(timeout(PATIENCE, self.answers.next()).await.ok().flatten()));
            }
        }
        Ok(())
    }

    async fn hear(&mut self) -> Result<Asked, CallError> {
        match timeout(PATIENCE, self.answers.next()).await {
            Ok(Some(answer)) => Asked::decode(&answer?).map_err(|error| CallError::Lost(error.to_string())),
            Ok(None) => Err(ended()),
            Err(_) => Err(CallError::Lost(format!("no answer to a snapshot for {PATIENCE:?}"))),
        }
    }
}

fn objection(answer: Option<Result<Bytes, CallError>>) -> CallError {
    match answer {
        Some(Err(error)) => error,
        Some(Ok(_)) => CallError::Lost("the peer answers what was not asked".to_owned()),
        None => ended(),
    }
}

fn ended() -> CallError {
    CallError::Lost("the peer ended the transfer of a snapshot".to_owned())
}
