//! What is still to be told, and what could not be: the outboxes of all sales, for operators.
//!
//! Owns the question to the other nodes and the merge: each tells of the sales that it owns, so nothing is told twice.
//! Hazard: it lists the oldest and the newest only; a mail server that was down for a day leaves more than anyone reads.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use cluster::Cluster;
use cluster::peer::{CallError, Lane, Service};
use cluster::wire::{Counted, decode, encode};
use domain::event::{Channel, Delivery, GivenUp, Notice};
use domain::ids::{BookingId, DeliveryId, EventId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::auth::Operator;
use crate::http::cache::{self, Audience};
use crate::http::problem::Problem;
use crate::http::wire::{Id, Timestamp};

/// What the others are asked as.
const OUTBOX: Service = Service { name: "outbox", lane: Lane::Commands };
const PATIENCE: Duration = Duration::from_secs(2);
/// Deliveries that are listed, of each kind.
const LISTED: usize = 100;

/// The outboxes of some sales.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    /// The oldest.
    open: Counted<(DeliveryId, Delivery), 0, LISTED>,
    mails: u64,
    texts: u64,
    webhooks: u64,
    /// The newest.
    given_up: Counted<(EventId, GivenUp), 0, LISTED>,
    all_given_up: u64,
}

/// The outboxes of all sales.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Outbox)]
pub(super) struct OutboxBody {
    /// The oldest: `{id, eventId, channel, webhookId?, notice, bookingId?, since}`.
    #[schema(value_type = Vec<Object>)]
    open: Vec<Value>,
    open_total: Totals,
    /// The newest: the same, `at` and `reason`.
    #[schema(value_type = Vec<Object>)]
    given_up: Vec<Value>,
    given_up_total: u64,
}

/// How many there are of each kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OutboxTotals)]
struct Totals {
    mail: u64,
    sms: u64,
    webhook: u64,
}

impl OutboxBody {
    fn of(told: Told) -> Self {
        Self {
            open: told.open.into_vec().iter().map(|(id, delivery)| body(*id, delivery)).collect(),
            open_total: Totals { mail: told.mails, sms: told.texts, webhook: told.webhooks },
            given_up: told.given_up.into_vec().iter().map(given_up_body).collect(),
            given_up_total: told.all_given_up,
        }
    }
}

pub(super) async fn show(
    State(app): State<App>,
    _: Operator,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut all = vec![here(&app.cluster)];
    for (node, answer) in app.dispatch.ask_all(OUTBOX, Bytes::new(), PATIENCE).await {
        match decode::<Told>(&answer) {
            Ok(told) => all.push(told),
            Err(error) => tracing::warn!(from = node, %error, "an outbox could not be read"),
        }
    }
    cache::json(&headers, Audience::Private, &OutboxBody::of(merged(all)))
}

/// Answers another node.
pub(crate) fn answer(app: &App) -> Result<Bytes, CallError> {
    Ok(encode(&here(&app.cluster)).into())
}

/// Of the sales that this node owns.
fn here(cluster: &Cluster) -> Told {
    let mut open = Vec::new();
    let mut given_up = Vec::new();
    let mut told = Told::default();
    cluster.for_each_sale_owned(|event, sale| {
        for (number, delivery) in sale.outbox().open() {
            *match delivery.by {
                Channel::Mail => &mut told.mails,
                Channel::Sms => &mut told.texts,
                Channel::Webhook(_) => &mut told.webhooks,
            } += 1;
            open.push((DeliveryId::new(event, number), delivery.clone()));
            if open.len() > 2 * LISTED {
                keep_oldest(&mut open);
            }
        }
        given_up.extend(sale.outbox().given_up().map(|given_up| (event, given_up.clone())));
        keep_newest(&mut given_up);
        told.all_given_up += sale.outbox().all_given_up();
    });
    keep_oldest(&mut open);
    told.open = Counted::new(open).unwrap_or_default();
    told.given_up = Counted::new(given_up).unwrap_or_default();
    told
}

