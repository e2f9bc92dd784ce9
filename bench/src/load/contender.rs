//! A node that is measured, with what it has to sell.
//!
//! Owns: that a run never runs dry, by making as many events as the node's own rate asks for, before the clock starts.

use super::LoadOptions;
use super::cost::Meter;
use super::figures::{Figures, measure};
use super::generate::{Drive, Pace};
use super::house::{CONNECTIONS, House, Seat, parties};
use super::lane::Lane;
use super::mix::Mix;
use super::orders::{Order, Orders, Recipe};
use super::servers::Server;
use crate::ambient::Clock;
use crate::plan::VenuePlan;
use crate::progress::Progress;
use crate::replay::caller::Caller;
use crate::replay::http::Client;
use anyhow::Context;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use std::time::Duration;

/// Every taken seat is asked for under so many keys, in turn.
const TAKEN_ORDERS: usize = 50_000;
/// Events for the first look at a node's speed: enough for any speed at which this machine could answer for so long.
const FIRST_SHOWS: usize = 4;
const FIRST_LOOK: Duration = Duration::from_millis(500);
/// A run may turn out faster than those before it, by so much.
const MARGIN: f64 = 1.5;

/// A running node and its house.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) durability: &'static str,
    pub(crate) server: Server,
    pub(crate) meter: Meter,
    pub(crate) house: House,
    orders: Orders,
    /// The most visits a second that were seen.
    visits_per_s: f64,
}

impl Contender {
    /// The node as it is sold, with accounts and a venue of this plan.
    pub(crate) async fn node(
        options: &LoadOptions,
        plan: VenuePlan,
        clock: Clock,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        let server = Server::node(&options.programs).await?;
        let durability = "fdatasync before every acknowledgement, one voter";
        Self::open("node", durability, server, options, plan, clock, progress).await
    }

    /// The node without a journal, likewise.
    pub(crate) async fn memory_node(
        options: &LoadOptions,
        plan: VenuePlan,
        clock: Clock,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        let server = Server::memory_node(&options.programs).await?;
        Self::open("node in memory", "memory", server, options, plan, clock, progress).await
    }

    async fn open(
        name: &'static str,
        durability: &'static str,
        server: Server,
        options: &LoadOptions,
        plan: VenuePlan,
        clock: Clock,
        progress: &dyn Progress,
    ) -> anyhow::Result<Self> {
        let client = Client::new(std::slice::from_ref(&server.http), CONNECTIONS)?;
        let caller = Caller::new(client, clock);
        let password = &server.operator_password;
        let house = House::open(caller, password, options.accounts, plan, progress).await?;
        let (meter, orders) = (Meter::of(&server).await?, Orders::none(&server.http, &house.tokens)?);
        Ok(Self { name, durability, server, meter, house, orders, visits_per_s: 0.0 })
    }

    /// Gets ready for a mix: takes the seats that are to be refused, or finds out how many free ones a run will need.
    pub(crate) async fn prepare(
        &mut self,
        mix: Mix,
        options: &LoadOptions,
        clock: Clock,
    ) -> anyhow::Result<()> {
        self.orders = Orders::none(&self.server.http, &self.house.tokens)?;
        self.visits_per_s = 0.0;
        if mix == Mix::Refused {
            let show = self.house.show().await?;
            let taken = show.first_section();
            self.house.hold(&show, taken).await?;
            let made = self.make(mix, options, &show.id, taken)?;
            let again = made.iter().cycle().take(TAKEN_ORDERS).enumerate();
            let again = again.map(|(number, order)| order.with_key_numbered(number));
            self.orders = self.orders.and(again).endless();
            return Ok(());
        }
        let more = self.shows(mix, options, FIRST_SHOWS).await?;
        self.orders = self.orders.and(more);
        let look = LoadOptions { warm_up: Duration::ZERO, seconds: FIRST_LOOK, ..options.clone() };
        let figures = self.run(mix, &look, Pace::Closed, options.connections, clock).await?;
        anyhow::ensure!(
            figures.latency.count > 0,
            "{} gave no answer within {} ms: {}",
            self.name,
            FIRST_LOOK.as_millis(),
            figures.fault.as_deref().unwrap_or("no fault either")
        );
        Ok(())
    }

