//! The built-in test provider: no money moves. It takes any card but these tokens:
//!
//! | token | what comes of it |
//! |---|---|
//! | `tok_declined` | is declined |
//! | `tok_timeout` | is never answered; nothing was set aside |
//! | `tok_late` | is never answered in time, but the money was set aside |
//! | `tok_slow` | is answered after twelve seconds |
//! | `tok_duplicate` | everything is answered twice |
//! | `tok_action` | requires an action of the buyer, who takes it two seconds later |
//! | `tok_action_declined` | requires one, which fails two seconds later |
//! | `tok_action_timeout` | requires one, which nobody takes |
//!
//! It has no memory: what it says follows from the token, so a call that is made again after a crash has one effect, none.

use std::future::{pending, ready};
use std::time::Duration;

use domain::event::NextAction;
use domain::ids::PaymentId;
use domain::ports::{Authorization, BoxFuture, Capture, Charge, PaymentGateway};

const SLOW: Duration = Duration::from_secs(12);
const ACTS_WITHIN: Duration = Duration::from_secs(2);

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
                "tok_timeout" | "tok_late" => pending().await,
                "tok_slow" => {
                    tokio::time::sleep(SLOW).await;
                    Authorization::Granted
                }
                "tok_action" | "tok_action_declined" | "tok_action_timeout" => action(&charge),
                _ => Authorization::Granted,
            }
        })
    }

    fn settled(&self, charge: Charge) -> BoxFuture<Authorization> {
        Box::pin(async move {
            tokio::time::sleep(ACTS_WITHIN).await;
            match charge.method.token.as_str() {
                "tok_action_declined" => Authorization::Declined,
                "tok_action_timeout" => pending().await,
                _ => Authorization::Granted,
            }
        })
    }

    fn set_aside_late(&self, charge: Charge) -> BoxFuture<Option<Authorization>> {
        let late = charge.method.token == "tok_late";
        Box::pin(ready(late.then_some(Authorization::Granted)))
    }

    fn capture(&self, _charge: Charge) -> BoxFuture<Capture> {
        Box::pin(ready(Capture::Taken))
    }

    fn void(&self, _charge: Charge) -> BoxFuture<()> {
        Box::pin(ready(()))
    }

    fn refund(&self, _charge: Charge, _amount_minor: i64, _attempt: u32) -> BoxFuture<()> {
        Box::pin(ready(()))
    }

    fn repeats_itself(&self, charge: &Charge) -> bool {
        charge.method.token == "tok_duplicate"
    }
}

fn action(charge: &Charge) -> Authorization {
    let payment = PaymentId::new(charge.event, charge.booking);
    let action = NextAction {
        kind: "redirect_to_url".to_owned(),
        url: Some(format!("https://bank.example/authenticate/{payment}")),
        client_secret: None,
    };
    Authorization::ActionRequired { action, reference: format!("test_{payment}_{}", charge.attempt) }
}
