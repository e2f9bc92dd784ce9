//! A Stripe of our own: as much of PaymentIntents as the node speaks, with a ledger, and with faults on order.
//!
//! It honours idempotency keys as Stripe does, loses connections before and after the work is done, answers with faults
//! of its own, and tells what happened by signed webhooks, twice and in the wrong order if that is asked for.

mod books;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use hmac::{Hmac, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Sha256;

use books::{Books, Form};

use crate::support::{Answer, Client};

pub(crate) const KEY: &str = "sk_test_of_the_fake";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_of_the_fake_0123456789abcdef";

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is lost before anything is done.
    DropBefore,
    /// It is done, and the connection is lost before the answer.
    DropAfter,
    /// Nothing is done, and the answer says so by a 500.
    Fails,
    /// The same, and whoever asks again under the same key is answered the same.
    FailsForGood,
    /// It is done, and the answer takes so long that nobody waits for it.
    Hangs,
}

/// Minor units that moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    /// Set aside, and neither taken nor let go of.
    pub(crate) set_aside: i64,
}

/// The server; it ends with its last clone.
#[derive(Clone)]
pub(crate) struct FakeStripe {
    books: Arc<Mutex<Books>>,
    url: String,
    _runtime: Arc<tokio::runtime::Runtime>,
}

impl FakeStripe {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let books: Arc<Mutex<Books>> = Arc::default();
        let served = books.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let books = served.clone();
                let answer = service_fn(move |request| answer(books.clone(), request));
                let serving = hyper::server::conn::http1::Builder::new();
                tokio::spawn(
                    async move { drop(serving.serve_connection(TokioIo::new(stream), answer).await) },
                );
            }
        });
        Self { books, url, _runtime: Arc::new(runtime) }
    }

    /// What a node is told of it.
    pub(crate) fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("ONSALE_PAYMENTS__STRIPE_URL", self.url.clone()),
            ("ONSALE_PAYMENTS__STRIPE_KEY", KEY.to_owned()),
            ("ONSALE_PAYMENTS__STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ]
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("the books")
    }

    /// Lets this go wrong with the next request whose path has `word` in it.
    pub(crate) fn fail_next(&self, word: &'static str, fault: Fault) {
        self.books().faults.push_back((word, fault));
    }

    /// From now on everything goes right.
    pub(crate) fn mend(&self) {
        self.books().faults.clear();
    }

    /// How many faults have not happened yet.
    pub(crate) fn faults_left(&self) -> usize {
        self.books().faults.len()
    }

    pub(crate) fn sums(&self) -> Sums {
        let books = self.books();
        let sum = |status: &str, field: &str| -> i64 {
            let those = books.intents.values().filter(|intent| intent["status"] == status);
            those.filter_map(|intent| intent[field].as_i64()).sum()
        };
        Sums {
            captured: sum("succeeded", "amount_received"),
            refunded: books.refunds.iter().filter_map(|refund| refund["amount"].as_i64()).sum(),
            set_aside: sum("requires_capture", "amount"),
        }
    }

    /// Stripe's id of the newest attempt to pay this.
    pub(crate) fn intent_of(&self, payment: &str) -> Option<String> {
        let books = self.books();
        let ours = books.intents.iter().filter(|(_, intent)| intent["metadata"]["onsale_payment"] == payment);
        ours.max_by_key(|(_, intent)| intent["number"].as_u64()).map(|(id, _)| id.clone())
    }

    /// Where an attempt stands.
    pub(crate) fn status_of(&self, intent: &str) -> String {
        self.books().intents[intent]["status"].as_str().expect("a status").to_owned()
    }

    /// The buyer does what was required.
    pub(crate) fn act(&self, intent: &str, well: bool) {
        let mut books = self.books();
        let status = if well { "requires_capture" } else { "requires_payment_method" };
        if books.intents[intent]["status"] == "requires_action" {
            books.change(intent, status);
        }
    }

    /// Somebody cancels an intent past the node, or takes the money.
    pub(crate) fn meddle(&self, intent: &str, status: &str) {
        let mut books = self.books();
        if status == "succeeded" {
            let amount = books.intents[intent]["amount"].clone();
            books.intents.get_mut(intent).expect("an intent")["amount_received"] = amount;
        }
        books.change(intent, status);
    }

    /// The buyer disputes a charge.
    pub(crate) fn dispute(&self, intent: &str, status: &str) {
        let mut books = self.books();
        let amount = books.intents[intent]["amount"].clone();
        let object = json!({"id": format!("dp_{intent}"), "object": "dispute", "amount": amount, "currency": "eur",
            "reason": "fraudulent", "status": status, "payment_intent": intent});
        books.tell("charge.dispute.updated", &object);
    }

    /// Gives something back past the node.
    pub(crate) fn refund_past_us(&self, intent: &str, amount: i64) {
        let refund = json!({"id": "re_alien", "payment_intent": intent, "amount": amount, "status": "succeeded", "metadata": {}});
        self.books().refunds.push(refund);
    }

    /// The messages that have come up since the last time.
    pub(crate) fn messages(&self) -> Vec<Value> {
        std::mem::take(&mut self.books().messages)
    }

    /// Tells a node everything that has come up, newest first and each twice. How it was answered.
    pub(crate) fn deliver(&self, node: &Client) -> Vec<u16> {
        let newest_first: Vec<Value> = self.messages().into_iter().rev().collect();
        let twice = newest_first.iter().flat_map(|message| [message, message]);
        twice.map(|message| send(node, message, now_seconds()).status).collect()
    }
}

