//! Bodies that clients send, for fuzzers.

use serde_json::Value;

use super::event_change::EventChange;
use super::extract::{BodyHash, Target, Written, parse};
use super::new_event::NewEvent;
use super::seat_plan::SeatPlan;
use super::selling;

/// A body in JSON, whichever call it is meant for.
pub fn json(bytes: &[u8]) {
    let hash =
        |body: &Written<'_>| Target::new("POST", "/").fingerprint(|hash: &mut BodyHash| body.feed(hash));
    if let Ok(written) = serde_json::from_slice::<Written<'_>>(bytes) {
        assert_eq!(hash(&written), hash(&written.clone()));
    }
    let _any = parse::<Value>(bytes).is_ok();
    let _map = parse::<SeatPlan>(bytes).map(|plan| plan.build("/seatMap").is_ok()).is_ok();
    let _event = parse::<NewEvent>(bytes).map(|event| event.draft().is_ok()).is_ok();
    let _change = parse::<EventChange>(bytes).is_ok();
    selling::read_any(bytes);
}
