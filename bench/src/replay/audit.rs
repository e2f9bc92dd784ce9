//! Reads what the node shows after the run: seat maps, every account's bookings, every acknowledged booking.
//!
//! Owns: what is read, and when it was. A part that cannot be read fails the run: without it there is no verdict.

use super::http::Ask;
use super::stage::Stage;
use super::wire::{BookingAnswer, BookingPage, SeatsAnswer, parse};
use crate::history::{Account, Audit, BookingRead, History, ListRead, MapRead, Outcome, SeatRead};
use crate::progress::Progress;
use anyhow::{Context, anyhow, bail};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hyper::Method;
use std::collections::HashSet;

const PAGE_SIZE: u64 = 100;
/// Reads under way at the same time.
const AT_ONCE: usize = 32;
/// A single booking is asked for at most this long.
const PATIENCE_US: u64 = 60_000_000;

/// Reads the maps; in the final audit, the bookings too.
pub(super) async fn read(
    stage: &Stage,
    history: &History,
    is_final: bool,
    progress: &dyn Progress,
) -> anyhow::Result<Audit> {
    let mut audit = Audit::default();
    for event in stage.events.values() {
        audit.maps.push(read_map(stage, &event.id).await?);
    }
    if !is_final {
        return Ok(audit);
    }
    let accounts = (0..stage.accounts.len()).map(|index| Account(index as u32));
    let lists = accounts.map(|account| read_list(stage, account));
    audit.lists = stream::iter(lists).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut acknowledged: HashSet<(Account, &str)> = HashSet::new();
    for op in &history.operations {
        if let Outcome::Booked(booking) = &op.outcome {
            acknowledged.insert((op.account, &booking.id));
        }
    }
    progress.begin("audit", acknowledged.len() as u64);
    let bookings = acknowledged.into_iter().map(|(account, id)| read_booking(stage, account, id));
    let mut bookings = stream::iter(bookings).buffer_unordered(AT_ONCE);
    while let Some(booking) = bookings.try_next().await? {
        audit.bookings.push(booking);
        progress.at(audit.bookings.len() as u64, "bookings read");
    }
    progress.end("");
    Ok(audit)
}

async fn read_map(stage: &Stage, event: &str) -> anyhow::Result<MapRead> {
    let mut ask = Ask::new(Method::GET, format!("/events/{event}/seats"));
    if let Some(token) = &stage.operator_token {
        ask = ask.bearer(token);
    }
    let invoked_us = stage.clock().now_us();
    let answer = stage.caller.must(&ask).await?;
    let ended_us = stage.clock().now_us();
    let answer: SeatsAnswer<'_> = parse(&answer.body).map_err(|what| anyhow!("{}: {what}", ask.path))?;
    let seat = |seat: &_| -> Result<SeatRead, String> {
        let (status, owner) = stage.ids.seat(seat)?;
        Ok(SeatRead { ticket: stage.ids.ticket(&seat.id)?, status, owner })
    };
    let seats = answer.seats.iter().map(seat).collect::<Result<_, _>>();
    Ok(MapRead { invoked_us, ended_us, seats: seats.map_err(|what| anyhow!("{}: {what}", ask.path))? })
}

async fn read_list(stage: &Stage, account: Account) -> anyhow::Result<ListRead> {
    let token = &stage.login(account).token;
    let mut bookings = Vec::new();
    for page in 1_u64.. {
        let path = format!("/bookings?page={page}&pageSize={PAGE_SIZE}");
        let answer = stage.caller.must(&Ask::new(Method::GET, &path).bearer(token)).await?;
        let answer: BookingPage<'_> = parse(&answer.body).map_err(|what| anyhow!("{path}: {what}"))?;
        for booking in &answer.items {
            bookings.push(stage.ids.booking(booking).map_err(|what| anyhow!("{path}: {what}"))?);
        }
        if answer.items.is_empty() || page * PAGE_SIZE >= answer.total {
            break;
        }
    }
    Ok(ListRead { account, ended_us: stage.clock().now_us(), bookings })
}

async fn read_booking(stage: &Stage, account: Account, id: &str) -> anyhow::Result<BookingRead> {
    let path = format!("/bookings/{id}");
    let ask = Ask::new(Method::GET, &path).bearer(&stage.login(account).token);
    let called = stage.caller.call(&ask, stage.clock().now_us() + PATIENCE_US).await;
    let answer = called.result.map_err(anyhow::Error::msg).with_context(|| path.clone())?;
    let booking = match answer.status {
        200 => {
            let booking =
                parse::<BookingAnswer<'_>>(&answer.body).and_then(|answer| stage.ids.booking(&answer));
            Some(booking.map_err(|what| anyhow!("{path}: {what}"))?)
        }
        // Whoever it belongs to now, it is not there for its buyer.
        403 | 404 => None,
        status => bail!("{path} was answered {status}"),
    };
    Ok(BookingRead { account, id: id.to_owned(), ended_us: called.ended_us, booking })
}
