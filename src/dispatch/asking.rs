//! ③ What everything that is asked on behalf of a request inherits from it: its id, for the logs of every node that it
//! comes by, the instant after which nobody waits for its answer, and the address of its client.
//!
//! Owns how these get from the envelope of a request to where another node is asked, past everything between that has
//! no use for them. Hazard: a task that is spawned does not inherit them.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::HeaderValue;

use crate::clock::Deadline;

tokio::task_local! {
    static CURRENT: Asking;
}

/// The request on whose behalf something is asked.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The value of its `X-Request-Id`.
    pub id: HeaderValue,
    /// When it is answered at the latest.
    pub until: Deadline,
    /// Where its client is, as the node has verified that took it from there.
    pub client: Option<IpAddr>,
}

impl Asking {
    /// Runs `answering` on behalf of this request. Not an async function, which would hold it twice.
    pub fn during<F: Future>(self, answering: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, answering)
    }

    /// The request that is being answered; outside of any, one without an id that has `patience`.
    #[must_use]
    pub fn current(patience: Duration) -> Self {
        let nobody =
            || Self { id: HeaderValue::from_static(""), until: Deadline::within(patience), client: None };
        CURRENT.try_with(Self::clone).unwrap_or_else(|_| nobody())
    }

    /// Where the client is of the request that is being answered, if there is one.
    #[must_use]
    pub fn current_client() -> Option<IpAddr> {
        CURRENT.try_with(|asking| asking.client).ok().flatten()
    }
}
