//! ⑧ One who watches the seats of an event: told first how they are, or what they have missed, then what changes; and told
//! that all is well when nothing does.
//!
//! Owns nothing but how far its client is. It holds no more than the one piece that it sends, so who reads slowly costs
//! nothing, and is let go of when the board has moved on too far, or the client takes nothing for too long.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use super::board::{Board, Mark, Next};
use super::frame::{Frame, heartbeat};
use crate::http::detached::Outlet;
use crate::metrics::Metrics;

/// How long one who has seen more than this node is waited with: another node may be ahead of this one, not for long.
const AHEAD: Duration = Duration::from_secs(2);

/// One of them.
pub(super) struct Watcher {
    pub(super) board: Arc<Board>,
    /// The version that its client has.
    pub(super) has: Option<u64>,
    pub(super) place: OwnedSemaphorePermit,
    pub(super) metrics: Arc<Metrics>,
}

impl Watcher {
    /// Tells the client at the other end of `outlet`, as long as there is one.
    pub(super) async fn tell(self, mut outlet: Outlet) -> io::Result<()> {
        let Self { board, has, place: _place, metrics } = self;
        let mut marks = board.marks();
        let told = tell(&board, &mut marks, has, &mut outlet).await;
        match told {
            Ok(()) => return outlet.finish().await,
            Err(ref error) if error.kind() == io::ErrorKind::TimedOut => metrics.dropped_a_slow_stream(),
            Err(_) => {}
        }
        told
    }
}

async fn tell(
    board: &Board,
    marks: &mut watch::Receiver<Mark>,
    has: Option<u64>,
    outlet: &mut Outlet,
) -> io::Result<()> {
    let mut has = match has {
        Some(version) if go_on(board, marks, version).await => version,
        _ => {
            let (version, frame) = board.snapshot();
            outlet.send(frame.piece()).await?;
            version
        }
    };
    let mut beats = board.mark().beats;
    loop {
        let mark = *marks.borrow_and_update();
        let mut told = false;
        loop {
            match board.after(has) {
                Next::Nothing => break,
                Next::Update(version, frame) => {
                    outlet.send(frame.piece()).await?;
                    (has, told) = (version, true);
                }
                Next::Unknown => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
        if mark.ended {
            return Ok(());
        }
        if !told && mark.beats != beats {
            outlet.send(&heartbeat()).await?;
        }
        beats = mark.beats;
        tokio::select! {
            changed = marks.changed() => if changed.is_err() {
                return Ok(());
            },
            () = outlet.closed() => return Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

/// Whether a client that has `version` can be told what comes after it. Where that is ahead of what this node knows, it
/// waits a while to hear of it.
pub(super) async fn go_on(board: &Board, marks: &mut watch::Receiver<Mark>, version: u64) -> bool {
    let caught_up = |mark: &Mark| mark.ended || mark.version.is_some_and(|shown| shown >= version);
    let caught_up = timeout(AHEAD, marks.wait_for(caught_up)).await;
    matches!(caught_up, Ok(Ok(_))) && !matches!(board.after(version), Next::Unknown)
}

/// What comes after `version`, as soon as there is anything; all seats to one who has none that can be gone on from. `None`
/// where nothing comes within `patience`, or the board ends.
pub(super) async fn next(board: &Board, version: Option<u64>, patience: Duration) -> Option<Frame> {
    let mut marks = board.marks();
    let waiting = async {
        let Some(version) = version else { return Some(board.snapshot().1) };
        if !go_on(board, &mut marks, version).await {
            return (!board.mark().ended).then(|| board.snapshot().1);
        }
        let changed = |mark: &Mark| mark.ended || mark.version != Some(version);
        marks.wait_for(changed).await.ok()?;
        match board.all_after(version) {
            None if board.mark().version != Some(version) => Some(board.snapshot().1),
            news => news,
        }
    };
    timeout(patience, waiting).await.ok().flatten()
}