fn merged(all: Vec<Told>) -> Told {
    let (mut open, mut given_up) = (Vec::new(), Vec::new());
    let mut merged = Told::default();
    for told in all {
        open.extend(told.open.into_vec());
        given_up.extend(told.given_up.into_vec());
        merged.mails += told.mails;
        merged.texts += told.texts;
        merged.webhooks += told.webhooks;
        merged.all_given_up += told.all_given_up;
    }
    keep_oldest(&mut open);
    keep_newest(&mut given_up);
    merged.open = Counted::new(open).unwrap_or_default();
    merged.given_up = Counted::new(given_up).unwrap_or_default();
    merged
}

fn keep_oldest(open: &mut Vec<(DeliveryId, Delivery)>) {
    open.sort_by_key(|(id, delivery)| (delivery.since, *id));
    open.truncate(LISTED);
}

fn keep_newest(given_up: &mut Vec<(EventId, GivenUp)>) {
    given_up.sort_by_key(|(event, given_up)| (std::cmp::Reverse(given_up.at), *event, given_up.number));
    given_up.truncate(LISTED);
}

fn given_up_body((event, given_up): &(EventId, GivenUp)) -> Value {
    let mut body = body(DeliveryId::new(*event, given_up.number), &given_up.delivery);
    body["at"] = json!(Timestamp(given_up.at));
    body["reason"] = json!(given_up.why);
    body
}

fn body(id: DeliveryId, delivery: &Delivery) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| drop(body.insert(name.to_owned(), value));
    put("id", json!(Id(id)));
    put("eventId", json!(Id(id.event)));
    put("channel", json!(delivery.by.kind()));
    if let Channel::Webhook(endpoint) = delivery.by {
        put("webhookId", json!(Id(endpoint)));
    }
    put("notice", json!(name(&delivery.notice)));
    if let Some(booking) = delivery.notice.booking() {
        put("bookingId", json!(Id(BookingId::new(id.event, booking))));
    }
    put("since", json!(Timestamp(delivery.since)));
    Value::Object(body)
}

fn name(notice: &Notice) -> &'static str {
    match notice {
        Notice::BookingConfirmed { .. } => "booking-confirmed",
        Notice::TicketsCancelled { .. } => "tickets-cancelled",
        Notice::RefundPaid { .. } => "refund-paid",
        Notice::EventCancelled => "event-cancelled",
        Notice::TicketMoved { .. } => "ticket-moved",
    }
}

#[cfg(test)]
mod test {
    use domain::ids::{BookingNumber, DeliveryNumber};
    use domain::time::UnixMillis;

    use super::*;

    fn told(from: u32) -> Told {
        let notice = Notice::BookingConfirmed { booking: BookingNumber::new(1) };
        let delivery = |at: u32| Delivery {
            notice: notice.clone(),
            by: Channel::Mail,
            since: UnixMillis::new(u64::from(at)),
        };
        let event = EventId::new(u64::from(from));
        let open =
            (from..from + 80).map(|at| (DeliveryId::new(event, DeliveryNumber::new(at)), delivery(at)));
        let given_up = (from..from + 80).map(|at| {
            let why = "busy".to_owned();
            let number = DeliveryNumber::new(at);
            (event, GivenUp { number, delivery: delivery(at), at: UnixMillis::new(u64::from(at)), why })
        });
        Told {
            open: Counted::new(open.collect()).unwrap(),
            given_up: Counted::new(given_up.collect()).unwrap(),
            mails: 80,
            all_given_up: 80,
            ..Told::default()
        }
    }

    #[test]
    fn all_are_counted_and_the_oldest_open_and_the_newest_given_up_are_listed() {
        let merged = merged(vec![told(0), told(100)]);
        assert_eq!((merged.mails, merged.all_given_up), (160, 160));
        let (open, given_up) = (merged.open.into_vec(), merged.given_up.into_vec());
        assert_eq!((open.len(), given_up.len()), (LISTED, LISTED));
        assert_eq!((open[0].1.since.millis(), open[99].1.since.millis()), (0, 119));
        assert_eq!((given_up[0].1.at.millis(), given_up[99].1.at.millis()), (179, 60));
    }

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let told = told(7);
        let read = decode::<Told>(&encode(&told)).unwrap();
        assert_eq!(read.open.into_vec(), told.open.into_vec());
    }
}
