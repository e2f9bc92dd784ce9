//! Payment providers behind `domain::ports::PaymentGateway`, and the register that finds the one of a charge.
//!
//! Owns which providers this node speaks to. Hazard: a charge of one that it does not speak to any more is neither
//! declined nor forgotten: its work stays open until a node that does owns the event.

pub mod stripe;
mod test_provider;

use std::collections::BTreeMap;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;

use domain::ids::PaymentId;
use domain::ports::{Authorization, BoxFuture, Capture, Charge, PaymentGateway};

use crate::config::PaymentsConfig;
pub use stripe::Stripe;
pub use test_provider::TestProvider;

/// The providers of this node by the names that clients know them by.
#[derive(Clone, Default)]
pub struct Providers {
    by_name: BTreeMap<&'static str, Arc<dyn PaymentGateway>>,
    stripe: Option<Arc<Stripe>>,
}

impl Providers {
    /// Those that `config` turns on, on a node whose public listener is at `http`.
    ///
    /// # Errors
    /// Where one of them cannot be set up.
    pub fn of(config: &PaymentsConfig, http: SocketAddr) -> Result<Self, String> {
        let mut providers = Self::default();
        if config.test_provider_is_on(http) {
            providers.by_name.insert(TestProvider::NAME, Arc::new(TestProvider));
        }
        if let Some(account) = &config.stripe {
            let stripe = Arc::new(Stripe::new(account)?);
            providers.by_name.insert(Stripe::NAME, stripe.clone());
            providers.stripe = Some(stripe);
        }
        Ok(providers)
    }

    /// The test provider alone.
    #[must_use]
    pub fn test() -> Self {
        Self { by_name: BTreeMap::from([(TestProvider::NAME, Arc::new(TestProvider) as _)]), stripe: None }
    }

    /// Whether clients may name this one.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// What clients may name.
    #[must_use]
    pub fn names(&self) -> String {
        self.by_name.keys().copied().collect::<Vec<_>>().join(", ")
    }

    /// The Stripe account, where there is one.
    #[must_use]
    pub fn stripe(&self) -> Option<&Arc<Stripe>> {
        self.stripe.as_ref()
    }

    /// The answer of the charge's provider; none ever comes where there is no such provider here.
    fn answer<T: Send + 'static>(
        &self,
        charge: Charge,
        ask: impl FnOnce(&dyn PaymentGateway, Charge) -> BoxFuture<T>,
    ) -> BoxFuture<T> {
        if let Some(provider) = self.by_name.get(charge.method.provider.as_str()) {
            return ask(&**provider, charge);
        }
        let payment = PaymentId::new(charge.event, charge.booking);
        let provider = charge.method.provider;
        tracing::error!(%payment, provider, "this node does not speak to the provider of a payment; the work waits");
        Box::pin(pending())
    }
}

impl PaymentGateway for Providers {
    fn authorize(&self, charge: Charge) -> BoxFuture<Authorization> {
        self.answer(charge, |provider, charge| provider.authorize(charge))
    }

    fn settled(&self, charge: Charge) -> BoxFuture<Authorization> {
        self.answer(charge, |provider, charge| provider.settled(charge))
    }

    fn set_aside_late(&self, charge: Charge) -> BoxFuture<Option<Authorization>> {
        self.answer(charge, |provider, charge| provider.set_aside_late(charge))
    }

    fn capture(&self, charge: Charge) -> BoxFuture<Capture> {
        self.answer(charge, |provider, charge| provider.capture(charge))
    }

    fn void(&self, charge: Charge) -> BoxFuture<()> {
        self.answer(charge, |provider, charge| provider.void(charge))
    }

    fn refund(&self, charge: Charge, amount_minor: i64, attempt: u32) -> BoxFuture<()> {
        self.answer(charge, |provider, charge| provider.refund(charge, amount_minor, attempt))
    }

    fn repeats_itself(&self, charge: &Charge) -> bool {
        let provider = self.by_name.get(charge.method.provider.as_str());
        provider.is_some_and(|provider| provider.repeats_itself(charge))
    }
}
