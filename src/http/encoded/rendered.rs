//! ⑦ All tickets of an event in JSON, as everybody sees them, at one version: pieces of some hundred seats, plain and packed,
//! of which the next version makes those anew in which a seat has changed.
//!
//! Owns the pieces and the answers that are put together of them, each once a version. Hazard: nothing in here depends on
//! who asks; whoever is to be told more is answered another way.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::ids::SeatIndex;
use domain::seat_map::SeatMap;
use domain::time::UnixMillis;

use super::block::Block;
use super::brotli::Brotli;
use super::chunks::Chunks;
use super::gzip::Gzip;
use crate::http::cache::Tag;
use crate::http::event_seats::SeatsBody;
use crate::http::event_view::Found;
use crate::http::extract::Coding;
use crate::http::problem::Problem;
use crate::http::ticket::Scene;
use crate::http::wire::Id;
use crate::projections::Seats;

/// Seats of a piece, at most: fewer are packed less well, more cost more when one changes.
const PIECE_SEATS: u32 = 256;
/// What ends every list of tickets that we write: nothing comes after the tickets.
const END: &str = "]}";

/// Which tickets, and in what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::http) enum What {
    /// `GET /events/{id}`.
    Event,
    /// `GET /events/{id}/seats`.
    Seats,
    /// The same of one section, by its number.
    Section(u32),
}

/// What tells answers of one version apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::http) struct Shape {
    pub(in crate::http) what: What,
    /// The event's status in a word.
    pub(in crate::http) status: &'static str,
    pub(in crate::http) coding: Coding,
}

/// An answer, for as many as want it.
#[derive(Debug, Clone)]
pub(in crate::http) struct Answer {
    pub(in crate::http) tag: Tag,
    pub(in crate::http) body: Chunks,
}

/// Some seats of one section.
#[derive(Debug)]
struct Piece {
    seats: Range<u32>,
    section: u32,
    /// Each ticket with a comma behind it.
    plain: Bytes,
    /// Without the last comma.
    gzip: Gzip,
    /// The same, once somebody has asked for it.
    brotli: Option<Brotli>,
}

/// An event at one version.
pub(super) struct Rendered {
    found: Found,
    pub(super) seats: Arc<Seats>,
    /// Whether its pieces are there as brotli too.
    pub(super) brotli: bool,
    pieces: Vec<Arc<Piece>>,
    answers: Mutex<BTreeMap<Shape, Answer>>,
}

impl Rendered {
    /// How the event looks with `seats`, as `brotli` too where that is wanted or was before; what did not change since `before`
    /// is taken from there.
    pub(super) fn new(
        found: &Found,
        seats: Arc<Seats>,
        before: Option<&Self>,
        brotli: bool,
    ) -> Result<Self, Problem> {
        let brotli = brotli || before.is_some_and(|before| before.brotli);
        let making = Making { scene: &found.scene(), found, seats: &seats, brotli };
        let pieces = match before {
            Some(before) if before.is_of(found) && before.brotli == brotli => before.changed(&making)?,
            _ => {
                let ranges = ranges(&making.scene.map).into_iter();
                ranges.map(|(section, range)| making.piece(section, range)).collect::<Result<_, _>>()?
            }
        };
        Ok(Self { found: found.clone(), seats, brotli, pieces, answers: Mutex::default() })
    }

    /// Whether the catalogue still says the same of it.
    pub(super) fn is_of(&self, found: &Found) -> bool {
        self.found.is(found)
    }

    /// How many seats will have to be rendered for `seats`.
    pub(super) fn effort(&self, seats: &Seats) -> u32 {
        let dirty = self.pieces.iter().filter(|piece| piece.is_dirty(&self.seats, seats));
        dirty.map(|piece| piece.seats.end - piece.seats.start).sum()
    }

    fn changed(&self, making: &Making<'_>) -> Result<Vec<Arc<Piece>>, Problem> {
        let piece = |piece: &Arc<Piece>| match piece.is_dirty(&self.seats, making.seats) {
            true => making.piece(piece.section, piece.seats.clone()),
            false => Ok(piece.clone()),
        };
        self.pieces.iter().map(piece).collect()
    }

    /// The answer of this shape; `now` is a moment at which the event has the status that goes with it.
    pub(super) fn answer(&self, shape: Shape, now: UnixMillis) -> Result<Answer, Problem> {
        let known = self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(&shape).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let answer = self.put_together(shape, now)?;
        // Made twice at worst, by two who came at once.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).insert(shape, answer.clone());
        Ok(answer)
    }

