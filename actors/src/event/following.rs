//! ④ The owner follows the directory: new terms become facts, a sale that is called off is wound up, one that is let go of
//! ends.
//!
//! Hazard: winding up goes on over many turns, and whoever owns the sale next goes on wherever this owner ends.

use actix::fut::{ActorFutureExt, WrapFuture};
use actix::{ActorContext, AsyncContext, Context, Handler, Message, MessageResult};
use domain::event::{self, Closing};
use domain::ports::Listing;

use super::turn::Turn;
use super::{BUSY_RETRY, EventActor};
use crate::answer::Fault;

/// Bookings of a cancelled event with outside work under way, before more of them are cancelled.
const WOUND_UP_AT_ONCE: usize = 64;

/// What the directory says of the event now; nothing, where it has let go of it. `Ok`: taken.
pub(crate) struct Listed(pub(crate) Option<Listing>);

impl Message for Listed {
    type Result = Result<(), Fault>;
}

impl EventActor {
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
    pub(super) fn wind_up(&mut self, ctx: &mut Context<Self>) {
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
