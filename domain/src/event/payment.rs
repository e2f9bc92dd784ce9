//! The payment of a booking: where its money is, and what is to be done at the provider next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::UnixMillis;

/// Which provider, and the provider's word for the buyer's means of payment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// The provider's name, `test` for the built-in one.
    pub provider: String,
    /// The provider's token.
    pub token: String,
}

impl core::fmt::Debug for PaymentMethod {
    /// The token stays out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PaymentMethod({})", self.provider)
    }
}

/// What the buyer has to do before the provider sets the money aside.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextAction {
    /// The provider's word for it.
    pub kind: String,
    /// A page to go to.
    pub url: Option<String>,
    /// What the provider's own code needs on the buyer's side.
    pub client_secret: Option<String>,
}

impl core::fmt::Debug for NextAction {
    /// What lets its bearer act for the buyer stays out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "NextAction({})", self.kind)
    }
}

/// The buyer says at the provider that the charge is not right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The provider's id of it.
    pub id: String,
    /// Minor units of the payment's currency.
    pub amount_minor: i64,
    /// The provider's word for why.
    pub reason: String,
    /// The provider's word for where it stands.
    pub status: String,
}

/// Where the money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentStatus {
    /// The provider has been asked.
    Pending,
    /// Set aside by the provider, and the seats are sold.
    Authorized,
    /// Taken.
    Captured,
    /// Never taken: the provider was too late, or nobody paid in time.
    Voided,
    /// Never taken: the provider refused.
    Declined,
    /// No provider has been asked yet.
    Due,
    /// The provider waits for the buyer to do something.
    RequiresAction,
}

/// The payment of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// How it is paid, once that is known.
    pub method: Option<PaymentMethod>,
    /// Where the money is.
    pub status: PaymentStatus,
    /// The seats wait for the provider, or for the buyer to pay at all, until here, no longer.
    pub settle_by: UnixMillis,
    /// How many attempts to pay came before this one; tells their charges apart.
    pub attempt: u32,
    /// What the provider calls the charge, where it told.
    pub reference: Option<String>,
    /// What the provider waits for while the status is [`PaymentStatus::RequiresAction`].
    pub action: Option<Box<NextAction>>,
    /// Of what was captured: decided to be given back, but not confirmed by the provider. One amount a refund, in
    /// order: a refund that was asked for may be asked for again, so its amount must not grow with the next.
    pub refunds_due_minor: Vec<i64>,
    /// Given back.
    pub refunded_minor: i64,
    /// Refunds confirmed so far; numbers the next one.
    pub refunds: u32,
    /// The provider may still hold money that it must let go of.
    pub void_due: bool,
    /// Disputes, each as it was heard of last.
    pub disputes: Vec<Dispute>,
    /// What the client wants to find here again.
    pub metadata: BTreeMap<String, String>,
}

/// What has to be done at the provider for a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Set the money aside.
    Authorize,
    /// See what became of it once the buyer has done their part.
    Await,
    /// Take it.
    Capture,
    /// Let it go.
    Void,
    /// Give so much back.
    Refund {
        /// Minor units.
        amount_minor: i64,
        /// The number of this refund within the payment.
        attempt: u32,
    },
}

impl Payment {
    /// A payment that nobody has begun; it has until `pay_by`.
    pub(super) fn due(pay_by: UnixMillis) -> Self {
        Self {
            method: None,
            status: PaymentStatus::Due,
            settle_by: pay_by,
            attempt: 0,
            reference: None,
            action: None,
            refunds_due_minor: Vec::new(),
            refunded_minor: 0,
            refunds: 0,
            void_due: false,
            disputes: Vec::new(),
            metadata: BTreeMap::new(),
        }
    }

    /// A payment that the provider is asked for.
    pub(super) fn begin(method: PaymentMethod, settle_by: UnixMillis) -> Self {
        Self { method: Some(method), status: PaymentStatus::Pending, ..Self::due(settle_by) }
    }

    /// Another attempt begins.
    pub(super) fn begin_again(&mut self, method: PaymentMethod, settle_by: UnixMillis) {
        if self.method.is_some() {
            self.attempt += 1;
        }
        self.method = Some(method);
        self.status = PaymentStatus::Pending;
        self.settle_by = settle_by;
        self.reference = None;
        self.action = None;
    }

    /// The provider gave so much back: the refund that is due next.
    pub(super) fn refund(&mut self, amount_minor: i64) {
        if self.refunds_due_minor.first() == Some(&amount_minor) {
            self.refunds_due_minor.remove(0);
            self.refunded_minor += amount_minor;
            self.refunds += 1;
        }
    }

    /// What is known of a dispute now.
    pub(super) fn dispute(&mut self, dispute: &Dispute) {
        match self.disputes.iter_mut().find(|known| known.id == dispute.id) {
            Some(known) => *known = dispute.clone(),
            None => self.disputes.push(dispute.clone()),
        }
    }

    /// Whether nothing is under way, so that an attempt to pay may begin.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.status, PaymentStatus::Due | PaymentStatus::Declined)
    }

    /// What is to be done at the provider next, found again by a new owner.
    #[must_use]
    pub fn open_work(&self) -> Option<Work> {
        match self.status {
            PaymentStatus::Pending => Some(Work::Authorize),
            PaymentStatus::RequiresAction => Some(Work::Await),
            PaymentStatus::Authorized => Some(Work::Capture),
            PaymentStatus::Voided if self.void_due => Some(Work::Void),
            PaymentStatus::Captured => self
                .refunds_due_minor
                .first()
                .map(|amount| Work::Refund { amount_minor: *amount, attempt: self.refunds }),
            PaymentStatus::Voided | PaymentStatus::Declined | PaymentStatus::Due => None,
        }
    }
}
