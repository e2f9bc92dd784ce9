//! Sends webhooks: one signed request an attempt, and what its answer means.
//!
//! Owns the connections and how many requests are under way. Hazard: the receiver is somebody else's program at an
//! address of their choice: no name is resolved to where nothing may be sent, no redirect is followed, no proxy asked,
//! and no more of an answer read than its status.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::catalogue::Endpoint;
use domain::ports::SendFault;
use domain::time::UnixMillis;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::sync::Semaphore;

use super::{Reach, Signing};

/// For a whole attempt.
const PATIENCE: Duration = Duration::from_secs(15);
/// On their way from this node at a time.
const AT_A_TIME: usize = 64;

/// What a receiver says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// It has the message.
    Taken,
    /// It wants no more, ever.
    Gone,
}

/// Sends webhooks; clones are the same.
#[derive(Clone)]
pub struct Webhooks {
    client: Client,
    reach: Reach,
    signing: Signing,
    places: Arc<Semaphore>,
}

impl Webhooks {
    /// As far as `reach`, signed by `signing`.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(reach: Reach, signing: Signing) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .dns_resolver(Arc::new(Only(reach)))
            .user_agent(concat!("onsale/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, reach, signing, places: Arc::new(Semaphore::new(AT_A_TIME)) })
    }

    /// How far it sends.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// The secrets.
    #[must_use]
    pub fn signing(&self) -> &Signing {
        &self.signing
    }

    /// Sends `body` to `endpoint` under `id`.
    ///
    /// # Errors
    /// [`SendFault::Later`]; an address that was fine may not be so any more, and become so again.
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        id: &str,
        now: UnixMillis,
        body: Vec<u8>,
    ) -> Result<Answered, SendFault> {
        let url = self.reach.check(&endpoint.url).map_err(|why| later(format!("the address {why}")))?;
        let _place = self.places.acquire().await.map_err(|_| later("the node is stopping".into()))?;
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", (now.millis() / 1000).to_string())
            .header("webhook-signature", self.signing.header(endpoint, id, now, &body))
            .body(body);
        match request.send().await.map(|response| response.status()) {
            Ok(status) if status.is_success() => Ok(Answered::Taken),
            Ok(StatusCode::GONE) => Ok(Answered::Gone),
            Ok(status) => Err(later(format!("the endpoint answers {}", status.as_u16()))),
            Err(error) if error.is_timeout() => Err(later("the endpoint took too long".into())),
            Err(error) if error.is_connect() => Err(later("the endpoint cannot be reached".into())),
            Err(_) => Err(later("the endpoint answers what is no HTTP".into())),
        }
    }
}

fn later(why: String) -> SendFault {
    SendFault::Later(why)
}

/// Resolves names to where something may be sent, and to nothing else.
struct Only(Reach);

impl Resolve for Only {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = reach.keep(found);
            if allowed.is_empty() {
                return Err("the name leads to no public address".into());
            }
            let allowed: Addrs = Box::new(allowed.into_iter());
            Ok(allowed)
        })
    }
}
