//! Requests are made and handed out right.

use super::{Mix, Orders, Recipe};
use hyper::header::{AUTHORIZATION, HOST};
use std::collections::BTreeSet;

fn parties(count: usize) -> Vec<Vec<String>> {
    (0..count).map(|seat| vec![format!("tkt_{seat}")]).collect()
}

fn recipe(mix: Mix, keys: Option<&'static str>) -> Recipe<'static> {
    Recipe { mix, keys, batch: 4, seed: 1 }
}

fn orders(mix: Mix, keys: Option<&'static str>, count: usize) -> Orders {
    let none = Orders::none("127.0.0.1:1", &["one".to_owned(), "two".to_owned()]).unwrap();
    none.and(recipe(mix, keys).orders("evt_1", parties(count)).unwrap())
}

#[test]
fn every_seat_is_asked_for_once_in_an_order_of_its_own() {
    let made = recipe(Mix::Hold, Some("k")).orders("evt_1", parties(100)).unwrap();
    let bodies: Vec<&[u8]> = made.iter().map(|order| &order.body[..]).collect();
    let keys: BTreeSet<_> = made.iter().map(|order| order.key.clone().unwrap().as_bytes().to_vec()).collect();
    assert_eq!(bodies.iter().collect::<BTreeSet<_>>().len(), 100);
    assert_eq!(keys.len(), 100);
    assert!(!bodies.is_sorted(), "strangers do not come in the order of the seats");
    let again = recipe(Mix::Hold, Some("k")).orders("evt_1", parties(100)).unwrap();
    assert_eq!(bodies, again.iter().map(|order| &order.body[..]).collect::<Vec<_>>());
}

#[test]
fn a_batch_has_its_keys_inside_and_only_full_ones_are_made() {
    let made = recipe(Mix::Batch, Some("k")).orders("evt_1", parties(11)).unwrap();
    assert_eq!(made.len(), 2);
    assert!(made.iter().all(|order| order.key.is_none()));
    assert_eq!(made[0].path.path(), "/events/evt_1/holds/batch");
    assert!(String::from_utf8_lossy(&made[1].body).contains("k-evt_1-1-3"));
}

#[test]
fn a_request_carries_who_where_and_which_key() {
    let orders = orders(Mix::Hold, Some("k"), 3);
    let number = (0..2).filter_map(|_| orders.take()).last().unwrap();
    let request = orders.request(number);
    assert_eq!(request.headers()[AUTHORIZATION], "Bearer two");
    assert_eq!(request.headers()[HOST], "127.0.0.1:1");
    assert_eq!(request.headers()["idempotency-key"], "k-evt_1-1");
    assert_eq!(orders.confirming_key(number).unwrap(), "k-evt_1-1-pay");
    let keyless = super::super::orders::test::orders(Mix::Hold, None, 1);
    assert!(!keyless.request(0).headers().contains_key("idempotency-key"));
}

#[test]
fn orders_run_dry_unless_they_are_endless() {
    let first = orders(Mix::Hold, None, 3);
    assert_eq!((first.take(), first.take(), first.left()), (Some(0), Some(1), 1));
    let second = first.and(recipe(Mix::Hold, None).orders("evt_2", parties(1)).unwrap());
    assert_eq!((second.left(), second.take(), second.take(), second.take()), (2, Some(0), Some(1), None));
    let endless = second.endless_for("127.0.0.1:2").unwrap();
    assert_eq!((endless.take(), endless.take(), endless.take()), (Some(0), Some(1), Some(0)));
    assert_eq!(first.endless().left(), usize::MAX);
}
