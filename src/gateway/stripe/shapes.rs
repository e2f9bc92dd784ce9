//! What of Stripe's objects this program reads. Fields that it does not know are ignored, as Stripe adds some at any time.

use std::collections::BTreeMap;

use domain::event::NextAction;
use domain::ids::PaymentId;
use domain::ports::Charge;
use serde::Deserialize;

/// Where our payment's id stands in Stripe's metadata.
pub(crate) const PAYMENT: &str = "onsale_payment";
/// The same for the number of the attempt to pay.
pub(crate) const ATTEMPT: &str = "onsale_attempt";
/// The same for the number of a refund.
pub(crate) const REFUND: &str = "onsale_refund";

/// What is kept of a text that a buyer or an operator is shown.
const MAX_TEXT_CHARS: usize = 2_048;

/// A PaymentIntent: one attempt to pay.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) amount: i64,
    #[serde(default)]
    pub(crate) amount_received: i64,
    pub(crate) currency: String,
    #[serde(default)]
    client_secret: Option<Hidden>,
    #[serde(default)]
    next_action: Option<Action>,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) latest_charge: Option<LatestCharge>,
}

/// The charge behind an intent: its id, or all of it where that was asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum LatestCharge {
    Expanded {
        #[serde(default)]
        amount_refunded: i64,
    },
    Id(#[allow(dead_code, reason = "read only to tell the two forms apart")] String),
}

/// A text that is not printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
struct Hidden(String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Action {
    r#type: String,
    #[serde(default)]
    redirect_to_url: Option<Redirect>,
}

#[derive(Debug, Clone, Deserialize)]
struct Redirect {
    #[serde(default)]
    url: Option<String>,
}

/// A refund of a charge.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Refund {
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
}

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
    #[serde(default)]
    pub(crate) has_more: bool,
}

/// Why a request was refused.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) error: RefusalBody,
}

/// The same, inside.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct RefusalBody {
    #[serde(default)]
    pub(crate) r#type: String,
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) param: Option<String>,
    #[serde(default)]
    pub(crate) payment_intent: Option<Box<Intent>>,
}

impl Refund {
    /// Whether the buyer has it, or will.
    pub(crate) fn is_given(&self) -> bool {
        !matches!(self.status.as_deref(), Some("failed" | "canceled"))
    }
}

impl Intent {
    /// Whether it is about this much money.
    pub(crate) fn is_for(&self, charge: &Charge) -> bool {
        self.amount == charge.amount_minor && self.currency == currency(charge)
    }

    /// What its buyer has to do.
    pub(crate) fn action(&self) -> NextAction {
        let action = self.next_action.as_ref();
        let kind = action.map_or("use_stripe_sdk", |action| action.r#type.as_str());
        let url = action.and_then(|action| action.redirect_to_url.as_ref()?.url.as_deref());
        let secret = self.client_secret.as_ref().map(|hidden| hidden.0.as_str());
        NextAction { kind: cut(kind), url: url.map(cut), client_secret: secret.map(cut) }
    }

    /// Our payment that it is an attempt of, and which.
    pub(crate) fn ours(&self) -> Option<(PaymentId, u32)> {
        let payment = self.metadata.get(PAYMENT)?.parse().ok()?;
        let attempt = self.metadata.get(ATTEMPT)?.parse().ok()?;
        Some((payment, attempt))
    }

    /// Minor units that went back to the buyer.
    pub(crate) fn refunded(&self) -> i64 {
        match self.latest_charge {
            Some(LatestCharge::Expanded { amount_refunded }) => amount_refunded,
            _ => 0,
        }
    }
}

/// A currency as Stripe writes it.
pub(crate) fn currency(charge: &Charge) -> String {
    charge.currency.to_string().to_ascii_lowercase()
}

/// As much of `text` as is kept.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).collect()
}

#[cfg(test)]
mod test {
    use super::*;

    fn intent(json: &str) -> Intent {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_intent_says_what_there_is_to_do_and_whose_it_is() {
        let plain = r#"{"id":"pi_1","status":"requires_action","amount":5000,"currency":"eur","client_secret":"s",
            "metadata":{"onsale_payment":"pay_00000000000010","onsale_attempt":"2"},"latest_charge":"ch_1",
            "next_action":{"type":"redirect_to_url","redirect_to_url":{"url":"https://b.example"}},"new":1}"#;
        let read = intent(plain);
        let action = read.action();
        assert_eq!(
            (action.kind.as_str(), action.url.as_deref()),
            ("redirect_to_url", Some("https://b.example"))
        );
        assert_eq!(action.client_secret.as_deref(), Some("s"));
        assert_eq!(
            read.ours().map(|(payment, attempt)| (payment.to_string(), attempt)),
            Some(("pay_00000000000010".into(), 2))
        );
        assert!(!format!("{read:?}").contains("\"s\""), "a secret is printed");
    }

    #[test]
    fn what_is_not_ours_is_told_apart() {
        for metadata in [r#"{}"#, r#"{"onsale_payment":"pay_x","onsale_attempt":"0"}"#] {
            let json = format!(
                r#"{{"id":"pi_1","status":"succeeded","amount":1,"currency":"eur","metadata":{metadata}}}"#
            );
            assert_eq!(intent(&json).ours(), None, "{metadata}");
        }
        let refunded = r#"{"id":"pi_1","status":"succeeded","amount":9,"currency":"eur","latest_charge":{"id":"ch","amount_refunded":4}}"#;
        assert_eq!(intent(refunded).refunded(), 4);
    }
}
