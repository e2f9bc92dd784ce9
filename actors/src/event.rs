//! ④ The owner of one event: an actor that decides every command in turn.
//!
//! Owns the state that runs ahead of the journal and the one armed timer; keeps its shard's time, which outlives it.
//! Does not own the truth: that is what has committed. Hazards: an answer must never leave before its facts (only a refusal that may be
//! spurious does), and nothing may be decided after a proposal was lost, for the state then rests on what never was.

mod following;
mod paying;
mod telling;
mod turn;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::{ActorFutureExt, WrapFuture};
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, SpawnHandle};
use domain::event::{self, Caller, Command, Decision, Key, Outcome, Refusal, Sale, Work};
use domain::ids::BookingNumber;
use domain::planted::{self, Bug};
use domain::ports::Term;
use domain::seat_map::SeatMap;
use domain::time::{ShardTime, SharedTime, UnixMillis};

use crate::answer::{Answer, Fault, Lost, Waiters};
use crate::inbox::{Ask, Inbox};
use crate::outbox::Agenda;
use crate::owners::lock;
use crate::shell::Shell;

use turn::Turn;

pub(crate) use following::Listed;
pub(crate) use paying::Settle;
pub(crate) use telling::Report;

/// How long expiry waits for a journal that is full.
const BUSY_RETRY: Duration = Duration::from_millis(5);

/// Commands wait in the inbox.
pub(crate) struct Wake;

impl Message for Wake {
    type Result = ();
}

pub(crate) struct EventActor {
    shell: Arc<Shell>,
    inbox: Arc<Inbox>,
    map: Arc<SeatMap>,
    term: Term,
    sale: Sale,
    time: SharedTime,
    lost: Arc<Lost>,
    timer: Option<(UnixMillis, SpawnHandle)>,
    /// Who waits for a booking's outside work.
    waiting: HashMap<BookingNumber, Waiters>,
    /// What is being done at providers, so that nothing is begun twice.
    at_work: HashMap<BookingNumber, Work>,
    /// What is still to be told, as far as it is on disk.
    agenda: Agenda,
    telling_timer: Option<(u64, SpawnHandle)>,
    /// A step of cancelling the bookings of a cancelled event is on its way to the disk.
    winding_up: bool,
}

impl EventActor {
    pub(crate) fn new(
        shell: Arc<Shell>,
        inbox: Arc<Inbox>,
        map: Arc<SeatMap>,
        term: Term,
        sale: Sale,
        time: SharedTime,
        lost: Arc<Lost>,
    ) -> Self {
        Self {
            shell,
            inbox,
            map,
            term,
            sale,
            time,
            lost,
            timer: None,
            waiting: HashMap::new(),
            at_work: HashMap::new(),
            agenda: Agenda::default(),
            telling_timer: None,
            winding_up: false,
        }
    }

    fn now(&mut self) -> UnixMillis {
        let reading = self.shell.clock.read();
        if planted::is(Bug::ExpireByWallClock) {
            return reading.wall;
        }
        lock(&self.time).advance(reading)
    }

    /// Decides everything that waits.
    fn answer_all(&mut self, ctx: &mut Context<Self>) {
        let mut asks = Vec::new();
        self.inbox.take(&mut asks);
        if self.lost.is_lost() {
            asks.into_iter().for_each(|ask| drop(ask.answer.send(Err(Fault::OwnerUnavailable))));
            return ctx.terminate();
        }
        let now = self.now();
        let mut turn = self.begin_turn(now);
        if let Err(fault) = self.expire_due(&mut turn, ctx) {
            asks.into_iter().for_each(|ask| drop(ask.answer.send(Err(fault))));
        } else {
            asks.into_iter().for_each(|ask| self.answer(ask, &mut turn, ctx));
        }
        self.end_turn(turn, ctx);
        self.arm(ctx);
        self.wind_up(ctx);
    }

