//! Watches a seat map in its compact form until every seat whose hold has ended is seen to be free.
//!
//! Owns: what a reader saw when. A seat counts as free when an answer that shows it so has arrived, so the way of that
//! answer is part of every delay.

use super::Freed;
use crate::ambient::wall_us;
use crate::load::lane::Lane;
use crate::report::Collector;
use anyhow::{Context, ensure};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, Uri};
use std::time::Duration;
use tokio::time::sleep;

const BINARY: &str = "application/vnd.onsale.seats";
const MAGIC: &[u8] = b"OSB1";
const HEADER_BYTES: usize = 16;
/// The map is read from so long before the first deadline, and until so long after it at most.
const LEAD: Duration = Duration::from_millis(100);
const GIVE_UP_US: u64 = 15_000_000;
const PAUSE: Duration = Duration::from_millis(1);

/// Reads the map of one event.
pub(super) struct Watcher {
    lane: Lane,
    authority: String,
    path: Uri,
    /// Of the first seats of the map, in order.
    deadlines_us: Vec<u64>,
}

/// What was seen.
pub(super) struct Watched {
    pub(super) freed: Freed,
    pub(super) all_free_after_ms: f64,
    pub(super) freed_early: u64,
    pub(super) looked_every_ms: f64,
    pub(super) deadlines_within_ms: f64,
}

impl Watcher {
    pub(super) fn new(authority: &str, event: &str, deadlines_us: Vec<u64>) -> anyhow::Result<Self> {
        let path = format!("/events/{event}/seats").parse()?;
        Ok(Self { lane: Lane::new(authority), authority: authority.to_owned(), path, deadlines_us })
    }

    /// Watches from shortly before `due_us` until all are free.
    pub(super) async fn watch(mut self, due_us: u64) -> anyhow::Result<Watched> {
        sleep(super::until(due_us).saturating_sub(LEAD)).await;
        let (began_us, mut looks) = (wall_us(), 0_u64);
        let mut waiting: Vec<usize> = (0..self.deadlines_us.len()).collect();
        let (mut freed, mut freed_early) = (Collector::new(), 0);
        let mut last_seen_us = began_us;
        while !waiting.is_empty() {
            let map = self.look().await?;
            (last_seen_us, looks) = (wall_us(), looks + 1);
            waiting.retain(|seat| {
                let is_free = is_free(&map, *seat);
                if is_free {
                    let deadline_us = self.deadlines_us[*seat];
                    freed_early += u64::from(last_seen_us < deadline_us);
                    freed.add(last_seen_us.saturating_sub(deadline_us));
                }
                !is_free
            });
            ensure!(
                last_seen_us < due_us + GIVE_UP_US,
                "{} seats are still held {} s after their deadlines",
                waiting.len(),
                GIVE_UP_US / 1_000_000
            );
            sleep(PAUSE).await;
        }
        let first_us = self.deadlines_us.iter().min().copied().unwrap_or_default();
        let last_us = self.deadlines_us.iter().max().copied().unwrap_or_default();
        let ms = |us: u64| us as f64 / 1_000.0;
        let delays = freed.latency();
        Ok(Watched {
            freed: Freed { p50_ms: delays.p50_ms, p99_ms: delays.p99_ms, max_ms: delays.max_ms },
            all_free_after_ms: ms(last_seen_us.saturating_sub(last_us)),
            freed_early,
            looked_every_ms: ms(last_seen_us - began_us) / looks.max(1) as f64,
            deadlines_within_ms: ms(last_us - first_us),
        })
    }

    async fn look(&mut self) -> anyhow::Result<Bytes> {
        let request = Request::get(self.path.clone()).header(HOST, &self.authority).header(ACCEPT, BINARY);
        let (status, map) = self.lane.send(request.body(Full::default())?).await?;
        let seats = map.get(4..8).and_then(|count| count.try_into().ok()).map(u32::from_le_bytes);
        let seats = seats.context("the seat map is too short")? as usize;
        let is_whole = map.starts_with(MAGIC) && map.len() == HEADER_BYTES + seats.div_ceil(4);
        ensure!(
            status == 200 && is_whole,
            "the seat map was answered {status}, or is not in the compact form"
        );
        ensure!(seats >= self.deadlines_us.len(), "the seat map has lost seats");
        Ok(map)
    }
}

/// Two bits a seat, the lowest first; 0 is free.
fn is_free(map: &[u8], seat: usize) -> bool {
    map[HEADER_BYTES + seat / 4] >> (2 * (seat % 4)) & 0b11 == 0
}

#[cfg(test)]
mod test {
    use super::{HEADER_BYTES, is_free};

    #[test]
    fn free_seats_are_found_among_the_others() {
        let mut map = vec![0xff; HEADER_BYTES];
        map.extend([0b11_00_10_01, 0b00]);
        let free: Vec<bool> = (0..5).map(|seat| is_free(&map, seat)).collect();
        assert_eq!(free, [false, false, true, false, true]);
    }
}