    /// What the node's answer to this mix looks like: status and size. Uses one order up.
    pub(crate) async fn sample(&self, mix: Mix) -> anyhow::Result<(u16, usize)> {
        let request = self.next_request().context("no order was made")?;
        let (status, body) = Lane::new(&self.server.http).send(request).await?;
        if let Err(what) = mix.check(status, &body) {
            anyhow::bail!("{}'s first answer is not what was asked for: {what}", self.name);
        }
        Ok((status, body.len()))
    }

    /// The request of the next order, if there is one.
    pub(crate) fn next_request(&self) -> Option<Request<Full<Bytes>>> {
        self.orders.take().map(|number| self.orders.request(number))
    }

    /// The same requests for the constant.
    pub(crate) fn orders_for(&self, authority: &str) -> anyhow::Result<Orders> {
        self.orders.endless_for(authority)
    }

    /// Makes what a run at the node's own speed, or at `least_per_s`, will ask for.
    pub(crate) async fn stock(
        &mut self,
        mix: Mix,
        options: &LoadOptions,
        least_per_s: f64,
    ) -> anyhow::Result<()> {
        let lasts = (options.warm_up + options.seconds).as_secs_f64();
        let needed = (self.visits_per_s * MARGIN).max(least_per_s) * lasts;
        let mut more = Vec::new();
        while ((self.orders.left() + more.len()) as f64) < needed {
            more.extend(self.shows(mix, options, 1).await?);
        }
        if !more.is_empty() {
            self.orders = self.orders.and(more);
        }
        Ok(())
    }

    /// Runs the generator against the node.
    pub(crate) async fn run(
        &mut self,
        mix: Mix,
        options: &LoadOptions,
        pace: Pace,
        connections: usize,
        clock: Clock,
    ) -> anyhow::Result<Figures> {
        let drive = self.drive(mix, options, pace, connections)?;
        let (figures, rest) = measure(&self.meter, drive, clock).await?;
        self.orders = rest;
        self.visits_per_s = self.visits_per_s.max(figures.visits_per_s(options.seconds.as_secs_f64()));
        Ok(figures)
    }

    /// All the orders, on their way.
    pub(crate) fn drive(
        &mut self,
        mix: Mix,
        options: &LoadOptions,
        pace: Pace,
        connections: usize,
    ) -> anyhow::Result<Drive> {
        let none = Orders::none(&self.server.http, &self.house.tokens)?;
        let orders = std::mem::replace(&mut self.orders, none);
        Ok(Drive { is_checked: true, ..options.drive(&self.server.http, orders, mix, pace, connections) })
    }

    async fn shows(&mut self, mix: Mix, options: &LoadOptions, count: usize) -> anyhow::Result<Vec<Order>> {
        let mut orders = Vec::new();
        for _ in 0..count {
            let show = self.house.show().await?;
            orders.extend(self.make(mix, options, &show.id, &show.seats)?);
        }
        Ok(orders)
    }

    /// Orders for these seats.
    pub(crate) fn make(
        &self,
        mix: Mix,
        options: &LoadOptions,
        event: &str,
        seats: &[Seat],
    ) -> anyhow::Result<Vec<Order>> {
        let keys = options.has_keys.then_some(self.house.prefix.as_str());
        let recipe = Recipe { mix, keys, batch: options.batch, seed: options.seed };
        let orders = recipe.orders(event, parties(seats, options.party))?;
        anyhow::ensure!(!orders.is_empty(), "no row of the venue has room for a party of {}", options.party);
        Ok(orders)
    }

    /// Takes these orders instead of what is left.
    pub(crate) fn sell(&mut self, orders: Vec<Order>) -> anyhow::Result<()> {
        self.orders = Orders::none(&self.server.http, &self.house.tokens)?.and(orders);
        Ok(())
    }
}
