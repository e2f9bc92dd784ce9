//! What the Stripe of the tests knows, and what it does with a request.

use std::collections::{BTreeMap, VecDeque};

use hyper::Method;
use serde_json::{Value, json};

use super::Fault;

pub(super) type Form = BTreeMap<String, String>;
pub(super) type Done = (u16, Value);

#[derive(Default)]
pub(super) struct Books {
    pub(super) intents: BTreeMap<String, Value>,
    pub(super) refunds: Vec<Value>,
    /// By key: what was asked for, and what was answered.
    pub(super) answered: BTreeMap<String, (String, u16, Value)>,
    /// By the word in the path, what goes wrong with the next requests.
    pub(super) faults: VecDeque<(&'static str, Fault)>,
    pub(super) messages: Vec<Value>,
    counted: usize,
    told: usize,
}

impl Books {
    pub(super) fn fault(&mut self, request: &str) -> Option<Fault> {
        let at = self.faults.iter().position(|(word, _)| request.contains(word))?;
        self.faults.remove(at).map(|(_, fault)| fault)
    }

    /// Does a request once for each key.
    pub(super) fn keyed(&mut self, method: &Method, path: &str, form: &Form, key: Option<String>) -> Done {
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
    pub(super) fn change(&mut self, id: &str, status: &str) -> Value {
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

    pub(super) fn tell(&mut self, kind: &str, object: &Value) {
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

fn refused(status: u16, kind: &str, code: &str) -> Done {
    (status, json!({"error": {"type": kind, "code": code}}))
}
