//! An event that is on sale, made through the front door.

use serde_json::{Value, json};

use super::{Answer, Client, Node};

/// An event and its tickets.
pub struct Sale {
    pub event: String,
    pub tickets: Vec<String>,
}

impl Sale {
    /// One row of `seats` seats at 25.00 EUR, with `extra` members of the event.
    pub fn open(node: &Node, seats: u32, extra: &Value) -> Self {
        Self::open_as(&node.operator(), seats, extra)
    }

    /// The same by another organizer.
    pub fn open_as(organizer: &Client, seats: u32, extra: &Value) -> Self {
        let venue = json!({
            "name": "Cellar Club", "address": "1 Market Square", "city": "Berlin", "country": "DE",
            "location": {"lat": 52.52, "lon": 13.405}, "timezone": "Europe/Berlin",
            "seatMap": {"sections": [{"name": "A", "category": "floor", "rows": [{"name": "1", "seats": seats}]}]},
        });
        let venue = organizer.post("/venues", &venue).expect(201);
        let performer = json!({"name": "Velvet Foxes", "genre": "rock", "bio": "Four of them."});
        let performer = organizer.post("/performers", &performer).expect(201);
        let mut event = json!({
            "name": "Velvet Foxes live", "description": "One night only.", "type": "concert",
            "performerIds": [performer["id"]], "venueId": venue["id"],
            "startsAt": "2099-05-01T19:30:00.000Z", "currency": "EUR", "prices": {"floor": 2500},
        });
        for (name, value) in extra.as_object().expect("members") {
            event[name] = value.clone();
        }
        let event = organizer.post("/events", &event).expect(201);
        let event = event["id"].as_str().expect("an id").to_owned();
        let tickets = tickets(organizer, &event).iter().map(|ticket| text(&ticket["id"])).collect();
        Self { event, tickets }
    }

    pub fn hold(&self, buyer: &Client, seats: &[usize]) -> Answer {
        self.hold_with(buyer, seats, &json!({}))
    }

    /// A hold with more members than its tickets.
    pub fn hold_with(&self, buyer: &Client, seats: &[usize], extra: &Value) -> Answer {
        let mut body = json!({"ticketIds": self.ids(seats)});
        for (name, value) in extra.as_object().expect("members") {
            body[name] = value.clone();
        }
        buyer.post(&format!("/events/{}/holds", self.event), &body)
    }

    pub fn ids(&self, seats: &[usize]) -> Vec<&str> {
        seats.iter().map(|seat| self.tickets[*seat].as_str()).collect()
    }

    /// The status of a seat as `client` sees it.
    pub fn status(&self, client: &Client, seat: usize) -> String {
        text(&tickets(client, &self.event)[seat]["status"])
    }
}

/// Pays a hold with this token of the test provider.
pub fn tokens(token: &str) -> Value {
    json!({"provider": "test", "token": token})
}

fn tickets(client: &Client, event: &str) -> Vec<Value> {
    let seats = client.get(&format!("/events/{event}/seats")).expect(200);
    seats["seats"].as_array().expect("seats").clone()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
