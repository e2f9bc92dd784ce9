//! ④ The owner of one event: an actor that decides every command in turn.
//!
//! Owns the state that runs ahead of the journal and the one armed timer; keeps its shard's time, which outlives it.
//! Does not own the truth: that is what has committed. Hazards: an answer must never leave before its facts (only a refusal that may be
//! spurious does), and nothing may be decided after a proposal was lost, for the state then rests on what never was.

mod telling;

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::fut::{ActorFutureExt, WrapFuture};
use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Message, MessageResult, SpawnHandle};
use domain::account::Role;
use domain::event::{
    self, Caller, Closing, Command, Decision, Fact, Key, Outcome, PaymentOutcome, Refusal, Sale, Stamped,
    Work,
};
use domain::ids::BookingNumber;
use domain::planted::{self, Bug};
use domain::ports::{Charge, Listing, Place, Proposal, Term};
use domain::seat_map::SeatMap;
use domain::time::{ShardTime, SharedTime, UnixMillis};
use tokio::sync::oneshot;

use crate::answer::{Answer, Answered, Fault, Lost, Release, Waiters};
use crate::inbox::{Ask, Inbox};
use crate::outbox::Agenda;
use crate::owners::{Shell, lock};
use crate::payment_worker::Worker;

pub(crate) use telling::Report;

/// Sales up to this size check all their invariants after every decision in debug builds; the check is linear in the
/// seats and would bring larger ones to a halt.
const VALIDATED_SEATS: u32 = 2_000;

/// A provider's answer is waited for a little longer than it counts, since the worker's clock is not the shard's.
const LAPSE_MARGIN: Duration = Duration::from_secs(5);

/// How long expiry waits for a journal that is full.
const BUSY_RETRY: Duration = Duration::from_millis(5);

/// Bookings of a cancelled event with outside work under way, before more of them are cancelled.
const WOUND_UP_AT_ONCE: usize = 64;

/// Facts that one proposal carries at most, so that a flood of deadlines does not become one endless entry.
const MOST_FACTS: usize = 4_096;

/// Commands wait in the inbox.
pub(crate) struct Wake;

/// A provider's outcome, from a payment worker. `Ok`: taken, and whether it has changed anything.
pub(crate) struct Settle {
    pub(crate) booking: BookingNumber,
    pub(crate) outcome: PaymentOutcome,
}

/// What the directory says of the event now; nothing, where it has let go of it. `Ok`: taken.
pub(crate) struct Listed(pub(crate) Option<Listing>);

impl Message for Wake {
    type Result = ();
}

impl Message for Settle {
    type Result = Result<bool, Fault>;
}

impl Message for Listed {
    type Result = Result<(), Fault>;
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

/// What the actor decides in one go: proposed as one, and released as one by its commit.
struct Turn {
    now: UnixMillis,
    /// Facts of the event before this turn's.
    base: u64,
    facts: Vec<Stamped>,
    /// Taken before anything is decided that needs it.
    place: Option<Place>,
    release: Release,
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

    fn begin_turn(&self, now: UnixMillis) -> Turn {
        let release = Release::new(&self.lost);
        Turn { now, base: self.sale.facts(), facts: Vec::new(), place: None, release }
    }

    /// Makes sure that whatever is decided next can be proposed.
    fn make_room(&mut self, turn: &mut Turn, ctx: &mut Context<Self>) -> Result<(), Fault> {
        if turn.facts.len() >= MOST_FACTS {
            let next = self.begin_turn(turn.now);
            self.end_turn(std::mem::replace(turn, next), ctx);
        }
        if turn.place.is_none() {
            turn.place = Some(self.shell.journal.reserve(self.sale.event())?);
        }
        Ok(())
    }

    /// Runs ahead with a decision; whoever waits for it is released by the turn's commit.
    fn carry_out(&mut self, decision: Decision, asked: Option<oneshot::Sender<Answered>>, turn: &mut Turn) {
        for (booking, reply) in decision.settled {
            turn.release.settled.extend(self.waiting.remove(&booking).map(|waiters| (waiters, reply)));
        }
        let answer = match decision.outcome {
            Outcome::Reply(reply) => Some(Answer::Reply(reply)),
            Outcome::Nothing => None,
            Outcome::Settling { booking, joined } => {
                let (sender, settled) = oneshot::channel();
                self.waiting.entry(booking).or_default().push(sender);
                Some(Answer::Settling { booking, joined, settled })
            }
        };
        turn.release.asked.extend(asked.zip(answer));
        decision.facts.into_iter().for_each(|fact| self.happen(fact, turn));
        self.check();
    }

