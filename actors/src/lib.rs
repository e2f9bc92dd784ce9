//! The actix shells of onsale: one owner an event, and the workers beside it.