/// Sends a message that is signed at `seconds`.
pub(crate) fn send(node: &Client, message: &Value, seconds: u64) -> Answer {
    let body = message.to_string();
    let signature = sign(&body, seconds, WEBHOOK_SECRET);
    let headers = [("stripe-signature", signature.as_str()), ("content-type", "application/json")];
    node.send("POST", "/webhooks/stripe", &headers, Some(body.as_bytes()))
}

pub(crate) fn sign(body: &str, seconds: u64, secret: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

#[allow(clippy::disallowed_methods, reason = "the clock of another company")]
pub(crate) fn now_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

async fn answer(
    books: Arc<Mutex<Books>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let lost = || io::Error::other("the connection is lost");
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| lost())?.to_bytes();
    let (path, query) = (parts.uri.path().to_owned(), parts.uri.query().unwrap_or_default().to_owned());
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let fault = {
        let mut books = books.lock().expect("the books");
        books.fault(&format!("{} {path}", parts.method))
    };
    match fault {
        Some(Fault::DropBefore) => return Err(lost()),
        Some(Fault::Fails) => return Ok(rendered(500, &failure())),
        Some(Fault::FailsForGood) => {
            let mut books = books.lock().expect("the books");
            if let Some(key) = header("idempotency-key") {
                let asked = format!("{path} {:?}", form(&body));
                books.answered.insert(key, (asked, 500, failure()));
            }
            return Ok(rendered(500, &failure()));
        }
        _ => {}
    }
    let authorized = header("authorization").as_deref() == Some(&format!("Bearer {KEY}"));
    let (status, answer) = if authorized {
        let mut books = books.lock().expect("the books");
        let form = form(if parts.method == Method::GET { query.as_bytes() } else { &body });
        books.keyed(&parts.method, &path, &form, header("idempotency-key"))
    } else {
        (401, json!({"error": {"type": "invalid_request_error"}}))
    };
    match fault {
        Some(Fault::DropAfter) => return Err(lost()),
        Some(Fault::Hangs) => tokio::time::sleep(Duration::from_secs(60)).await,
        _ => {}
    }
    Ok(rendered(status, &answer))
}

fn failure() -> Value {
    json!({"error": {"type": "api_error"}})
}

fn rendered(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Full::new(Bytes::from(body.to_string()))).expect("a response")
}

fn form(text: &[u8]) -> Form {
    form_urlencoded::parse(text).into_owned().collect()
}
