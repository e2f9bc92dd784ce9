//! What is worth a line in the log, and not a thousand: says each thing once a minute at most.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::now::now;

const MINUTE: Duration = Duration::from_secs(60);
/// So many different things are remembered; whoever comes with more in a minute is not heard.
const MOST: usize = 64;

/// Remembers what has been said of late.
#[derive(Default)]
pub(crate) struct Seldom(Mutex<BTreeMap<String, Instant>>);

impl Seldom {
    /// Warns that a connection that was opened to `peer` came to nothing and `why`.
    pub(crate) fn warn_calling(&self, peer: &str, why: &str) {
        if self.is_due(&format!("{peer}: {why}")) {
            tracing::warn!(peer, why, "no connection to a peer");
        }
    }

    /// Warns that a connection that came from `remote` came to nothing and `why`. Every attempt has a port of its own, so
    /// the reason alone is what is not said twice.
    pub(crate) fn warn_called(&self, remote: &str, why: &str) {
        if self.is_due(why) {
            tracing::warn!(remote, why, "a connection to the port for peers was closed");
        }
    }

    fn is_due(&self, what: &str) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now();
        said.retain(|_, at| now.duration_since(*at) < MINUTE);
        if said.len() >= MOST || said.contains_key(what) {
            return false;
        }
        said.insert(what.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_thing_is_said_once_a_minute_and_not_too_many() {
        let seldom = Seldom::default();
        assert!(seldom.is_due("a"));
        assert!(!seldom.is_due("a"));
        assert!(seldom.is_due("b"));
        tokio::time::advance(MINUTE).await;
        assert!(seldom.is_due("a"));
        let heard = (0..1000).filter(|n| seldom.is_due(&n.to_string())).count();
        assert_eq!(heard, MOST - 1);
    }
}
