//! What other nodes ask of this face of the node; see [`crate::peer_answers`].

pub(crate) use super::admin::answer_outbox as outbox;
pub(crate) use super::identity::answer as identity;
pub(crate) use super::relay::answer as relayed;
pub(crate) use super::router::relayed_router as router;
pub(crate) use super::selling::answer_bookings as bookings;
pub(crate) use super::selling::answer_holds as holds;
