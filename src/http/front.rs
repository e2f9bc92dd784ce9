//! Step ①, in front of the router: a connection lives on the thread of an actor, and the calls that a sale is made of,
//! `POST /events/{id}/holds`, `POST /bookings` and `POST /bookings/{id}` of an event, are answered right there, and so
//! is a search whose answer is still at hand. Everything else goes through the router on the node's other threads, so that a
//! seat map of fifty thousand seats keeps no hold waiting.
//!
//! Owns the choice and nothing of what a call means: the short way ends in the same handler, after the same extractors
//! in the same order, inside the same envelope. Hazard: what the router adds to every call must be added here as well.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::FromRequestParts;
use axum::http::header::{EXPECT, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request};
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
use super::detached::{Detached, detach};
use super::envelope::{Access, Envelope, Peer};
use super::extract::{ApiJson, IdempotencyKey, accepted};
use super::problem::Problem;
use super::router::{admin_router, public_router};
use super::search_cache::Kept;
use super::{search, selling};

/// What a listener serves; its clones are the same.
#[derive(Clone)]
pub struct Front(Arc<Inner>);

/// The same over one connection.
pub struct Connection {
    front: Arc<Inner>,
    peer: IpAddr,
}

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

/// What takes the short way.
#[derive(Clone, Copy)]
enum Call {
    Hold(EventId),
    Book,
    Buy(EventId),
}

impl Call {
    /// What a POST to `path` asks for.
    fn at(path: &str) -> Option<Self> {
        if let Some(bookings) = path.strip_prefix("/bookings") {
            return match bookings.strip_prefix('/') {
                Some(event) => event.parse().ok().map(Self::Buy),
                None => bookings.is_empty().then_some(Self::Book),
            };
        }
        path.strip_prefix("/events/")?.strip_suffix("/holds")?.parse().ok().map(Self::Hold)
    }
}

impl Front {
    /// For clients. To be made on the runtime on which the router is to run.
    #[must_use]
    pub fn public(app: &App) -> Self {
        let envelope =
            Envelope::new(app.config.http.request_deadline, app.random.as_ref(), app.limits.clone());
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

    /// The id of a request with these headers.
    pub(super) fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        match &self.0.short {
            Some(short) => short.envelope.request_id(headers),
            None => HeaderValue::from_static("req_early"),
        }
    }

    /// Where everything runs that is not for the threads of the actors.
    pub(super) fn elsewhere(&self) -> &Handle {
        &self.0.elsewhere
    }

    /// For a connection from `peer`.
    #[must_use]
    pub fn to(&self, peer: IpAddr) -> Connection {
        Connection { front: self.0.clone(), peer }
    }
}

impl Service<Request<Incoming>> for Connection {
    type Response = Response;
    type Error = Detached;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Detached>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (inner, peer) = (self.front.clone(), self.peer);
        if let Some(kept) = inner.short.as_ref().and_then(|short| short.kept(&request)) {
            return Box::pin(async move {
                let short = inner.short.as_ref().expect("it has just said that this call is its own");
                Ok(short.show(&kept, peer, request).await)
            });
        }
        let short = inner.short.as_ref().and_then(|short| short.call_of(&request));
        match short {
            Some(call) => Box::pin(async move {
                let short = inner.short.as_ref().expect("it has just said that this call is its own");
                Ok(short.respond(call, peer, request).await)
            }),
            None => Box::pin(async move {
                let (method, version) = (request.method().clone(), request.version());
                detach(inner.route(peer, request.map(Body::new)).await, &method, version)
            }),
        }
    }
}

impl Inner {
    async fn route(&self, peer: IpAddr, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(Peer(peer));
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
    /// What `request` asks for, where it takes the short way: with a body that is announced, not too large, and on its way,
    /// and from no page of another origin, which is for the router to allow.
    fn call_of(&self, request: &Request<Incoming>) -> Option<Call> {
        let headers = request.headers();
        if request.method() != Method::POST || headers.contains_key(EXPECT) || headers.contains_key(ORIGIN) {
            return None;
        }
        let call = Call::at(request.uri().path())?;
        let announced = request.body().size_hint().upper()?;
        (announced <= self.app.config.http.body_limit_bytes as u64).then_some(call)
    }

    /// The answer at hand, where `request` is a search and has nothing that it is the router's to look at.
    fn kept(&self, request: &Request<Incoming>) -> Option<Arc<Kept>> {
        let path = request.uri().path();
        let is_search = request.method() == Method::GET && (path == "/search" || path == "/events/search");
        let plain = is_search && request.body().is_end_stream() && !request.headers().contains_key(ORIGIN);
        if plain { search::kept(&self.app, request.uri()) } else { None }
    }

    async fn show(&self, kept: &Kept, peer: IpAddr, request: Request<Incoming>) -> Response {
        let access = Access::of(request.method(), request.uri());
        let headers = request.headers();
        let client = self.app.limits.client(peer, headers);
        let answering = async {
            let allowed = self.app.limits.request(client).map_err(Problem::from);
            let acceptable = allowed.and_then(|()| accepted(headers, &["application/json"]));
            acceptable.map_or_else(IntoResponse::into_response, |_| kept.respond(headers))
        };
        let id = self.envelope.request_id(headers);
        let response = self.envelope.around(id, Some(client), answering).await;
        access.log(Some(client), &response);
        response
    }

    async fn respond(&self, call: Call, peer: IpAddr, request: Request<Incoming>) -> Response {
        let (parts, body) = request.into_parts();
        let access = Access::of(&parts.method, &parts.uri);
        let id = self.envelope.request_id(&parts.headers);
        let client = self.app.limits.client(peer, &parts.headers);
        let answering = async {
            self.answer(call, client, parts, body).await.unwrap_or_else(IntoResponse::into_response)
        };
        let response = self.envelope.around(id, Some(client), answering).await;
        access.log(Some(client), &response);
        response
    }

    async fn answer(
        &self,
        call: Call,
        client: IpAddr,
        mut parts: Parts,
        body: Incoming,
    ) -> Result<Response, Problem> {
        // First of all, so that nothing of it is left in the connection when the answer is a refusal.
        let raw = body.collect().await.map(Collected::to_bytes);
        let raw = raw.map_err(|_| Problem::malformed("The body ended before it was complete."))?;
        self.app.limits.request(client)?;
        accepted(&parts.headers, &["application/json"])?;
        let caller = Customer::from_request_parts(&mut parts, &self.app).await?;
        let key = IdempotencyKey::from_request_parts(&mut parts, &self.app).await?;
        let (app, headers) = (&self.app, &parts.headers);
        match call {
            Call::Hold(event) => {
                selling::hold(app, event, caller, key, ApiJson::of(headers, raw).await?).await
            }
            Call::Book => selling::book(app, caller, key, ApiJson::of(headers, raw).await?).await,
            Call::Buy(event) => selling::buy(app, event, caller, key, ApiJson::of(headers, raw).await?).await,
        }
    }
}
