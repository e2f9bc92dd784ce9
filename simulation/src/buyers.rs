//! Those who want seats: each visit holds some, thinks, and then pays, changes its mind, gives them back or walks away.

use std::rc::Rc;
use std::time::Duration;

use bench::history::{Account, BookingStatus, Call, Outcome, Ticket, Want};
use domain::ids::EventId;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::{Client, Order};
use crate::clock;
use crate::provider::{DECLINED, GOOD, LATE, SILENT, SLOW};

/// How buyers pay, and how many of them.
const TOKENS: [&str; 5] = [GOOD, DECLINED, SLOW, LATE, SILENT];
const TOKEN_WEIGHTS: [f64; 5] = [0.72, 0.1, 0.08, 0.05, 0.05];

/// Shorter holds leave too little between what a clock's drift may do and what a bug does.
const SHORTEST_HOLD_MS: u64 = 3_000;
const LONGEST_HOLD_MS: u64 = 9_000;

/// Every call has been put down so long after everybody is gone.
const GIVEN_UP_WITHIN: Duration = Duration::from_millis(600);

/// One buyer.
struct Buyer {
    client: Rc<Client>,
    account: Account,
    /// Calls that are sent a second time, as impatient people and proxies do.
    repeats: JoinSet<()>,
}

/// All buyers, until `closing` and the end of what they have begun by then; or they are all gone at once, in the middle of
/// everything, and what they leave behind is for the nodes alone to bring to an end.
pub(crate) async fn visit(client: &Rc<Client>, closing: Duration, all_gone: bool) {
    let gone_from = if all_gone { closing } else { Duration::MAX };
    client.gone_from.set(gone_from);
    let mut visits = JoinSet::new();
    for account in 0..client.stage.accounts {
        let buyer = Buyer { client: client.clone(), account: Account(account), repeats: JoinSet::new() };
        visits.spawn_local(buyer.come(closing));
    }
    let over = sleep(gone_from.saturating_add(GIVEN_UP_WITHIN).saturating_sub(clock::elapsed()));
    tokio::select! {
        biased;
        () = over => visits.shutdown().await,
        _ = async { while visits.join_next().await.is_some() {} } => {}
    }
    client.gone_from.set(Duration::MAX);
}

/// After everything is healed somebody can hold a seat of every event at every node, or is told that there is none.
pub(crate) async fn probe(client: &Client) -> Vec<String> {
    let mut dead = Vec::new();
    let there = |place: &usize| client.machines[*place].is_there.get();
    for place in (0..client.machines.len()).filter(there) {
        let order = |event, call| {
            let (account, key) = (Account(0), client.new_key());
            Order { account, key, event, call, token: GOOD, at: Some(place) }
        };
        for event in &client.stage.events {
            let call = Call::Hold { want: Want::Best(1), ttl_us: SHORTEST_HOLD_MS * 1_000 };
            match client.call(&order(*event, call)).await {
                Outcome::Held { hold, .. } => {
                    client.call(&order(*event, Call::Release { hold })).await;
                }
                Outcome::Refused { .. } => {}
                other => {
                    let name = client.machines[place].name();
                    dead.push(format!("{name} does not sell {event} although all is well: {other:?}"));
                }
            }
        }
    }
    dead
}

impl Buyer {
    async fn come(mut self, closing: Duration) {
        while clock::elapsed() < closing {
            sleep(self.client.dice.ms(20..900)).await;
            let event = *self.client.dice.pick(&self.client.stage.events);
            self.visit(event).await;
        }
        self.repeats.join_all().await;
    }

    async fn visit(&mut self, event: EventId) {
        let call = Call::Hold { want: self.wish(event), ttl_us: self.ttl_us() };
        let Outcome::Held { hold, tickets } = self.call(event, call).await else { return };
        if self.chance(0.2) {
            self.look(event, &hold).await;
        }
        if self.chance(0.15) {
            let ttl_us = self.ttl_us();
            self.call(event, Call::Extend { hold: hold.clone(), ttl_us }).await;
        }
        if self.chance(0.15) {
            let (add, remove) = (vec![self.any_ticket(event)], vec![tickets[0]]);
            self.call(event, Call::Change { hold: hold.clone(), add, remove }).await;
            self.look(event, &hold).await;
        }
        sleep(self.client.dice.ms(50..2_500)).await;
        match self.client.dice.weighted(&[0.7, 0.12, 0.18]) {
            0 => self.buy(event, hold).await,
            1 => drop(self.call(event, Call::Release { hold }).await),
            // Walks away; sometimes comes back, mostly too late.
            _ if self.chance(0.3) => {
                sleep(self.client.dice.ms(SHORTEST_HOLD_MS..2 * LONGEST_HOLD_MS)).await;
                self.look(event, &hold).await;
                self.call(event, Call::Release { hold }).await;
            }
            _ => {}
        }
    }

    async fn buy(&mut self, event: EventId, hold: String) {
        let Outcome::Booked(booking) = self.call(event, Call::Book { hold }).await else { return };
        if booking.status == BookingStatus::Cancelled || !self.chance(0.75) {
            return;
        }
        sleep(self.client.dice.ms(100..5_000)).await;
        self.call(event, Call::Cancel { booking: booking.id }).await;
    }

    /// Calls, and sometimes sends the same once more: before there is an answer, or a little later.
    async fn call(&mut self, event: EventId, call: Call) -> Outcome {
        let token = TOKENS[self.client.dice.weighted(&TOKEN_WEIGHTS)];
        let (account, key) = (self.account, self.client.new_key());
        let order = Order { account, key, event, call, token, at: None };
        if self.chance(0.15) {
            self.repeat(&order, self.client.dice.ms(1..60));
        }
        let outcome = self.client.call(&order).await;
        if self.chance(0.2) {
            self.repeat(&order, self.client.dice.ms(10..4_000));
        }
        outcome
    }

    /// Looks at a hold: once, for a second look may rightly see something else.
    async fn look(&self, event: EventId, hold: &str) {
        let (account, key) = (self.account, self.client.new_key());
        let call = Call::Show { hold: hold.to_owned() };
        self.client.call(&Order { account, key, event, call, token: GOOD, at: None }).await;
    }

    fn repeat(&mut self, order: &Order, later: Duration) {
        let (client, order) = (self.client.clone(), order.clone());
        self.repeats.spawn_local(async move {
            sleep(later).await;
            client.call(&order).await;
        });
    }

    fn chance(&self, probability: f64) -> bool {
        self.client.dice.chance(probability)
    }

    fn ttl_us(&self) -> u64 {
        self.client.dice.within(SHORTEST_HOLD_MS..LONGEST_HOLD_MS + 1) * 1_000
    }

    fn any_ticket(&self, event: EventId) -> Ticket {
        let stage = &self.client.stage;
        let seat = self.client.dice.within(0..u64::from(stage.seats()));
        stage.ticket(stage.place_of(event), domain::ids::SeatIndex::new(seat as u32))
    }

    /// Neighbours, or whatever is best.
    fn wish(&self, event: EventId) -> Want {
        if self.chance(0.4) {
            return Want::Best(self.client.dice.within(1..5) as u32);
        }
        let first = self.any_ticket(event);
        let last = self.client.stage.ticket(
            self.client.stage.place_of(event),
            domain::ids::SeatIndex::new(self.client.stage.seats() - 1),
        );
        let wanted = self.client.dice.within(1..4) as u32;
        Want::Exact((first.0..=last.0.min(first.0 + wanted - 1)).map(Ticket).collect())
    }
}
