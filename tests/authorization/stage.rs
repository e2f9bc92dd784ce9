//! The cluster, the people, what is theirs, and the calls of the document filled in with it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::support::{Answer, Client, Cluster, PASSWORD, Sale, eventually, tokens};
use crate::expected::rank;

const GATEWAY: u32 = 4;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Nobody,
    /// The customer whose everything is.
    Ann,
    /// Another one.
    Ben,
    /// The organizer of the event.
    Olga,
    /// Another one.
    Otto,
    Operator,
}

impl Who {
    pub(crate) const ALL: [Self; 6] =
        [Self::Nobody, Self::Ann, Self::Ben, Self::Olga, Self::Otto, Self::Operator];

    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Nobody => 0,
            Self::Ann | Self::Ben => rank("customer"),
            Self::Olga | Self::Otto => rank("organizer"),
            Self::Operator => rank("operator"),
        }
    }
}

/// What a path is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Venue,
    Performer,
    Event,
    Hold,
    Booking,
    Payment,
}

/// A call of the document.
pub(crate) struct Call {
    method: String,
    template: String,
    path: String,
    role: Option<String>,
    admin: bool,
    kind: Option<Kind>,
    takes_body: bool,
    body: Option<Value>,
    /// Everything in its path is there.
    filled: bool,
}

impl Call {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }

    pub(crate) fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// Whether its body is none that could be good: then it may be refused for that, whatever it is about.
    pub(crate) fn is_bodiless(&self) -> bool {
        self.takes_body && self.body.is_none()
    }

    /// What is not there is 404 to everybody, before anything else is looked at.
    pub(crate) fn is_filled(&self) -> bool {
        self.filled
    }

    /// Whether who may read it has to find it.
    pub(crate) fn is_there(&self) -> bool {
        self.method == "GET" && self.filled && !self.admin
    }

    pub(crate) fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// Whether it would change something for somebody who may: a body that is no good keeps most from it.
    pub(crate) fn does_something(&self) -> bool {
        self.method != "GET" && (self.admin || !self.takes_body || self.body.is_some())
    }

    pub(crate) fn ask(&self, client: &Client) -> Answer {
        let json = [("content-type", "application/json")];
        match &self.body {
            Some(body) => client.send(&self.method, &self.path, &json, Some(body.to_string().as_bytes())),
            None if self.takes_body => client.send(&self.method, &self.path, &json, Some(b"[]")),
            None => client.send(&self.method, &self.path, &[], None),
        }
    }
}

/// Everything that is asked about, and whoever asks.
pub(crate) struct Stage {
    cluster: Cluster,
    people: BTreeMap<Who, Client>,
    ids: BTreeMap<&'static str, String>,
    owner: u32,
    document: Value,
}

impl Stage {
    /// Ann has bought a ticket from Olga and holds another one.
    pub(crate) fn set() -> Self {
        let mut cluster = Cluster::of(3);
        cluster.join_gateway(GATEWAY);
        let operator = cluster.operator(1);
        let mut people = BTreeMap::from([(Who::Operator, operator.clone())]);
        for (who, name) in [(Who::Ann, "ann"), (Who::Ben, "ben"), (Who::Olga, "olga"), (Who::Otto, "otto")] {
            people.insert(who, cluster.client(1).sign_up(name));
        }
        let mut ids = BTreeMap::new();
        for (who, name) in [(Who::Olga, "olga"), (Who::Otto, "otto"), (Who::Ann, "ann")] {
            let login = json!({"username": name, "password": "correct horse"});
            let user = cluster.client(1).post("/users/login", &login).expect(200)["user"]["id"].clone();
            let user = user.as_str().expect("an id").to_owned();
            if who != Who::Ann {
                operator.put(&format!("/users/{user}/role"), &json!({"role": "organizer"})).expect(200);
            }
            ids.insert("usr", user);
        }
        let sale = Sale::open_as(&people[&Who::Olga], 8, &json!({}));
        let ann = &people[&Who::Ann];
        let pay = json!({"ticketIds": sale.ids(&[0]), "paymentDetails": tokens("tok_visa")});
        let booking = ann.post(&format!("/bookings/{}", sale.event), &pay).expect(201);
        let hold = sale.hold(ann, &[1]).expect(201);
        let event = ann.get(&format!("/events/{}?tickets=false", sale.event)).expect(200);
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        ids.extend([
            ("evt", sale.event.clone()),
            ("ven", text(&event["venueId"])),
            ("prf", text(&event["performerIds"][0])),
            ("hld", text(&hold["id"])),
            ("bkg", text(&booking["id"])),
            ("pay", text(&booking["payment"]["id"])),
            ("tkt", sale.tickets[0].clone()),
            ("held tkt", sale.tickets[1].clone()),
        ]);
        let known =
            || (cluster.client(GATEWAY).get(&format!("/events/{}", sale.event)).status == 200).then_some(());
        eventually("the gateway knows the event", std::time::Duration::from_secs(10), known);
        let owner = cluster.owner();
        let document = cluster.client(GATEWAY).get("/openapi.json").expect(200);
        Self { cluster, people, ids, owner, document }
    }

