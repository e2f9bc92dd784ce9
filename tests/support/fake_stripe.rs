//! A Stripe of our own: as much of PaymentIntents as the node speaks, with a ledger, and with faults on order.
//!
//! It honours idempotency keys as Stripe does, loses connections before and after the work is done, answers with faults
//! of its own, and tells what happened by signed webhooks, twice and in the wrong order if that is asked for.

use std::collections::{BTreeMap, VecDeque};
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

#[derive(Default)]
struct Books {
    intents: BTreeMap<String, Value>,
    refunds: Vec<Value>,
    /// By key: what was asked for, and what was answered.
    answered: BTreeMap<String, (String, u16, Value)>,
    /// By the word in the path, what goes wrong with the next requests.
    faults: VecDeque<(&'static str, Fault)>,
    messages: Vec<Value>,
    counted: usize,
    told: usize,
}

/// The server; it ends with its last clone.
#[derive(Clone)]
pub(crate) struct FakeStripe {
    books: Arc<Mutex<Books>>,
    url: String,
    _runtime: Arc<tokio::runtime::Runtime>,
}

type Form = BTreeMap<String, String>;
type Done = (u16, Value);

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

fn refused(status: u16, kind: &str, code: &str) -> Done {
    (status, json!({"error": {"type": kind, "code": code}}))
}

fn form(text: &[u8]) -> Form {
    let text = String::from_utf8_lossy(text).into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let hex: String = rest.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&hex, 16).expect("two digits")
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("UTF-8")
}

impl Books {
    fn fault(&mut self, request: &str) -> Option<Fault> {
        let at = self.faults.iter().position(|(word, _)| request.contains(word))?;
        self.faults.remove(at).map(|(_, fault)| fault)
    }

    /// Does a request once for each key.
    fn keyed(&mut self, method: &Method, path: &str, form: &Form, key: Option<String>) -> Done {
        let Some(key) = key.filter(|_| *method == Method::POST) else { return self.work(method, path, form) };
        let asked = format!("{path} {form:?}");
        if let Some((before, status, answer)) = self.answered.get(&key) {
            if *before != asked {
                return refused(400, "idempotency_error", "idempotency_key_reused");
            }
            return (*status, answer.clone());
        }
        let (status, answer) = self.work(method, path, form);
        self.answered.insert(key, (asked, status, answer.clone()));
        (status, answer)
    }

    fn work(&mut self, method: &Method, path: &str, form: &Form) -> Done {
        let words: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        match (method.as_str(), &words[..]) {
            ("POST", ["payment_intents"]) => self.create(form),
            ("GET", ["payment_intents"]) => self.list(form),
            ("GET", ["payment_intents", "search"]) => self.search(form),
            ("GET", ["payment_intents", id]) => match self.intents.get(*id) {
                Some(intent) => (200, intent.clone()),
                None => refused(404, "invalid_request_error", "resource_missing"),
            },
            ("POST", ["payment_intents", id, "capture"]) => self.capture(id),
            ("POST", ["payment_intents", id, "cancel"]) => self.cancel(id),
            ("POST", ["refunds"]) => self.refund(form),
            ("GET", ["refunds"]) => {
                let of = |refund: &&Value| refund["payment_intent"] == form["payment_intent"].as_str();
                let data: Vec<&Value> = self.refunds.iter().filter(of).collect();
                (200, json!({"data": data, "has_more": false}))
            }
            _ => refused(404, "invalid_request_error", "unknown_path"),
        }
    }

