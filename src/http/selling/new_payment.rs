//! ① How a client says that it pays: a provider, and the provider's word for the means of payment.

use domain::event::{PaymentMethod, PaymentTerms};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::App;
use crate::http::problem::Problem;

const MAX_TOKEN_BYTES: usize = 255;

/// Provider and its token for the means of payment.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewPayment {
    provider: String,
    token: String,
}

impl std::fmt::Debug for NewPayment {
    /// The token stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewPayment({})", self.provider)
    }
}

impl NewPayment {
    /// What the core is told, once the provider is one that this node speaks to. `field` is where it stood.
    pub(super) fn terms(self, app: &App, field: &str) -> Result<PaymentTerms, Problem> {
        if !app.providers.knows(&self.provider) {
            let known = app.providers.names();
            let message = format!("no such payment provider; known here: {known}");
            return Err(Problem::invalid_field(&format!("/{field}/provider"), &message));
        }
        if self.token.is_empty() || self.token.len() > MAX_TOKEN_BYTES {
            return Err(Problem::invalid_field(&format!("/{field}/token"), "must have 1 to 255 bytes"));
        }
        let method = PaymentMethod { provider: self.provider, token: self.token };
        Ok(PaymentTerms { method, timeout_ms: app.config.payments.timeout_ms })
    }
}