    pub(crate) fn node(&self, number: u32) -> Client {
        self.cluster.client(number)
    }

    pub(crate) fn gateway(&self) -> Client {
        self.cluster.client(GATEWAY)
    }

    /// `who` at the listener of `target`.
    pub(crate) fn by(&self, who: Who, target: &Client) -> Client {
        self.people.get(&who).map_or_else(|| target.clone(), |client| client.at(target))
    }

    /// Where a call can be asked.
    pub(crate) fn targets(&self, call: &Call) -> [(&'static str, Client); 3] {
        let forwarding = self.cluster.other_than(self.owner);
        let listener = |number: u32| {
            if call.admin { self.cluster.node(number).admin() } else { self.cluster.client(number) }
        };
        let places = [("the owner", self.owner), ("a forwarding node", forwarding), ("the gateway", GATEWAY)];
        places.map(|(place, number)| (place, listener(number)))
    }

    /// Every call of the document, with the ids of what is Ann's or Olga's in its path.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let paths = self.document["paths"].as_object().expect("paths");
        let operations = paths.iter().flat_map(|(path, item)| {
            let item = item.as_object().expect("an item");
            let operations = item.iter().filter(|(name, _)| *name != "servers");
            let admin = item.contains_key("servers");
            operations.map(move |(method, operation)| (path, method.to_uppercase(), operation, admin))
        });
        operations.map(|(path, method, operation, admin)| self.call(path, method, operation, admin)).collect()
    }

    fn call(&self, template: &str, method: String, operation: &Value, admin: bool) -> Call {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let mut path = template.to_owned();
        let (mut kind, mut filled) = (None, true);
        for parameter in parameters.filter(|parameter| parameter["in"] == "path") {
            let prefix = parameter["schema"]["pattern"].as_str().and_then(|pattern| pattern.get(1..4));
            // The one call whose booking is an event.
            let prefix = if method == "POST" && template == "/bookings/{id}" { Some("evt") } else { prefix };
            let id = prefix.and_then(|prefix| self.ids.get(prefix)).map_or("1", String::as_str);
            let id =
                if template.starts_with("/assets/") && parameter["name"] == "name" { "app.js" } else { id };
            filled &= prefix.is_none_or(|prefix| self.ids.contains_key(prefix));
            path = path.replace(&format!("{{{}}}", parameter["name"].as_str().expect("a name")), id);
            kind = kind.or_else(|| prefix.and_then(kind_of));
        }
        let role = operation["x-role"].as_str().map(str::to_owned);
        let takes_body = operation.get("requestBody").is_some();
        let body = self.body(&format!("{method} {template}"));
        Call { method, template: template.to_owned(), path, role, admin, kind, takes_body, body, filled }
    }

    /// The calls whose thing is in the body.
    fn body(&self, name: &str) -> Option<Value> {
        let (hold, booking, ticket) = (&self.ids["hld"], &self.ids["bkg"], &self.ids["held tkt"]);
        match name {
            "POST /bookings" => Some(json!({"holdId": hold, "payment": tokens("tok_visa")})),
            "POST /payments" => Some(json!({"bookingId": booking, "payment": tokens("tok_visa")})),
            "PUT /booking/confirm" => Some(json!({"ticketId": ticket, "payment": tokens("tok_visa")})),
            "POST /holds/{id}/extend" => Some(json!({"ttlSeconds": 60})),
            "PATCH /holds/{id}" => Some(json!({"remove": [ticket]})),
            "PUT /users/{id}" => Some(json!({"name": "Eve"})),
            "PUT /bookings/{id}" => Some(json!({"contact": {"name": "Eve", "email": "eve@example.com"}})),
            "PUT /payments/{id}" => Some(json!({"metadata": {"a": "b"}})),
            "PUT /venues/{id}" | "PUT /performers/{id}" | "PUT /events/{id}" => Some(json!({})),
            "POST /events/{id}/seats/block"
            | "POST /events/{id}/seats/unblock"
            | "POST /events/{id}/seats/kill"
            | "POST /events/{id}/seats/restore" => Some(json!({"ticketIds": [ticket]})),
            "POST /events/{id}/seats/comp" => Some(json!({"ticketIds": [ticket], "userId": self.ids["usr"]})),
            "POST /bookings/{id}/tickets/{ticketId}/move" => Some(json!({"to": ticket})),
            "POST /users/login" => Some(json!({"username": "operator", "password": PASSWORD})),
            _ => None,
        }
    }
}

fn kind_of(prefix: &str) -> Option<Kind> {
    match prefix {
        "usr" => Some(Kind::User),
        "ven" => Some(Kind::Venue),
        "prf" => Some(Kind::Performer),
        "evt" => Some(Kind::Event),
        "hld" => Some(Kind::Hold),
        "bkg" => Some(Kind::Booking),
        "pay" => Some(Kind::Payment),
        _ => None,
    }
}
