//! When a hold may end by itself, and when it must have.
//!
//! Owns: the arithmetic of deadlines, extensions and pending payments, with the bounds that the client can know.

use super::Limits;
use super::acts::Act;
use crate::history::Call;

/// When a hold may end by itself.
pub(super) struct Deadline {
    /// The earliest and the latest instant at which it can have been created.
    created_us: (u64, u64),
    /// The hold certainly lives until then, unless somebody ends it.
    pub(super) earliest_us: u64,
    /// The hold is certainly over after this.
    pub(super) latest_us: u64,
    /// When the last extension was over; one sent before that may have been decided in either order.
    settled_us: u64,
    extended_for_payment: bool,
}

impl Deadline {
    pub(super) fn of_new(created: &Act<'_>, limits: &Limits) -> Self {
        let ttl_us = if let Call::Hold { ttl_us, .. } = created.op.call { ttl_us } else { 0 };
        let rate_us = ttl_us / limits.clock_rate_part;
        Self {
            created_us: (created.invoked_us, created.ended_us()),
            earliest_us: created.invoked_us + ttl_us - rate_us,
            latest_us: created.ended_us() + ttl_us + rate_us + limits.slack_us,
            settled_us: 0,
            extended_for_payment: false,
        }
    }

    /// Takes into account what `act` may have done to the deadline.
    pub(super) fn after(&mut self, act: &Act<'_>, limits: &Limits) {
        match &act.op.call {
            Call::Extend { ttl_us, .. } if act.maybe => {
                let rate_us = ttl_us / limits.clock_rate_part;
                let longest_us = limits.longest_hold_us;
                let earliest_us = (act.invoked_us + ttl_us).min(self.created_us.0 + longest_us) - rate_us;
                let done_us =
                    if act.acknowledged() { act.ended_us() } else { act.last_us + limits.straggler_us };
                let latest_us = (done_us + ttl_us).min(self.created_us.1 + longest_us);
                let latest_us = latest_us + rate_us + limits.slack_us;
                let in_order = act.acknowledged() && act.invoked_us >= self.settled_us;
                self.earliest_us = if in_order { earliest_us } else { self.earliest_us.min(earliest_us) };
                self.latest_us = if in_order { latest_us } else { self.latest_us.max(latest_us) };
                self.settled_us = act.last_us;
            }
            Call::Book { .. }
                if act.maybe && !self.extended_for_payment && act.invoked_us <= self.latest_us =>
            {
                self.latest_us += limits.payment_us;
                self.extended_for_payment = true;
            }
            _ => {}
        }
    }
}
