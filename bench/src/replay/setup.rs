//! Sets the stage before the clock starts: operator, events, accounts, and the seats of every event.
//!
//! Owns: everything that is asked for once. Names carry the run's prefix, so that runs do not meet.

use super::caller::Caller;
use super::http::Ask;
use super::stage::{Event, Login, Stage, Tally};
use super::wire::{Created, Ids, Login as LoginAnswer, SeatsAnswer, parse};
use super::{Operator, ReplayOptions, STALENESS_US};
use crate::history::{Account, SeatStatus, Ticket};
use crate::plan::{Prices, VenuePlan};
use crate::progress::Progress;
use crate::report::whole;
use crate::trace::SeatName;
use anyhow::{Context, bail};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hyper::Method;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const SIGN_UPS_AT_ONCE: usize = 4;
/// Every node knows a new event within this time.
const SEEN_WITHIN_US: u64 = 30_000_000;
const POLL: Duration = Duration::from_millis(50);
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn set(
    caller: Caller,
    options: &mut ReplayOptions,
    prefix: &str,
    progress: &dyn Progress,
) -> anyhow::Result<Stage> {
    let operator_token = operator(&caller, &options.operator).await?;
    let mut stage = Stage {
        caller,
        prefix: prefix.to_owned(),
        speed: options.speed,
        ttl_seconds: options.ttl_seconds,
        attempts: options.attempts,
        operator_token,
        accounts: Vec::new(),
        events: HashMap::new(),
        ids: Ids::default(),
        ticket_ids: Vec::new(),
        ticket_names: Vec::new(),
        taken_before: Vec::new(),
        tally: Tally::default(),
        keys: AtomicU64::new(0),
        operations: Mutex::new(Vec::with_capacity(options.sessions.len() * 2)),
    };
    sign_up(&mut stage, options.accounts, progress).await?;
    let names: BTreeSet<String> = options.sessions.iter().map(|session| session.event.clone()).collect();
    for name in names {
        let id = match options.events.get(&name) {
            Some(id) => id.clone(),
            None if name.starts_with("evt_") => name.clone(),
            None => make_event(&stage, options, &name).await?,
        };
        read_seats(&mut stage, name, id).await?;
    }
    if stage.caller.client.targets() > 1 {
        // Whoever has just signed up is then known to every node.
        sleep(Duration::from_micros(STALENESS_US)).await;
    }
    progress.note(&format!("{} seats on sale", whole(stage.ticket_ids.len() as u64)));
    for session in &options.sessions {
        if let Err(what) = stage.has(session) {
            bail!(
                "the trace does not fit the seat map: buyer {} of event {}: {what}",
                session.buyer,
                session.event
            );
        }
    }
    Ok(stage)
}

async fn operator(caller: &Caller, operator: &Operator) -> anyhow::Result<Option<String>> {
    match operator {
        Operator::Absent => Ok(None),
        Operator::Token(token) => Ok(Some(token.clone())),
        Operator::Login { username, password } => {
            let login = log_in(caller, username, password).await.context("the operator cannot log in")?;
            Ok(Some(login.access_token))
        }
    }
}

pub(crate) async fn log_in(caller: &Caller, username: &str, password: &str) -> anyhow::Result<LoginAnswer> {
    let body = json!({ "username": username, "password": password });
    created(caller, &Ask::new(Method::POST, "/users/login").json(&body)).await
}

/// A call whose answer is small and read whole.
pub(crate) async fn created<T: serde::de::DeserializeOwned>(caller: &Caller, ask: &Ask) -> anyhow::Result<T> {
    let answer = caller.must_at_home(ask).await?;
    parse(&answer.body).map_err(|what| anyhow::anyhow!("{} {}: {what}", ask.method, ask.path))
}

async fn sign_up(stage: &mut Stage, count: u32, progress: &dyn Progress) -> anyhow::Result<()> {
    stage.accounts = accounts(&stage.caller, &stage.prefix, count, progress).await?;
    for (login, number) in stage.accounts.iter().zip(0..) {
        stage.ids.accounts.insert(login.id.clone(), Account(number));
    }
    Ok(())
}

/// Makes so many accounts, a few at a time: hashing passwords keeps the node busy.
pub(crate) async fn accounts(
    caller: &Caller,
    prefix: &str,
    count: u32,
    progress: &dyn Progress,
) -> anyhow::Result<Vec<Login>> {
    progress.begin("accounts", u64::from(count));
    let logins = (0..count).map(|number| sign_up_one(caller, prefix, number));
    let mut logins = stream::iter(logins).buffered(SIGN_UPS_AT_ONCE);
    let mut accounts = Vec::new();
    while let Some(login) = logins.try_next().await? {
        accounts.push(login);
        progress.at(accounts.len() as u64, "");
    }
    progress.end("");
    Ok(accounts)
}

pub(crate) async fn sign_up_one(caller: &Caller, prefix: &str, number: u32) -> anyhow::Result<Login> {
    let username = format!("buyer-{prefix}-{number}");
    let password = format!("password-{prefix}-{number}");
    let body = json!({
        "name": format!("Buyer {number}"),
        "email": format!("{username}@example.com"),
        "username": username,
        "password": password,
    });
    let user: Created = created(caller, &Ask::new(Method::POST, "/users").json(&body)).await?;
    let login = log_in(caller, &username, &password).await?;
    if login.user.id != user.id {
        bail!("{username} signed up as {} and logged in as {}", user.id, login.user.id);
    }
    Ok(Login { id: user.id, token: login.access_token })
}

