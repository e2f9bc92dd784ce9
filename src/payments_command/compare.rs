//! What fits, and what does not: pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::gateway::TestProvider;
use crate::http::admin::bodies::{PaymentRecordBody, PaymentRow};

/// The sums of one event, minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventSums {
    pub(super) event_id: String,
    pub(super) currency: String,
    pub(super) payments: u64,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    /// What was taken and not given back: it belongs to bookings, and to the fees of cancelled ones.
    pub(super) kept: i64,
    /// Payments with something left to do at the provider.
    pub(super) open: u64,
    pub(super) disputed: u64,
}

/// One payment about which we and a provider do not agree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Difference {
    pub(super) payment_id: String,
    pub(super) provider: String,
    pub(super) reference: Option<String>,
    pub(super) what: &'static str,
    pub(super) ours: String,
    pub(super) theirs: String,
}

/// What has come of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) events: Vec<EventSums>,
    pub(super) differences: Vec<Difference>,
    /// Payments by a provider that keeps no records.
    pub(super) not_compared: u64,
}

/// Both sides while they are read.
#[derive(Default)]
pub(super) struct Ledger {
    events: BTreeMap<String, EventSums>,
    /// By our payment, all attempts that a provider knows.
    theirs: BTreeMap<String, Vec<(String, PaymentRecordBody)>>,
    providers: BTreeSet<String>,
    differences: Vec<Difference>,
    not_compared: u64,
}

impl Ledger {
    /// This provider has records.
    pub(super) fn speaks_to(&mut self, provider: &str) {
        self.providers.insert(provider.to_owned());
    }

    /// A provider's record.
    pub(super) fn theirs(&mut self, provider: &str, record: PaymentRecordBody) {
        let known = self.theirs.entry(record.payment_id.clone()).or_default();
        known.push((provider.to_owned(), record));
    }

    /// The payments of this event come next.
    pub(super) fn open_event(&mut self, event: &str, currency: &str) {
        let (event_id, currency) = (event.to_owned(), currency.to_owned());
        let sums = EventSums { event_id, currency, ..EventSums::default() };
        self.events.insert(event.to_owned(), sums);
    }

    /// A payment of ours; compared at once with what is known of it.
    pub(super) fn ours(&mut self, event: &str, ours: &PaymentRow) {
        let theirs = self.theirs.remove(&ours.payment_id).unwrap_or_default();
        let Some(sums) = self.events.get_mut(event) else { return };
        sums.payments += 1;
        sums.captured += ours.captured;
        sums.refunded += ours.refunded;
        sums.kept += ours.captured - ours.refunded;
        sums.disputed += u64::from(ours.disputed);
        if ours.open {
            sums.open += 1;
            return;
        }
        let currency = sums.currency.clone();
        match ours.provider.as_deref() {
            Some(TestProvider::NAME) => self.not_compared += 1,
            Some(provider) if self.providers.contains(provider) => self.compare(ours, &currency, &theirs),
            // What costs nothing, and what nobody has tried to pay, is known to no provider.
            Some(provider) if ours.captured != 0 => {
                self.differ(
                    ours,
                    provider,
                    None,
                    "provider",
                    (ours.status.clone(), "not spoken to".to_owned()),
                );
            }
            _ => {}
        }
    }

    fn compare(&mut self, ours: &PaymentRow, currency: &str, theirs: &[(String, PaymentRecordBody)]) {
        let provider = ours.provider.clone().unwrap_or_default();
        let sum =
            |of: fn(&PaymentRecordBody) -> i64| theirs.iter().map(|(_, record)| of(record)).sum::<i64>();
        let (captured, refunded) = (sum(|record| record.captured), sum(|record| record.refunded));
        let reference = theirs.last().map(|(_, record)| record.reference.clone());
        // What the provider took and gave back whole, we have never had.
        let voided = ours.captured == 0 && captured == refunded;
        if captured != ours.captured && !voided {
            let amounts = (ours.captured.to_string(), captured.to_string());
            self.differ(ours, &provider, reference.clone(), "captured", amounts);
        }
        if refunded != ours.refunded && !voided {
            let amounts = (ours.refunded.to_string(), refunded.to_string());
            self.differ(ours, &provider, reference.clone(), "refunded", amounts);
        }
        if let Some((_, other)) = theirs.iter().find(|(_, record)| record.currency != currency) {
            let currencies = (currency.to_owned(), other.currency.clone());
            self.differ(ours, &provider, Some(other.reference.clone()), "currency", currencies);
        }
        if let Some((_, kept)) = theirs.iter().find(|(_, record)| record.status == "requires_capture") {
            let statuses = (ours.status.clone(), kept.status.clone());
            self.differ(ours, &provider, Some(kept.reference.clone()), "set aside", statuses);
        }
    }

    fn differ(
        &mut self,
        payment: &PaymentRow,
        provider: &str,
        reference: Option<String>,
        what: &'static str,
        (ours, theirs): (String, String),
    ) {
        let (payment_id, provider) = (payment.payment_id.clone(), provider.to_owned());
        self.differences.push(Difference { payment_id, provider, reference, what, ours, theirs });
    }

    /// What is left is known to a provider alone.
    pub(super) fn close(mut self) -> Found {
        let alone = core::mem::take(&mut self.theirs).into_values().flatten();
        let alone = alone
            .filter(|(_, record)| record.captured != record.refunded || record.status == "requires_capture");
        let differences = alone.map(|(provider, record)| Difference {
            payment_id: record.payment_id,
            provider,
            reference: Some(record.reference),
            what: "payment",
            ours: "none".to_owned(),
            theirs: format!("{} {}", record.status, record.captured),
        });
        self.differences.extend(differences);
        let events = self.events.into_values().filter(|event| event.payments > 0).collect();
        Found { events, differences: self.differences, not_compared: self.not_compared }
    }
}

#[cfg(test)]
#[path = "compare_test.rs"]
mod test;
