//! What a node answers the others on behalf of clients: commands, whole requests, and the questions that lists and
//! nodes without accounts ask. What raft and the beats say to each other is answered in `cluster`.

use std::future::ready;

use axum::Router;
use cluster::peer::{Answers, Bytes, CallError, Messages};
use cluster::raft::types::NodeId;
use domain::ports::BoxFuture;

use crate::dispatch::Dispatch;
use crate::http::{App, peers};
use crate::limits::SERVICE as LIMITS_SERVICE;
use crate::notify::webhook::{ENDPOINTS_SERVICE, answer_ending};
use crate::projections::{COUNTS_SERVICE, SEATS_SERVICE, Source, answer_counts};

/// The services `commands`, `http`, `bookings`, `holds`, `identity`, `outbox`, `endpoints`, `seats`, `counts` and `limits`.
pub struct PeerAnswers {
    app: App,
    router: Router,
    source: Source,
}

impl PeerAnswers {
    /// Of the node that `app` is of. It answers nobody before the node can serve.
    #[must_use]
    pub fn new(app: &App) -> Self {
        let source = Source::new(app.cluster.clone(), app.clock.clone());
        Self { app: app.clone(), router: peers::router(app), source }
    }

    /// The names of the services.
    pub const SERVICES: [&str; 10] = [
        "commands",
        "http",
        "bookings",
        "holds",
        "identity",
        "outbox",
        ENDPOINTS_SERVICE,
        SEATS_SERVICE,
        COUNTS_SERVICE,
        LIMITS_SERVICE,
    ];

    fn require_ready(&self) -> Result<(), CallError> {
        let starting = |_| CallError::Declined("the node is starting or stopping".to_owned());
        self.app.require_ready().map_err(starting)
    }
}

impl Answers for PeerAnswers {
    fn call(&self, _from: NodeId, service: &str, body: Bytes) -> BoxFuture<Result<Bytes, CallError>> {
        if let Err(declined) = self.require_ready() {
            return Box::pin(ready(Err(declined)));
        }
        match service {
            "commands" => Box::pin(ready(Dispatch::answer_call(&body))),
            "http" => {
                let (app, router) = (self.app.clone(), self.router.clone());
                Box::pin(async move { peers::relayed(&app, router, body).await })
            }
            "bookings" => {
                let app = self.app.clone();
                Box::pin(async move { peers::bookings(&app, &body) })
            }
            "holds" => Box::pin(ready(peers::holds(&self.app, &body))),
            "identity" => {
                let app = self.app.clone();
                Box::pin(async move { peers::identity(&app, &body).await })
            }
            "outbox" => Box::pin(ready(peers::outbox(&self.app))),
            ENDPOINTS_SERVICE => {
                let app = self.app.clone();
                Box::pin(async move { answer_ending(&app.cluster, &body).await })
            }
            LIMITS_SERVICE => Box::pin(ready(self.app.limits.told(&body))),
            COUNTS_SERVICE => Box::pin(ready(answer_counts(&*self.app.cluster, &body))),
            other => Box::pin(ready(Err(unknown(other)))),
        }
    }

    fn stream(&self, from: NodeId, service: &str, input: Messages) -> BoxFuture<Result<Messages, CallError>> {
        let answered = match service {
            "commands" => self.require_ready().map(|()| self.app.dispatch.answer_stream(from, input)),
            SEATS_SERVICE => self.require_ready().and_then(|()| self.source.stream(from, input)),
            other => Err(unknown(other)),
        };
        Box::pin(ready(answered))
    }
}

fn unknown(service: &str) -> CallError {
    CallError::Declined(format!("no such service: {service}"))
}