    fn create(&mut self, form: &Form) -> Done {
        let token = form["payment_method"].as_str();
        if token == "pm_missing" {
            let error = json!({"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method"});
            return (400, json!({ "error": error }));
        }
        self.counted += 1;
        let id = format!("pi_{}", self.counted);
        let amount: i64 = form["amount"].parse().expect("an amount");
        let intent = json!({"id": id, "object": "payment_intent", "number": self.counted, "amount": amount,
            "amount_received": 0, "currency": form["currency"], "status": "requires_confirmation",
            "client_secret": format!("{id}_secret"), "next_action": null,
            "metadata": {"onsale_payment": form["metadata[onsale_payment]"],
                "onsale_attempt": form["metadata[onsale_attempt]"]}});
        self.intents.insert(id.clone(), intent);
        if form["confirm"] != "true" {
            return (200, self.intents[&id].clone());
        }
        match token {
            "pm_card_declined" => {
                let intent = self.change(&id, "requires_payment_method");
                let error = json!({"type": "card_error", "code": "card_declined", "payment_intent": intent});
                (402, json!({ "error": error }))
            }
            "pm_card_3ds" => {
                self.intents.get_mut(&id).expect("it is there")["next_action"] = json!({"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}});
                (200, self.change(&id, "requires_action"))
            }
            _ => (200, self.change(&id, "requires_capture")),
        }
    }

    /// Changes where an intent stands, and tells of it.
    fn change(&mut self, id: &str, status: &str) -> Value {
        let intent = self.intents.get_mut(id).expect("an intent");
        intent["status"] = json!(status);
        let intent = intent.clone();
        let kind = match status {
            "requires_capture" => "payment_intent.amount_capturable_updated",
            "succeeded" => "payment_intent.succeeded",
            "canceled" => "payment_intent.canceled",
            "requires_payment_method" => "payment_intent.payment_failed",
            _ => "payment_intent.requires_action",
        };
        self.tell(kind, &intent);
        intent
    }

    fn tell(&mut self, kind: &str, object: &Value) {
        self.told += 1;
        let id = format!("evt_{}", self.told);
        self.messages.push(json!({"id": id, "type": kind, "data": {"object": object}}));
    }

    fn capture(&mut self, id: &str) -> Done {
        let Some(intent) = self.intents.get_mut(id).filter(|intent| intent["status"] == "requires_capture")
        else {
            return refused(400, "invalid_request_error", "payment_intent_unexpected_state");
        };
        intent["amount_received"] = intent["amount"].clone();
        (200, self.change(id, "succeeded"))
    }

    fn cancel(&mut self, id: &str) -> Done {
        let over = |intent: &&mut Value| {
            !["succeeded", "canceled"].contains(&intent["status"].as_str().unwrap_or(""))
        };
        match self.intents.get_mut(id).filter(over) {
            Some(_) => (200, self.change(id, "canceled")),
            None => refused(400, "invalid_request_error", "payment_intent_unexpected_state"),
        }
    }

    fn refund(&mut self, form: &Form) -> Done {
        let id = form["payment_intent"].clone();
        let Some(intent) = self.intents.get(&id).filter(|intent| intent["status"] == "succeeded") else {
            return refused(400, "invalid_request_error", "charge_not_captured");
        };
        let received = intent["amount_received"].as_i64().expect("an amount");
        let before: i64 = self.refunded(&id);
        let amount =
            form.get("amount").map_or(received - before, |amount| amount.parse().expect("an amount"));
        if before + amount > received {
            return refused(400, "invalid_request_error", "charge_already_refunded");
        }
        let metadata: BTreeMap<&str, &String> = ["onsale_payment", "onsale_refund"]
            .into_iter()
            .filter_map(|name| Some((name, form.get(&format!("metadata[{name}]"))?)))
            .collect();
        let refund = json!({"id": format!("re_{}", self.refunds.len()), "payment_intent": id, "amount": amount,
            "status": "succeeded", "metadata": metadata});
        self.refunds.push(refund.clone());
        (200, refund)
    }

    fn refunded(&self, intent: &str) -> i64 {
        let of = self.refunds.iter().filter(|refund| refund["payment_intent"] == intent);
        of.filter_map(|refund| refund["amount"].as_i64()).sum()
    }

    /// Newest first, as Stripe does, two a page whatever is asked for.
    fn list(&self, form: &Form) -> Done {
        let mut all: Vec<Value> = self.intents.values().cloned().collect();
        all.sort_by_key(|intent| std::cmp::Reverse(intent["number"].as_u64()));
        for intent in &mut all {
            let refunded = self.refunded(intent["id"].as_str().expect("an id"));
            intent["latest_charge"] = json!({"id": "ch", "amount_refunded": refunded});
        }
        let after = form.get("starting_after");
        let from = after.and_then(|after| all.iter().position(|intent| intent["id"] == after.as_str()));
        let rest: Vec<Value> = all.split_off(from.map_or(0, |from| from + 1));
        let page: Vec<&Value> = rest.iter().take(2).collect();
        (200, json!({"data": page, "has_more": rest.len() > 2}))
    }

    fn search(&self, form: &Form) -> Done {
        let query = &form["query"];
        let quoted: Vec<&str> = query.split('\'').collect();
        let (payment, attempt) = (quoted[3], quoted[7]);
        let ours = |intent: &&Value| {
            intent["metadata"]["onsale_payment"] == payment && intent["metadata"]["onsale_attempt"] == attempt
        };
        let data: Vec<&Value> = self.intents.values().filter(ours).collect();
        (200, json!({"data": data, "has_more": false}))
    }
}