    fn put_together(&self, shape: Shape, now: UnixMillis) -> Result<Answer, Problem> {
        let version = self.seats.version;
        let none: Option<[(); 0]> = Some([]);
        let empty = match shape.what {
            What::Event => serde_json::to_vec(&self.found.body(now, self.seats.statuses.counts(), none)),
            What::Seats | What::Section(_) => {
                serde_json::to_vec(&SeatsBody { event_id: Id(self.found.event.id), version, seats: [(); 0] })
            }
        };
        let mut head = empty.map_err(Problem::internal)?;
        if !head.ends_with(END.as_bytes()) {
            return Err(Problem::internal("the tickets are not the last of an event"));
        }
        head.truncate(head.len() - END.len());
        let tag = format!("{version} {shape:?} {}", String::from_utf8_lossy(&head));
        let tag = Tag::of_revision(self.found.event.revision, tag.as_bytes());
        let wanted =
            |piece: &&Arc<Piece>| !matches!(shape.what, What::Section(section) if section != piece.section);
        let pieces: Vec<&Arc<Piece>> = self.pieces.iter().filter(wanted).collect();
        let body = match shape.coding {
            Coding::Identity => plain(head, &pieces),
            Coding::Gzip => packed(&head, pieces.iter().map(|piece| &piece.gzip)),
            Coding::Brotli => packed(&head, pieces.iter().filter_map(|piece| piece.brotli.as_ref())),
        };
        Ok(Answer { tag, body: Chunks::new(body) })
    }
}

fn plain(head: Vec<u8>, pieces: &[&Arc<Piece>]) -> Vec<Bytes> {
    let mut body = vec![Bytes::from(head)];
    body.extend(pieces.iter().map(|piece| piece.plain.clone()));
    if body.len() > 1
        && let Some(last) = body.last_mut()
    {
        last.truncate(last.len() - 1);
    }
    body.push(Bytes::from_static(END.as_bytes()));
    body
}

fn packed<'a, B: Block + 'a>(head: &[u8], pieces: impl Iterator<Item = &'a B>) -> Vec<Bytes> {
    let (head, comma, end) = (B::of(head), B::byte(b','), B::of(END.as_bytes()));
    let mut blocks = vec![&head];
    for (at, piece) in pieces.enumerate() {
        if at > 0 {
            blocks.push(&comma);
        }
        blocks.push(piece);
    }
    blocks.push(&end);
    vec![B::stream(&blocks).into()]
}

/// Which seats make a piece, and in which section, in order.
fn ranges(map: &SeatMap) -> Vec<(u32, Range<u32>)> {
    let mut ranges: Vec<(u32, Range<u32>)> = Vec::new();
    for row in map.all_rows() {
        for seat in row.seats().map(SeatIndex::number) {
            match ranges.last_mut() {
                Some((section, seats)) if *section == row.section && seats.len() < PIECE_SEATS as usize => {
                    seats.end = seat + 1;
                }
                _ => ranges.push((row.section, seat..seat + 1)),
            }
        }
    }
    ranges
}

/// What pieces are made of.
struct Making<'a> {
    scene: &'a Scene,
    found: &'a Found,
    seats: &'a Seats,
    brotli: bool,
}

impl Making<'_> {
    fn piece(&self, section: u32, range: Range<u32>) -> Result<Arc<Piece>, Problem> {
        let prices = &self.found.event.terms.prices_minor;
        let mut plain = Vec::with_capacity(range.len() * 224);
        for seat in range.clone().map(SeatIndex::new) {
            let status = self.seats.statuses.get(seat);
            let ticket = status.and_then(|status| self.scene.ticket_to_all(seat, prices, status));
            let ticket = ticket.ok_or_else(|| Problem::internal("a sale has other seats than its map"))?;
            serde_json::to_writer(&mut plain, &ticket).map_err(Problem::internal)?;
            plain.push(b',');
        }
        let listed = plain.strip_suffix(b",").unwrap_or_default();
        let (gzip, brotli) = (Gzip::of(listed), self.brotli.then(|| Brotli::of(listed)));
        plain.shrink_to_fit();
        Ok(Arc::new(Piece { seats: range, section, plain: plain.into(), gzip, brotli }))
    }
}

impl Piece {
    fn is_dirty(&self, before: &Seats, after: &Seats) -> bool {
        before.statuses.differs(&after.statuses, self.seats.clone())
    }
}

#[cfg(test)]
#[path = "rendered_test.rs"]
mod test;