    fn answer(&mut self, ask: Ask, turn: &mut Turn, ctx: &mut Context<Self>) {
        if ask.answer.is_closed() {
            return; // The caller's deadline has passed: an answer that nobody hears must not take seats.
        }
        let decided = self.decide(&ask.command, ask.caller, ask.key, turn.now);
        self.shell.observer.decided(ask.command.kind(), outcome_name(&decided));
        let decided = match decided {
            Err(refusal) if refusal.may_be_spurious() => {
                drop(ask.answer.send(Ok(Answer::Refused(refusal))));
                return;
            }
            decided => decided,
        };
        if let Err(fault) = self.make_room(turn, ctx) {
            drop(ask.answer.send(Err(fault)));
            return;
        }
        let decided = match decided {
            Ok(Decision { facts, outcome: Outcome::Reply(reply), .. })
                if planted::is(Bug::AnswerAheadOfFacts) && facts.is_empty() =>
            {
                drop(ask.answer.send(Ok(Answer::Reply(reply))));
                return;
            }
            decided => decided,
        };
        match decided {
            Err(refusal) => turn.release.asked.push((ask.answer, Answer::Refused(refusal))),
            Ok(decision) => self.carry_out(decision, Some(ask.answer), turn),
        }
    }

    fn decide(
        &self,
        command: &Command,
        caller: Caller,
        key: Option<Key>,
        now: UnixMillis,
    ) -> Result<Decision, Refusal> {
        let random = &*self.shell.random;
        event::decide(&self.sale, command, &event::Context { now, caller, key, map: &self.map, random })
    }

    /// Ends what is due. Nothing may be answered while that cannot be written down.
    fn expire_due(&mut self, turn: &mut Turn, ctx: &mut Context<Self>) -> Result<(), Fault> {
        loop {
            let decision = event::expire(&self.sale, turn.now);
            if decision.facts.is_empty() {
                return Ok(());
            }
            self.make_room(turn, ctx)?;
            self.shell.observer.decided("expire", "ok");
            self.carry_out(decision, None, turn);
        }
    }

    /// Keeps the one timer armed for the next deadline. A timer that fires early, as it does while the shard's time may
    /// drift, costs one look at the clock; one a hold would cost a poll at every message.
    fn arm(&mut self, ctx: &mut Context<Self>) {
        let Some(next) = self.sale.next_deadline() else { return };
        match self.timer {
            Some((armed_for, _)) if armed_for <= next => return,
            Some((_, handle)) => drop(ctx.cancel_future(handle)),
            None => {}
        }
        let wait_ms = ShardTime::sleep_ms(self.now(), next).max(1);
        let handle = ctx.run_later(Duration::from_millis(wait_ms), Self::tick);
        self.timer = Some((next, handle));
    }

    fn tick(&mut self, ctx: &mut Context<Self>) {
        self.timer = None;
        if self.lost.is_lost() {
            return ctx.terminate();
        }
        let now = self.now();
        let mut turn = self.begin_turn(now);
        let expired = self.expire_due(&mut turn, ctx);
        self.end_turn(turn, ctx);
        match expired {
            Ok(()) => self.arm(ctx),
            // The journal is full: look again soon instead of at once.
            Err(_) => self.timer = Some((now, ctx.run_later(BUSY_RETRY, Self::tick))),
        }
    }
}

impl Actor for EventActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let lost = self.lost.clone();
        ctx.spawn(async move { lost.lost().await }.into_actor(self).map(|(), _, ctx| ctx.terminate()));
        let working: Vec<_> = self.sale.working().filter(|_| !planted::is(Bug::ForgetPayments)).collect();
        let work = self.take_up(working);
        self.have_done(work, std::future::ready(true), ctx);
        self.tell_all(ctx);
        if !planted::is(Bug::ForgetDeadlines) {
            self.arm(ctx);
        }
        self.wind_up(ctx);
    }
}

impl Handler<Wake> for EventActor {
    type Result = ();

    fn handle(&mut self, _wake: Wake, ctx: &mut Self::Context) {
        self.answer_all(ctx);
    }
}

fn outcome_name(decided: &Result<Decision, Refusal>) -> &'static str {
    decided.as_ref().map_or_else(|refusal| refusal.code(), |_| "ok")
}
