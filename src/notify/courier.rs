//! ⑧ The courier of this node: knows by which channels something is told, and puts each delivery into the hands of the
//! one that carries it.
//!
//! Owns nothing that must last: what is open is in the outbox of each sale. Hazard: whatever it sends may go out twice,
//! so everything carries the delivery's id.

use std::sync::Arc;

use cluster::Cluster;
use domain::account::Person;
use domain::event::{Booking, Channel, Delivery, Notice};
use domain::ids::{DeliveryId, EndpointId, EventId};
use domain::ports::{BoxFuture, Clock, Courier, Delivered, Errand, Mailer, Persistence, SendFault};

use super::people;
use super::show::Show;
use super::sms::Sms;
use super::webhook::{self, Answered, Webhooks};
use super::words::Words;
use crate::people::People;

type Outcome = Result<Delivered, SendFault>;

/// Whom the courier hands over to.
pub struct Carriers {
    /// Mails; `None`: not sent.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Text messages; `None`: not sent.
    pub sms: Option<Sms>,
    /// Webhooks.
    pub webhooks: Webhooks,
}

/// This node's courier; clones are the same.
#[derive(Clone)]
pub struct NodeCourier {
    cluster: Arc<Cluster>,
    people: People,
    clock: Arc<dyn Clock>,
    carriers: Arc<Carriers>,
    persistence: Persistence,
}

impl NodeCourier {
    /// For the events of `cluster`.
    #[must_use]
    pub fn new(
        cluster: Arc<Cluster>,
        people: People,
        clock: Arc<dyn Clock>,
        carriers: Arc<Carriers>,
        persistence: Persistence,
    ) -> Self {
        Self { cluster, people, clock, carriers, persistence }
    }

    async fn run(self, errand: Errand) -> Outcome {
        let Errand { id, delivery, booking } = errand;
        let show = Show::of(&self.cluster, id.event);
        let show = show.ok_or_else(|| SendFault::Later("the event is not in the catalogue".into()))?;
        match delivery.by {
            Channel::Webhook(endpoint) => {
                self.webhook(id, &delivery, &show, booking.as_deref(), endpoint).await
            }
            Channel::Mail | Channel::Sms => match booking {
                Some(booking) => self.person(id, &delivery, &show, &booking).await,
                None => Ok(Delivered::NobodyThere),
            },
        }
    }

    /// Tells the buyer, or whom they have named instead.
    async fn person(&self, id: DeliveryId, delivery: &Delivery, show: &Show, booking: &Booking) -> Outcome {
        let person = people::find(&self.cluster, &self.people, booking.buyer).await?;
        let Some(mut person) = person else { return Ok(Delivered::NobodyThere) };
        let unread = |_| SendFault::Later("the accounts cannot be read".to_owned());
        if let Some(contact) = self.people.contact(booking).map_err(unread)? {
            person = Person { name: contact.name, email: Some(contact.email), ..person };
        }
        let words = Words { id, notice: &delivery.notice, booking, show };
        if delivery.by == Channel::Mail {
            self.mail(&words, &person).await
        } else {
            self.text(&words, &person).await
        }
    }

    async fn mail(&self, words: &Words<'_>, person: &Person) -> Outcome {
        let mail = person.email.as_ref().and_then(|address| words.mail(person, address));
        match (&self.carriers.mailer, mail) {
            (Some(mailer), Some(mail)) => mailer.send(mail).await.map(|()| Delivered::Sent),
            _ => Ok(Delivered::NobodyThere),
        }
    }

    async fn text(&self, words: &Words<'_>, person: &Person) -> Outcome {
        match (&self.carriers.sms, &person.phone, words.text()) {
            (Some(sms), Some(phone), Some(text)) => {
                sms.send(phone, &text, &words.id.to_string()).await.map(|()| Delivered::Sent)
            }
            _ => Ok(Delivered::NobodyThere),
        }
    }

    async fn webhook(
        &self,
        id: DeliveryId,
        delivery: &Delivery,
        show: &Show,
        booking: Option<&Booking>,
        endpoint: EndpointId,
    ) -> Outcome {
        let known =
            self.cluster.with_catalogue(|catalogue| catalogue.endpoint(show.organizer, endpoint).cloned());
        let Some(endpoint) = known.filter(|endpoint| endpoint.gone_at.is_none()) else {
            return Ok(Delivered::NobodyThere);
        };
        if !people::organizes(&self.cluster, &self.people, endpoint.organizer).await? {
            return Ok(Delivered::NobodyThere);
        }
        let body = webhook::write(id.event, delivery, show, booking);
        let now = self.clock.read().wall;
        match self.carriers.webhooks.send(&endpoint, &id.to_string(), now, body).await? {
            Answered::Taken => Ok(Delivered::Sent),
            Answered::Gone => {
                tracing::info!(endpoint = %endpoint.id, "an endpoint has answered 410 and is told nothing more");
                webhook::end(&self.cluster, &endpoint, now).await.map(|()| Delivered::NobodyThere)
            }
        }
    }
}

impl Courier for NodeCourier {
    fn ways(&self, event: EventId, notice: &Notice) -> Vec<Channel> {
        let kind = webhook::kind_of(notice);
        let mut ways = self.cluster.with_catalogue(|catalogue| {
            let Some(event) = catalogue.event(event) else { return Vec::new() };
            let told =
                catalogue.endpoints_of(event.terms.organizer).filter(|endpoint| endpoint.hears_of(kind));
            told.map(|endpoint| Channel::Webhook(endpoint.id)).collect::<Vec<_>>()
        });
        if self.carriers.mailer.is_some() && notice.booking().is_some() {
            ways.push(Channel::Mail);
        }
        if self.carriers.sms.is_some() && worth_a_text(notice) {
            ways.push(Channel::Sms);
        }
        ways
    }

    fn persistence(&self) -> Persistence {
        self.persistence
    }

    fn deliver(&self, errand: Errand) -> BoxFuture<Outcome> {
        Box::pin(self.clone().run(errand))
    }
}

/// A text message is for what changes the evening.
fn worth_a_text(notice: &Notice) -> bool {
    matches!(notice, Notice::BookingConfirmed { .. } | Notice::TicketsCancelled { .. })
}