    /// Runs ahead with a fact, and with the one that somebody is to be told of it.
    fn happen(&mut self, fact: Fact, turn: &mut Turn) {
        let stamped = Stamped { at: turn.now, fact };
        self.sale.apply(&stamped);
        let due = self.due(&stamped.fact);
        turn.facts.push(stamped);
        if let Some(due) = due {
            self.happen(due, turn);
        }
    }

    /// Proposes what was decided, if anything was.
    fn end_turn(&mut self, turn: Turn, ctx: &mut Context<Self>) {
        let Turn { base, facts, place, mut release, .. } = turn;
        let Some(place) = place else { return release.nothing_waits() };
        if planted::is(Bug::AnswerBeforeCommit) {
            release.answer_all();
        }
        let worked_on: BTreeSet<_> = facts.iter().filter_map(|stamped| stamped.fact.booking()).collect();
        let work = worked_on.into_iter().map(|booking| (booking, release.on_disk())).collect::<Vec<_>>();
        self.tell_later(&facts, &mut release, ctx);
        let proposal = Proposal { event: self.sale.event(), term: self.term, base, facts };
        place(proposal, Box::new(move |result| release.run(result)));
        for (booking, mut on_disk) in work {
            let at_once = planted::is(Bug::ChargeBeforeCommit);
            self.begin_work(
                booking,
                async move { at_once || on_disk.wait_for(|done| *done).await.is_ok() },
                ctx,
            );
        }
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

    /// Has the booking's open work done, unless that is being done already.
    fn begin_work(
        &mut self,
        number: BookingNumber,
        begin: impl Future<Output = bool> + 'static,
        ctx: &Context<Self>,
    ) {
        let Some(booking) = self.sale.booking(number) else {
            self.at_work.remove(&number);
            return;
        };
        let Some(work) = booking.open_work() else {
            self.at_work.remove(&number);
            return;
        };
        // A refund that grew while it is under way is the same attempt: the rest becomes the next one.
        if self.at_work.get(&number).is_some_and(|at_work| same_step(*at_work, work)) {
            return;
        }
        let Some(method) = booking.payment.method.clone() else { return };
        self.at_work.insert(number, work);
        let charge = Charge {
            event: self.sale.event(),
            booking: number,
            attempt: booking.payment.attempt,
            reference: booking.payment.reference.clone(),
            amount_minor: booking.total_minor(),
            currency: self.sale.terms().currency,
            method,
        };
        let left_ms = booking.payment.settle_by.since_ms(self.sale.last_stamp());
        let lapsed = Duration::from_millis(left_ms) + LAPSE_MARGIN;
        let gateway = self.shell.gateway.clone();
        let worker = Worker { gateway, charge, work, lapsed, owner: ctx.address() };
        tokio::task::spawn_local(worker.run(begin));
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

    /// Takes a provider's outcome; one that no longer counts is taken as well.
    fn settle(&mut self, settle: Settle, turn: &mut Turn, ctx: &mut Context<Self>) -> Result<bool, Fault> {
        let command = Command::SettlePayment { booking: settle.booking, outcome: settle.outcome };
        // The caller of a settlement is the house itself; `decide` looks at the booking alone.
        let house = Caller { user: self.sale.terms().organizer, role: Role::Operator };
        let decided = self.decide(&command, house, None, turn.now);
        self.shell.observer.decided(command.kind(), outcome_name(&decided));
        let Ok(decision) = decided else { return Ok(false) };
        self.make_room(turn, ctx)?;
        let changes = !decision.facts.is_empty();
        self.carry_out(decision, None, turn);
        Ok(changes)
    }

    /// Takes what the directory says of the event.
    fn take(
        &mut self,
        listing: Option<&Listing>,
        turn: &mut Turn,
        ctx: &mut Context<Self>,
    ) -> Result<(), Fault> {
        let decision = event::amend(&self.sale, listing);
        if decision.facts.is_empty() {
            return Ok(());
        }
        self.make_room(turn, ctx)?;
        self.shell.observer.decided("amend", "ok");
        self.carry_out(decision, None, turn);
        if self.sale.closing() == Some(Closing::Purged) {
            let mut on_disk = turn.release.on_disk();
            let gone = async move { on_disk.wait_for(|done| *done).await.is_ok() };
            ctx.spawn(gone.into_actor(self).map(|_, _, ctx| ctx.terminate()));
        }
        Ok(())
    }

    /// Cancels some more bookings of a cancelled event, unless enough of it is under way. Whoever owns the sale next goes on
    /// wherever this one ends.
    fn wind_up(&mut self, ctx: &mut Context<Self>) {
        if self.winding_up || self.sale.closing() != Some(Closing::Cancelled) {
            return;
        }
        let room = WOUND_UP_AT_ONCE.saturating_sub(self.at_work.len());
        let decision = event::wind_up(&self.sale, room);
        if decision.facts.is_empty() {
            return;
        }
        let now = self.now();
        let mut turn = self.begin_turn(now);
        if self.make_room(&mut turn, ctx).is_err() {
            ctx.run_later(BUSY_RETRY, Self::wind_up);
            return;
        }
        self.shell.observer.decided("wind-up", "ok");
        let mut on_disk = turn.release.on_disk();
        self.carry_out(decision, None, &mut turn);
        self.end_turn(turn, ctx);
        self.winding_up = true;
        let next = async move { on_disk.wait_for(|done| *done).await.is_ok() };
        ctx.spawn(next.into_actor(self).map(|on_disk, actor, ctx| {
            actor.winding_up = false;
            if on_disk {
                actor.wind_up(ctx);
            }
        }));
    }

    /// A broken invariant ends this actor, not the node: the next one starts from the replicated state.
    fn check(&self) {
        let checked = cfg!(debug_assertions) && self.sale.seats() <= VALIDATED_SEATS;
        if checked && let Err(broken) = self.sale.validate() {
            panic!("{} breaks an invariant: {broken}", self.sale.event());
        }
    }
}

impl Actor for EventActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let lost = self.lost.clone();
        ctx.spawn(async move { lost.lost().await }.into_actor(self).map(|(), _, ctx| ctx.terminate()));
        let working: Vec<_> = self.sale.working().filter(|_| !planted::is(Bug::ForgetPayments)).collect();
        for booking in working {
            self.begin_work(booking, std::future::ready(true), ctx);
        }
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

impl Handler<Settle> for EventActor {
    type Result = MessageResult<Settle>;

    fn handle(&mut self, settle: Settle, ctx: &mut Self::Context) -> Self::Result {
        let now = self.now();
        let mut turn = self.begin_turn(now);
        let taken = self.expire_due(&mut turn, ctx).and_then(|()| self.settle(settle, &mut turn, ctx));
        self.end_turn(turn, ctx);
        self.arm(ctx);
        self.wind_up(ctx);
        MessageResult(taken)
    }
}

impl Handler<Listed> for EventActor {
    type Result = MessageResult<Listed>;

    fn handle(&mut self, Listed(listing): Listed, ctx: &mut Self::Context) -> Self::Result {
        let now = self.now();
        let mut turn = self.begin_turn(now);
        let taken =
            self.expire_due(&mut turn, ctx).and_then(|()| self.take(listing.as_ref(), &mut turn, ctx));
        self.end_turn(turn, ctx);
        self.arm(ctx);
        self.wind_up(ctx);
        MessageResult(taken)
    }
}

fn same_step(at_work: Work, open: Work) -> bool {
    match (at_work, open) {
        (Work::Refund { attempt: running, .. }, Work::Refund { attempt, .. }) => running == attempt,
        (at_work, open) => at_work == open,
    }
}

fn outcome_name(decided: &Result<Decision, Refusal>) -> &'static str {
    decided.as_ref().map_or_else(|refusal| refusal.code(), |_| "ok")
}
