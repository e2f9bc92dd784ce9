//! onsale as a seller: over HTTP/1.1, with a token and an Idempotency-Key a call, as anybody would.

use super::plan::{Party, house};
use super::process::version;
use super::seller::{About, Desk, Seller, Taken};
use super::{HOLD_SECONDS, Options, Peer, node};
use crate::ambient::{Clock, unique_prefix};
use crate::plan::VenuePlan;
use crate::replay::caller::Caller;
use crate::replay::http::{Answer, Ask, Client};
use crate::replay::setup::{log_in, put_on_sale, sign_up_one};
use crate::replay::wire::{Created, Problem, SeatsAnswer, parse};
use anyhow::{anyhow, bail};
use hyper::Method;
use serde_json::json;

pub(super) struct Onsale {
    about: About,
    node: node::Node,
    caller: Caller,
    operator_token: String,
    /// Makes this run's names unlike those of any other.
    prefix: String,
    house: VenuePlan,
    seats: u32,
    keys: bool,
    sales: u32,
}

/// An event, and the node's name for each seat.
pub(super) struct Event {
    id: String,
    holds: String,
    tickets: Vec<String>,
}

/// A client's connection, with an account of its own.
pub(super) struct Buyer {
    client: Client,
    token: String,
    /// What the keys begin with; no keys when there is none.
    key_prefix: Option<String>,
    keys: u64,
}

impl Onsale {
    pub(super) async fn start(options: &Options) -> anyhow::Result<Self> {
        let program = node::program(options.node.as_deref())?;
        let with_keys = if options.keys { "with" } else { "without" };
        let about = About {
            peer: Peer::Onsale,
            version: version(&program).await?,
            durability: "fdatasync of the journal before the answer".into(),
            access: format!("HTTP/1.1, a connection and an account a client, {with_keys} Idempotency-Keys"),
        };
        let node = node::Node::start(&program, &options.data).await?;
        let caller = Caller::new(Client::new(&[node.url().to_owned()], 4)?, Clock::start());
        let (username, password) = node.operator();
        let operator_token = log_in(&caller, username, password).await?.access_token;
        Ok(Self {
            about,
            node,
            caller,
            operator_token,
            prefix: unique_prefix()?,
            house: house(options.seats)?,
            seats: options.seats,
            keys: options.keys,
            sales: 0,
        })
    }
}

impl Seller for Onsale {
    type Desk = Buyer;

    fn about(&self) -> &About {
        &self.about
    }

    async fn desks(&mut self, clients: u32) -> anyhow::Result<Vec<Buyer>> {
        let mut buyers = Vec::new();
        for number in 0..clients {
            buyers.push(Buyer {
                client: Client::new(&[self.node.url().to_owned()], 1)?,
                token: sign_up_one(&self.caller, &self.prefix, number).await?.token,
                key_prefix: self.keys.then(|| format!("{}-{number}", self.prefix)),
                keys: 0,
            });
        }
        Ok(buyers)
    }

    async fn open(&mut self) -> anyhow::Result<Event> {
        self.sales += 1;
        let title = format!("Sale {} of {}", self.sales, self.prefix);
        let id = put_on_sale(&self.caller, &self.operator_token, &title, &self.house, HOLD_SECONDS).await?;
        let tickets = seats(&self.caller, &id, |seats| {
            seats.seats.iter().map(|seat| seat.id.clone().into_owned()).collect::<Vec<_>>()
        });
        let tickets = tickets.await?;
        if tickets.len() != self.seats as usize {
            bail!("the event has {} seats and not {}", tickets.len(), self.seats);
        }
        Ok(Event { holds: format!("/events/{id}/holds"), id, tickets })
    }

    async fn taken(&mut self, sale: &Event) -> anyhow::Result<Vec<Taken>> {
        seats(&self.caller, &sale.id, |seats| {
            let seats = seats.seats.iter().zip(0..).filter(|(seat, _)| seat.status != "available");
            seats.map(|(seat, number)| Taken { seat: number, sold: seat.status == "booked" }).collect()
        })
        .await
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.node.stop().await
    }
}

/// Reads all seats of an event.
async fn seats<T>(caller: &Caller, event: &str, read: impl Fn(&SeatsAnswer<'_>) -> T) -> anyhow::Result<T> {
    let ask = Ask::new(Method::GET, format!("/events/{event}/seats"));
    let answer = caller.must(&ask).await?;
    let seats = parse(&answer.body).map_err(|what| anyhow!("{}: {what}", ask.path))?;
    Ok(read(&seats))
}

impl Buyer {
    async fn post(&mut self, path: &str, body: &serde_json::Value) -> anyhow::Result<Answer> {
        let mut ask = Ask::new(Method::POST, path).bearer(&self.token).json(body);
        if let Some(prefix) = &self.key_prefix {
            self.keys += 1;
            ask = ask.key(format!("{prefix}-{}", self.keys));
        }
        self.client.lane().await.send(&ask).await
    }
}

impl Desk for Buyer {
    type Sale = Event;
    type Hold = String;

    async fn hold(&mut self, sale: &Event, party: Party) -> anyhow::Result<Option<String>> {
        let seats = party.seats();
        let tickets = &sale.tickets[seats.start as usize..seats.end as usize];
        let answer = self.post(&sale.holds, &json!({ "ticketIds": tickets })).await?;
        if answer.status == 201 {
            return Ok(Some(created(&answer)?));
        }
        let problem: Problem = parse(&answer.body).unwrap_or_default();
        if answer.status == 409 && ["seat-unavailable", "sold-out"].contains(&problem.code.as_str()) {
            return Ok(None);
        }
        bail!("a hold was answered {} {}: {}", answer.status, problem.code, problem.detail);
    }

    async fn confirm(&mut self, _sale: &Event, _party: Party, hold: String) -> anyhow::Result<()> {
        let payment = json!({ "provider": "test", "token": "tok_visa" });
        let answer = self.post("/bookings", &json!({ "holdId": hold, "payment": payment })).await?;
        if answer.status != 201 {
            let problem: Problem = parse(&answer.body).unwrap_or_default();
            bail!("a booking was answered {} {}: {}", answer.status, problem.code, problem.detail);
        }
        created(&answer).map(drop)
    }
}

fn created(answer: &Answer) -> anyhow::Result<String> {
    parse::<Created>(&answer.body).map(|created| created.id).map_err(anyhow::Error::msg)
}
