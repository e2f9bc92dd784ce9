//! The built-in test provider: no money moves. It takes any card but these tokens: `tok_declined` is declined,
//! `tok_timeout` never answers, `tok_slow` answers after twelve seconds.
//!
//! It has no memory, so a call that is made again after a crash has one effect: none.

use std::time::Duration;

use domain::ports::{Authorization, BoxFuture, Charge, PaymentGateway};

const SLOW: Duration = Duration::from_secs(12);

/// The built-in test provider, called `test` by clients.
#[derive(Debug, Clone, Copy, Default)]
pub struct TestProvider;

impl TestProvider {
    /// What clients call it.
    pub const NAME: &str = "test";
}

impl PaymentGateway for TestProvider {
    fn authorize(&self, charge: Charge) -> BoxFuture<Authorization> {
        Box::pin(async move {
            match charge.method.token.as_str() {
                "tok_declined" => Authorization::Declined,
                "tok_timeout" => std::future::pending().await,
                "tok_slow" => {
                    tokio::time::sleep(SLOW).await;
                    Authorization::Granted
                }
                _ => Authorization::Granted,
            }
        })
    }

    fn capture(&self, _charge: Charge) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }

    fn void(&self, _charge: Charge) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }

    fn refund(&self, _charge: Charge, _amount_minor: i64, _attempt: u32) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }
}
