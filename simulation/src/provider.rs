//! A payment provider with a memory: what was set aside, taken, let go of and given back, for every booking.
//!
//! Calls take simulated time and have their effect somewhere in the middle, so a crash of the caller comes before, between
//! and after. Owns the ledger, and the rules that any provider has: the same call again has one effect, and the same call
//! with another amount is an outrage. Whether the money fits the bookings, `judge` says.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bench::rng::Rng;
use domain::ids::{BookingId, BookingNumber, EventId};
use domain::ports::{Authorization, BoxFuture, Capture, Charge, PaymentGateway};
use tokio::time::sleep;

/// Answers at once, or so.
pub(crate) const GOOD: &str = "tok_good";
/// Refuses.
pub(crate) const DECLINED: &str = "tok_declined";
/// Takes longer than a client waits, and less than a payment may.
pub(crate) const SLOW: &str = "tok_slow";
/// Answers after the payment's time.
pub(crate) const LATE: &str = "tok_late";
/// Never answers.
pub(crate) const SILENT: &str = "tok_silent";

const SLOW_MS: u64 = 2_800;
const LATE_MS: u64 = 7_000;

/// What became of one booking's money. Minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) authorized: Option<i64>,
    pub(crate) captured: Option<i64>,
    pub(crate) voided: bool,
    pub(crate) refunds: BTreeMap<u32, i64>,
}

/// Every booking's account.
pub(crate) type Accounts = BTreeMap<(EventId, BookingNumber), Account>;

#[derive(Default)]
struct Books {
    accounts: Accounts,
    outrages: Vec<String>,
    dice: Option<Rng>,
}

/// The provider, as all nodes know it; its clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Provider(Arc<Mutex<Books>>);

impl Provider {
    /// With dice of its own.
    pub(crate) fn new(seed: u64) -> Self {
        let books = Books { dice: Some(Rng::new(seed ^ 0x70a7)), ..Books::default() };
        Self(Arc::new(Mutex::new(books)))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All accounts and every rule that a caller broke.
    pub(crate) fn close(&self) -> (Accounts, Vec<String>) {
        let books = self.books();
        (books.accounts.clone(), books.outrages.clone())
    }

    fn takes(&self) -> Duration {
        let mut books = self.books();
        let ms = books
            .dice
            .as_mut()
            .map_or(1, |dice| if dice.chance(0.1) { dice.below(600) } else { dice.below(30) });
        Duration::from_millis(1 + ms)
    }

    /// Half the time, the effect, the other half.
    fn act<T: Send + 'static>(
        &self,
        charge: Charge,
        effect: impl FnOnce(&mut Account, &Charge) -> Result<T, String> + Send + 'static,
    ) -> BoxFuture<T> {
        let provider = self.clone();
        Box::pin(async move {
            sleep(provider.takes()).await;
            let done = provider.change(&charge, effect);
            sleep(provider.takes()).await;
            match done {
                Some(done) => done,
                None => pending().await,
            }
        })
    }

    fn change<T>(
        &self,
        charge: &Charge,
        effect: impl FnOnce(&mut Account, &Charge) -> Result<T, String>,
    ) -> Option<T> {
        let mut books = self.books();
        let account = books.accounts.entry((charge.event, charge.booking)).or_default();
        match effect(account, charge) {
            Ok(done) => Some(done),
            Err(outrage) => {
                let id = BookingId::new(charge.event, charge.booking);
                books.outrages.push(format!("the provider, for {id}: {outrage}"));
                None
            }
        }
    }
}

/// Puts `amount` where nothing or the same stands.
fn once(place: &mut Option<i64>, amount: i64, what: &str) -> Result<(), String> {
    match place.replace(amount) {
        Some(before) if before != amount => Err(format!("{what} {before} before and {amount} now")),
        _ => Ok(()),
    }
}

impl PaymentGateway for Provider {
    fn authorize(&self, charge: Charge) -> BoxFuture<Authorization> {
        let granted = |account: &mut Account, charge: &Charge| {
            // What was let go of before it was set aside is never set aside.
            if !account.voided {
                once(&mut account.authorized, charge.amount_minor, "authorized")?;
            }
            Ok(Authorization::Granted)
        };
        let wait_ms = match charge.method.token.as_str() {
            DECLINED => return self.act(charge, |_, _| Ok(Authorization::Declined)),
            SILENT => return Box::pin(pending()),
            SLOW => SLOW_MS,
            LATE => LATE_MS,
            _ => 0,
        };
        let act = self.act(charge, granted);
        Box::pin(async move {
            sleep(Duration::from_millis(wait_ms)).await;
            act.await
        })
    }

    fn capture(&self, charge: Charge) -> BoxFuture<Capture> {
        self.act(charge, |account, charge| {
            if account.authorized != Some(charge.amount_minor) || account.voided {
                return Err(format!("capture of {} with {account:?}", charge.amount_minor));
            }
            once(&mut account.captured, charge.amount_minor, "captured")?;
            Ok(Capture::Taken)
        })
    }

    fn void(&self, charge: Charge) -> BoxFuture<()> {
        self.act(charge, |account, _| {
            if account.captured.is_some() {
                return Err("void of what was captured".to_owned());
            }
            account.voided = true;
            account.authorized = None;
            Ok(())
        })
    }

    fn refund(&self, charge: Charge, amount_minor: i64, attempt: u32) -> BoxFuture<()> {
        self.act(charge, move |account, _| {
            let before = account.refunds.insert(attempt, amount_minor);
            if before.is_some_and(|before| before != amount_minor) {
                return Err(format!("refund {attempt} of {before:?} before and {amount_minor} now"));
            }
            let refunded: i64 = account.refunds.values().sum();
            if account.captured.is_none_or(|captured| refunded > captured) {
                return Err(format!("{refunded} given back of {:?} captured", account.captured));
            }
            Ok(())
        })
    }
}
