//! Step ①, in front of the router: a connection lives on the thread of an actor, and the one call that a sale is made of,
//! `POST /events/{id}/holds`, is answered right there. Everything else goes through the router on the node's other
//! threads, so that a seat map of fifty thousand seats keeps no hold waiting.
//!
//! Owns the choice and nothing of what a call means: the short way ends in the same handler, after the same extractors
//! in the same order, inside the same envelope. Hazard: what the router adds to every call must be added here as well.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::FromRequestParts;
use axum::http::header::EXPECT;
use axum::http::request::Parts;
use axum::http::{Method, Request};
use axum::response::{IntoResponse, Response};
use domain::ids::EventId;
use http_body_util::{BodyExt, Collected};
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::App;
use super::auth::Customer;
use super::envelope::Envelope;
use super::extract::{ApiJson, IdempotencyKey, accepted};
use super::problem::Problem;
use super::router::{admin_router, public_router};
use super::selling;

/// What a listener serves; its clones are the same.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

struct Inner {
    router: Router,
    /// Where the router runs.
    elsewhere: Handle,
    /// What the short way needs, where there is one.
    short: Option<Short>,
}

struct Short {
    app: App,
    envelope: Arc<Envelope>,
}

impl Front {
    /// For clients. To be made on the runtime on which the router is to run.
    #[must_use]
    pub fn public(app: &App) -> Self {
        let envelope = Envelope::new(app.config.http.request_deadline, app.random.as_ref());
        let short = Short { app: app.clone(), envelope };
        Self(Arc::new(Inner { router: public_router(app), elsewhere: Handle::current(), short: Some(short) }))
    }

    /// For operators and Prometheus. To be made as [`Self::public`].
    #[must_use]
    pub fn admin(app: &App) -> Self {
        Self::routed(admin_router(app))
    }

    /// Everything through `router`. To be made as [`Self::public`].
    #[must_use]
    pub fn routed(router: Router) -> Self {
        Self(Arc::new(Inner { router, elsewhere: Handle::current(), short: None }))
    }
}

impl Service<Request<Incoming>> for Front {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let inner = self.0.clone();
        let short = inner.short.as_ref().and_then(|short| short.event_of(&request));
        match short {
            Some(event) => Box::pin(async move {
                let short = inner.short.as_ref().expect("it has just said that this call is its own");
                Ok(short.hold(event, request).await)
            }),
            None => Box::pin(async move { Ok(inner.route(request.map(Body::new)).await) }),
        }
    }
}

impl Inner {
    async fn route(&self, request: Request<Body>) -> Response {
        // A set of one, because dropping it ends the task: nobody answers a client that has gone.
        let mut task = JoinSet::new();
        task.spawn_on(self.router.clone().oneshot(request), &self.elsewhere);
        match task.join_next().await {
            Some(Ok(Ok(response))) => response,
            // The envelope in the router catches panics; what is left is a runtime that ends.
            _ => Problem::internal("the router was stopped in the middle of a request").into_response(),
        }
    }
}

impl Short {
    /// The event for which `request` asks for a hold, where it takes the short way: with a body that is announced, not
    /// too large, and on its way.
    fn event_of(&self, request: &Request<Incoming>) -> Option<EventId> {
        if request.method() != Method::POST || request.headers().contains_key(EXPECT) {
            return None;
        }
        let event = request.uri().path().strip_prefix("/events/")?.strip_suffix("/holds")?.parse().ok()?;
        let announced = request.body().size_hint().upper()?;
        (announced <= self.app.config.http.body_limit_bytes as u64).then_some(event)
    }

    async fn hold(&self, event: EventId, request: Request<Incoming>) -> Response {
        let (parts, body) = request.into_parts();
        let id = self.envelope.request_id(&parts.headers);
        let answering =
            async { self.answer(event, parts, body).await.unwrap_or_else(IntoResponse::into_response) };
        self.envelope.around(id, answering).await
    }

    async fn answer(&self, event: EventId, mut parts: Parts, body: Incoming) -> Result<Response, Problem> {
        // First of all, so that nothing of it is left in the connection when the answer is a refusal.
        let raw = body.collect().await.map(Collected::to_bytes);
        let raw = raw.map_err(|_| Problem::malformed("The body ended before it was complete."))?;
        accepted(&parts.headers, &["application/json"])?;
        let caller = Customer::from_request_parts(&mut parts, &self.app).await?;
        let key = IdempotencyKey::from_request_parts(&mut parts, &self.app).await?;
        let body = ApiJson::of(&parts.headers, raw).await?;
        selling::hold(&self.app, event, caller, key, body).await
    }
}
