//! ⑧ All bookings of one customer, wherever the sales are: those that this node has replicas of, and what other nodes tell.
//!
//! Owns the answer and the merge: of two replicas of a sale the one that has applied more counts.

use std::collections::BTreeMap;

use axum::body::Bytes;
use cluster::Cluster;
use cluster::peer::{CallError, Lane, Service};
use cluster::wire::{Counted, decode, encode};
use domain::event::Booking;
use domain::ids::{BookingNumber, EventId, UserId};
use serde::{Deserialize, Serialize};

use super::elsewhere;
use crate::http::App;
use crate::http::problem::Problem;

/// What it is asked as.
const BOOKINGS: Service = Service { name: "bookings", lane: Lane::Commands };
/// More bookings of one customer are not told of.
const MAX_BOOKINGS: usize = 20_000;

/// A booking, from one replica of its sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Own {
    pub(super) event: EventId,
    /// How many facts of the sale the replica has applied.
    facts: u64,
    pub(super) number: BookingNumber,
    pub(super) booking: Booking,
}

type Answer = Counted<Own, 0, MAX_BOOKINGS>;

/// The bookings of `user` on this node.
fn here(cluster: &Cluster, user: UserId) -> Vec<Own> {
    let mut own = Vec::new();
    cluster.for_each_sale(|event, sale| {
        let facts = sale.facts();
        own.extend(sale.bookings_of(user).map(|(number, booking)| Own {
            event,
            facts,
            number,
            booking: booking.clone(),
        }));
    });
    own
}

/// All bookings of `user`, newest first.
pub(super) async fn of(app: &App, user: UserId) -> Result<Vec<Own>, Problem> {
    app.dispatch.caught_up_with_all().await;
    let mut own = here(&app.cluster, user);
    own.extend(elsewhere::of::<Own, MAX_BOOKINGS>(app, BOOKINGS, user).await?);
    let mut own = merged(own);
    own.sort_by_key(|own| (std::cmp::Reverse(own.booking.created_at), own.event, own.number));
    Ok(own)
}

/// Each booking once, from the replica that has applied most.
fn merged(all: Vec<Own>) -> Vec<Own> {
    let mut merged = BTreeMap::<_, Own>::new();
    for own in all {
        let key = (own.event, own.number);
        if merged.get(&key).is_none_or(|known| known.facts < own.facts) {
            merged.insert(key, own);
        }
    }
    merged.into_values().collect()
}

/// Answers another node. Means of payment stay here.
///
/// # Errors
/// [`CallError::Declined`] where the question cannot be read or its answer is too long.
pub(crate) fn answer(app: &App, message: &Bytes) -> Result<Bytes, CallError> {
    let user = decode::<UserId>(message);
    let user = user.map_err(|error| CallError::Declined(format!("no customer: {error}")))?;
    let mut own = here(&app.cluster, user);
    let methods = own.iter_mut().filter_map(|own| own.booking.payment.method.as_mut());
    methods.for_each(|method| method.token.clear());
    let own = Answer::new(own).ok_or_else(|| CallError::Declined("too many bookings".to_owned()))?;
    Ok(encode(&own).into())
}

#[cfg(test)]
mod test {
    use domain::event::{BookingStatus, Payment, PaymentMethod, PaymentStatus};
    use domain::ids::HoldNumber;
    use domain::time::UnixMillis;

    use super::*;

    fn own(event: u64, facts: u64, number: u32) -> Own {
        let method = PaymentMethod { provider: "test".to_owned(), token: String::new() };
        let payment = Payment {
            method: Some(method),
            status: PaymentStatus::Captured,
            settle_by: UnixMillis::new(1),
            attempt: 0,
            reference: None,
            action: None,
            refunds_due_minor: Vec::new(),
            refunded_minor: 0,
            refunds: 0,
            void_due: false,
            disputes: Vec::new(),
            metadata: BTreeMap::new(),
        };
        let booking = Booking {
            buyer: UserId::new(1),
            holds: vec![HoldNumber::new(1)],
            tickets: Vec::new(),
            status: BookingStatus::Booked,
            payment,
            created_at: UnixMillis::new(1),
            booked_at: None,
            one_call: false,
            pays_later: false,
            contact: Vec::new(),
            owed: Vec::new(),
            charges: None,
        };
        Own { event: EventId::new(event), facts, number: BookingNumber::new(number), booking }
    }

    #[test]
    fn a_booking_that_two_nodes_tell_of_is_one_and_the_newer_word_counts() {
        let all = vec![own(1, 5, 0), own(1, 7, 0), own(1, 6, 0), own(1, 5, 1), own(2, 1, 0)];
        assert_eq!(merged(all), [own(1, 7, 0), own(1, 5, 1), own(2, 1, 0)]);
    }

    #[test]
    fn an_answer_comes_back_as_it_was() {
        let answer = Answer::new(vec![own(1, 5, 0)]).unwrap();
        assert_eq!(decode::<Answer>(&encode(&answer)).unwrap(), answer);
    }
}
