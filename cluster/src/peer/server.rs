//! The answering side of one connection: who comes is asked for proof, then every call for its own.
//!
//! Hazard: the head of a call comes before its body, and its MAC can be checked only with the body. Its number is used up
//! by the head already, so that of two copies under way at a time one at most is answered.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::ports::Clock;
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::handshake::{self, Admitted};
use super::head::{self, Proof};
use super::incoming::{self, Inflow, Missing};
use super::limits::{
    AUTHENTICATE_WITHIN, CALLER_PING_EVERY, CONNECTION_WINDOW, H2_FRAME, HEADERS, Limits, PING_WITHIN,
    STREAM_WINDOW,
};
use super::me::{JOIN, Me, STRANGER};
use super::outgoing::{Outflow, Outgoing, Way, reason};
use super::session::{Kind, Said, Session, Used};
use super::{Answers, CallError};
use crate::raft::types::NodeId;

/// Serves one accepted connection until it ends. `remote` is where it comes from, for the log. A call that its caller has
/// given up is dropped where it waits; so is everything under way when the connection ends.
pub async fn serve<S>(
    stream: S,
    remote: String,
    me: Arc<Me>,
    answers: Arc<dyn Answers>,
    clock: Arc<dyn Clock>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut stream = stream;
    let Ok(admitted) = timeout(AUTHENTICATE_WITHIN, handshake::admit(&mut stream, &me, &*clock)).await else {
        return me.seldom.warn_called(&remote, "the caller did not say in time who it is");
    };
    let Admitted { session, from, lane } = match admitted {
        Ok(admitted) => admitted,
        Err(why) => return me.seldom.warn_called(&remote, &why),
    };
    let session = Arc::new(session);
    let limits = lane.limits();
    let used = Mutex::new(Used::new());
    let visit = Arc::new(Visit { session: session.clone(), from, limits, used, answers, clock });
    let service = service_fn(move |request| {
        // The number is used before anything waits: calls come here in the order of the wire.
        let entered = visit.enter(&request);
        let visit = visit.clone();
        async move { Ok::<_, Infallible>(visit.respond(entered, request).await) }
    });
    tokio::select! {
        ended = server(limits).serve_connection(TokioIo::new(stream), service) => if let Err(error) = ended {
            tracing::debug!(remote, %error, "a peer's connection broke");
        },
        () = session.ended() => me.seldom.warn_called(&remote, "a message was not authentic; the connection was closed"),
    }
}

fn server(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(H2_FRAME)
        .max_header_list_size(HEADERS)
        .max_concurrent_streams(u32::try_from(limits.in_flight).unwrap_or(u32::MAX))
        // Calls that time out together are no attack.
        .max_pending_accept_reset_streams(limits.in_flight)
        .keep_alive_interval(CALLER_PING_EVERY)
        .keep_alive_timeout(PING_WITHIN);
    builder
}

/// One peer's connection.
struct Visit {
    session: Arc<Session>,
    from: Option<NodeId>,
    limits: Limits,
    used: Mutex<Used>,
    answers: Arc<dyn Answers>,
    clock: Arc<dyn Clock>,
}

/// A call whose number is used. Not yet known to be authentic, unless it opens a stream.
struct Entered {
    proof: Proof,
    service: String,
}

impl Visit {
    /// Reads the head of a call; `None` when no peer can have sent it now.
    fn enter(&self, request: &Request<Incoming>) -> Option<Entered> {
        let proof = Proof::of(request.headers())?;
        let service = head::service(request)?.to_owned();
        if !self.used.lock().unwrap_or_else(PoisonError::into_inner).admit(proof.number) {
            return None;
        }
        let entered = Entered { proof, service };
        (proof.kind == Kind::Call || proof.kind == Kind::Open && self.proves(&entered, &[]))
            .then_some(entered)
    }

