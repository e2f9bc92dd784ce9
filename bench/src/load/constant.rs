//! The bare server that a node is compared with: hyper, and one constant answer to everything.
//!
//! Owns: what the fastest possible node would still have to do: take a connection, read a whole request, write a whole
//! answer. Connections are set up as the node sets up its own. It is a process of its own, as the node is, so that
//! both are scheduled alike.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io::{Write, stderr};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The one answer.
#[derive(Clone, Debug)]
pub struct Constant {
    status: StatusCode,
    content_type: HeaderValue,
    body: Bytes,
}

impl Constant {
    /// An answer with this status and a JSON body of this size, but for the few bytes that its form takes.
    ///
    /// # Errors
    /// When `status` is none.
    pub fn new(status: u16, bytes: usize) -> anyhow::Result<Self> {
        let status = StatusCode::from_u16(status)?;
        let refuses = status.is_client_error();
        Ok(Self {
            status,
            content_type: HeaderValue::from_static(if refuses {
                "application/problem+json"
            } else {
                "application/json"
            }),
            body: body(bytes).into(),
        })
    }

    fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body.clone()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, self.content_type.clone());
        response
    }
}

/// Whoever books what it has held finds an id in it.
fn body(bytes: usize) -> String {
    let (head, tail) = (r#"{"id":"hld_0","tickets":[],"pad":""#, r#""}"#);
    format!("{head}{}{tail}", "x".repeat(bytes.saturating_sub(head.len() + tail.len())))
}

/// Answers on `address` until the process ends; says where on standard error, as a node does.
///
/// # Errors
/// When the address cannot be had.
pub async fn run(address: SocketAddr, constant: Constant) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await?;
    writeln!(stderr(), "ready http={}", listener.local_addr()?)?;
    serve(listener, constant).await;
    Ok(())
}

/// Answers whatever comes, for ever.
pub async fn serve(listener: TcpListener, constant: Constant) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(answer_all(http.clone(), stream, constant.clone()));
            }
            // No file descriptor is left, say: that passes, but not at once.
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn answer_all(http: http1::Builder, stream: TcpStream, constant: Constant) {
    // A client that has gone meanwhile shows below.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        let response = constant.response();
        async move {
            // The whole request is read, as the node has to.
            request.into_body().collect().await?;
            Ok::<_, hyper::Error>(response)
        }
    });
    // What a client does to its connection is its own affair.
    let _ = http.serve_connection(TokioIo::new(stream), service).await;
}

#[cfg(test)]
mod test {
    use super::{Constant, body};

    #[test]
    fn the_answer_has_the_size_and_the_type_asked_for() {
        let made = Constant::new(201, 300).unwrap();
        assert_eq!((made.body.len(), made.content_type.to_str().unwrap()), (300, "application/json"));
        let refusal = Constant::new(409, 300).unwrap();
        assert_eq!(refusal.content_type, "application/problem+json");
        assert!(Constant::new(9, 1).is_err());
        for bytes in [0, 40, 1_000] {
            assert!(serde_json::from_str::<serde_json::Value>(&body(bytes)).is_ok());
        }
    }
}