/// Makes venue, performer and event for a name of the trace; the event's id.
async fn make_event(stage: &Stage, options: &ReplayOptions, name: &str) -> anyhow::Result<String> {
    let Some(token) = &stage.operator_token else {
        bail!(
            "the trace's event `{name}` has to be made, and only an operator can do that: set \
             ONSALE_AUTH__OPERATOR_USERNAME and ONSALE_AUTH__OPERATOR_PASSWORD, or let the trace name an event by its \
             evt_ id"
        );
    };
    let title = format!("{name} {}", stage.prefix);
    let event = put_on_sale(&stage.caller, token, &title, &options.plan, options.ttl_seconds).await?;
    seen_everywhere(&stage.caller, &event).await?;
    Ok(event)
}

/// Makes a venue, a performer and an event, all called `title`; the event's id.
pub(crate) async fn put_on_sale(
    caller: &Caller,
    operator_token: &str,
    title: &str,
    plan: &VenuePlan,
    hold_seconds: u32,
) -> anyhow::Result<String> {
    let house = make_house(caller, operator_token, title, plan).await?;
    make_show(caller, operator_token, title, &house, &plan.prices, hold_seconds).await
}

/// Where events take place, and who plays.
pub(crate) struct House {
    venue: String,
    performer: String,
}

/// Makes a venue of this plan, and a performer.
pub(crate) async fn make_house(
    caller: &Caller,
    token: &str,
    title: &str,
    plan: &VenuePlan,
) -> anyhow::Result<House> {
    let venue = json!({
        "name": title,
        "address": "1 Replay Road",
        "city": "Berlin",
        "country": "DE",
        "location": { "lat": 52.52, "lon": 13.405 },
        "timezone": "Europe/Berlin",
        "seatMap": plan.seat_map,
    });
    let performer = json!({ "name": title, "genre": "pop", "bio": "Plays for benchmarks." });
    Ok(House {
        venue: make(caller, token, "/venues", &venue).await?,
        performer: make(caller, token, "/performers", &performer).await?,
    })
}

/// Makes an event in a house; its id.
pub(crate) async fn make_show(
    caller: &Caller,
    token: &str,
    title: &str,
    house: &House,
    prices: &Prices,
    hold_seconds: u32,
) -> anyhow::Result<String> {
    let event = json!({
        "name": title,
        "description": "Made for a benchmark.",
        "type": "concert",
        "performerIds": [house.performer],
        "venueId": house.venue,
        "startsAt": "2099-06-01T19:00:00.000Z",
        "currency": prices.currency,
        "prices": prices.prices,
        "holdSeconds": hold_seconds,
    });
    make(caller, token, "/events", &event).await
}

async fn make(caller: &Caller, token: &str, path: &str, body: &Value) -> anyhow::Result<String> {
    let ask = Ask::new(Method::POST, path).bearer(token).json(body);
    created::<Created>(caller, &ask).await.map(|made| made.id)
}

/// Waits until every target knows the event.
pub(crate) async fn seen_everywhere(caller: &Caller, event: &str) -> anyhow::Result<()> {
    let ask = Ask::new(Method::GET, format!("/events/{event}?tickets=false"));
    let give_up_us = caller.clock.now_us() + SEEN_WITHIN_US;
    for target in 0..caller.client.targets() {
        loop {
            let probe = async { caller.client.lane_to(target).await.send(&ask).await };
            if let Ok(Ok(answer)) = timeout(PROBE_TIMEOUT, probe).await
                && answer.status == 200
            {
                break;
            }
            if caller.clock.now_us() > give_up_us {
                bail!("target {} does not know the event {event} that was made through another", target + 1);
            }
            sleep(POLL).await;
        }
    }
    Ok(())
}

/// Learns an event's tickets, and which of them are taken already.
async fn read_seats(stage: &mut Stage, name: String, id: String) -> anyhow::Result<()> {
    let ask = Ask::new(Method::GET, format!("/events/{id}/seats"));
    let answer = stage.caller.must(&ask).await?;
    let seats: SeatsAnswer<'_> =
        parse(&answer.body).map_err(|what| anyhow::anyhow!("{}: {what}", ask.path))?;
    let mut event = Event { id, ..Event::default() };
    for seat in &seats.seats {
        let ticket = Ticket(u32::try_from(stage.ticket_ids.len()).context("too many seats")?);
        if stage.ids.tickets.insert(seat.id.clone().into_owned(), ticket).is_some() {
            bail!("{}: the ticket {} occurs twice", ask.path, seat.id);
        }
        let (status, _) = stage.ids.seat(seat).map_err(|what| anyhow::anyhow!("{}: {what}", ask.path))?;
        if status != SeatStatus::Available {
            stage.taken_before.push(ticket);
        }
        let place = SeatName {
            section: seat.section.clone().into_owned(),
            row: seat.row.as_ref().map(|row| row.clone().into_owned()),
            seat: seat.seat.clone().into_owned(),
        };
        stage.ticket_ids.push(seat.id.clone().into_owned());
        stage.ticket_names.push(place.to_string());
        event.sections.insert(place.section.clone());
        event.seats.insert(place, ticket);
    }
    stage.events.insert(name, event);
    Ok(())
}