    fn proves(&self, entered: &Entered, body: &[u8]) -> bool {
        let Entered { proof, service } = entered;
        let said = Said { kind: proof.kind, call: proof.number, number: 0, name: service, body };
        self.session.proves(&said, &proof.tag)
    }

    async fn respond(&self, entered: Option<Entered>, request: Request<Incoming>) -> Response<Outgoing> {
        let Some(entered) = entered else { return self.foreign() };
        if entered.proof.kind == Kind::Open {
            return self.open(&entered, request.into_body()).await;
        }
        match incoming::whole(request.into_body(), self.limits.body).await {
            Ok(body) if self.proves(&entered, &body) => self.call(&entered, body).await,
            Ok(_) => self.foreign(),
            // Whoever has made it so long: it is not executed, and its number is used, so it never will be.
            Err(Missing::TooLong) => {
                let why = format!("the body is over the limit of its lane, {} bytes", self.limits.body);
                self.say(&entered, Kind::Declined, why.into())
            }
            // Nobody waits for this answer.
            Err(Missing::Cut(why)) => self.say(&entered, Kind::Declined, why.into()),
        }
    }

    /// Who asks, where it may ask for `service`.
    fn caller(&self, service: &str) -> Result<NodeId, CallError> {
        match self.from {
            Some(node) => Ok(node),
            None if service == JOIN => Ok(STRANGER),
            None => Err(CallError::Declined(format!(
                "a node that has not joined the cluster may ask to join and not for “{service}”"
            ))),
        }
    }

    async fn call(&self, entered: &Entered, body: Bytes) -> Response<Outgoing> {
        let answer = match self.caller(&entered.service) {
            Ok(from) => self.answers.call(from, &entered.service, body).await,
            Err(declined) => Err(declined),
        };
        match answer {
            Ok(answer) if answer.len() <= self.limits.body => self.say(entered, Kind::Answer, answer),
            Ok(_) => self.say(entered, Kind::Failed, "the answer is over the limit of its lane".into()),
            Err(error) => self.say_no(entered, error),
        }
    }

    async fn open(&self, entered: &Entered, body: Incoming) -> Response<Outgoing> {
        let about = (entered.proof.number, entered.service.clone());
        let input = Box::pin(Inflow::new(body, self.session.clone(), Way::Up, about.clone()));
        let opened = match self.caller(&entered.service) {
            Ok(from) => self.answers.stream(from, &entered.service, input).await,
            Err(declined) => Err(declined),
        };
        match opened {
            Ok(output) => {
                let flow = Outflow::new(output, self.session.clone(), Way::Down, about, None);
                let proof = self.proof(entered, Kind::Opened, &[]);
                head::response(proof, Outgoing::Parts(Box::new(flow)))
            }
            Err(error) => self.say_no(entered, error),
        }
    }

    fn say_no(&self, entered: &Entered, error: CallError) -> Response<Outgoing> {
        let kind = match &error {
            CallError::Declined(_) => Kind::Declined,
            // Said by who answers it does not mean that nothing has happened: something did, here.
            CallError::Unreachable(_) | CallError::Lost(_) => Kind::Failed,
        };
        self.say(entered, kind, reason(error).into())
    }

    fn say(&self, entered: &Entered, kind: Kind, body: Bytes) -> Response<Outgoing> {
        let proof = self.proof(entered, kind, &body);
        head::response(proof, Outgoing::whole(body))
    }

    fn proof(&self, entered: &Entered, kind: Kind, body: &[u8]) -> Proof {
        let clock_ms = self.clock.read().monotonic_ms;
        let Entered { proof: asked, service } = entered;
        let said = Said { kind, call: asked.number, number: clock_ms, name: service, body };
        Proof { kind, number: clock_ms, tag: self.session.tag(&said) }
    }

    /// Ends the session. What is returned is never sent, or is not believed.
    fn foreign(&self) -> Response<Outgoing> {
        self.session.end();
        Response::new(Outgoing::whole(Bytes::new()))
    }
}

#[cfg(test)]
#[path = "server_test.rs"]
mod test;
