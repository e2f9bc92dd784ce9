//! ④ What surrounds every actor of a node, and who counts what they do.

use std::sync::Arc;

use domain::ports::{Clock, Courier, Journal, Listings, PaymentGateway, Random};

/// Told what the actors do, for metrics. Called on their threads: must not block.
pub trait Observer: Send + Sync {
    /// A command of this kind came to this: `ok`, or the code of a refusal.
    fn decided(&self, kind: &'static str, outcome: &'static str);
    /// So many commands were put into a queue in front of an actor.
    fn entered_mailbox(&self, commands: usize);
    /// So many commands were taken out of one.
    fn left_mailbox(&self, commands: usize);
    /// A delivery of this kind came to this: `again`, or how it ended.
    fn delivered(&self, kind: &'static str, outcome: &'static str) {
        let _uncounted = (kind, outcome);
    }
}

/// What surrounds every actor.
pub struct Shell {
    /// Where facts become true.
    pub journal: Arc<dyn Journal>,
    /// What is for sale.
    pub listings: Arc<dyn Listings>,
    /// Where the money is.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Who tells people.
    pub courier: Arc<dyn Courier>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ticket codes come from.
    pub random: Arc<dyn Random>,
    /// Who counts.
    pub observer: Arc<dyn Observer>,
    /// Commands that may wait for one actor; more are refused as overload.
    pub mailbox_capacity: usize,
}
