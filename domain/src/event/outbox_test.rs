use super::super::test::scene::*;
use super::*;
use crate::event::PaymentOutcome;

const ENDPOINT: Channel = Channel::Webhook(EndpointId::new(4));

/// Plays what an owner does after each fact.
fn tell(scene: &mut Scene, ways: &[Channel]) {
    let last = scene.facts.last().expect("there is one").fact.clone();
    if let Some(due) = due(scene.sale(), &last, |_| ways.to_vec()) {
        scene.happen(due);
    }
}

fn booked(ways: &[Channel]) -> Scene {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    scene.settle(number, PaymentOutcome::Authorized);
    tell(&mut scene, ways);
    scene
}

fn open(scene: &Scene) -> Vec<(u32, Channel)> {
    scene.sale().outbox().open().map(|(number, delivery)| (number.number(), delivery.by)).collect()
}

fn end(scene: &mut Scene, number: u32, how: Ended) {
    let fact = ended(scene.sale(), DeliveryNumber::new(number), how).expect("it is open");
    scene.happen(fact);
}

#[test]
fn whoever_tells_nobody_has_nothing_more_to_journal() {
    let scene = booked(&[]);
    assert!(scene.facts.iter().all(|stamped| !matches!(stamped.fact, Fact::DeliveriesDue { .. })));
    assert!(!scene.sale().is_busy() || scene.sale().working().next().is_some());
}

#[test]
fn each_channel_has_a_delivery_of_its_own() {
    let mut scene = booked(&[Channel::Mail, ENDPOINT]);
    assert_eq!(open(&scene), [(0, Channel::Mail), (1, ENDPOINT)]);
    let delivery = scene.sale().outbox().get(DeliveryNumber::new(1)).expect("it is open");
    assert_eq!(delivery.notice, Notice::BookingConfirmed { booking: BookingNumber::new(0) });
    assert_eq!(delivery.since, scene.now);

    end(&mut scene, 0, Ended::Sent);
    assert_eq!(open(&scene), [(1, ENDPOINT)]);
    assert_eq!(ended(scene.sale(), DeliveryNumber::new(0), Ended::Sent), None, "it has ended before");
    end(&mut scene, 1, Ended::NobodyThere);
    assert_eq!(scene.sale().outbox().all_given_up(), 0);
    scene.assert_replays();
}

#[test]
fn a_number_is_never_given_twice() {
    let mut scene = booked(&[Channel::Mail]);
    end(&mut scene, 0, Ended::Sent);
    let number = scene.pay(BEN, &[1]);
    scene.settle(number, PaymentOutcome::Authorized);
    tell(&mut scene, &[Channel::Mail, Channel::Sms]);
    assert_eq!(open(&scene), [(1, Channel::Mail), (2, Channel::Sms)]);
}

#[test]
fn what_was_given_up_is_remembered_with_its_reason_and_only_the_newest_are() {
    let mut scene = booked(&[Channel::Mail; MOST_GIVEN_UP + 1]);
    for number in 0..=MOST_GIVEN_UP {
        end(&mut scene, number as u32, Ended::GivenUp("é".repeat(1_000)));
    }
    let outbox = scene.sale().outbox();
    assert_eq!(outbox.all_given_up(), MOST_GIVEN_UP as u64 + 1);
    let first = outbox.given_up().next().expect("they are remembered");
    assert_eq!((first.number, first.why.chars().count()), (DeliveryNumber::new(1), MOST_WORDS));
    assert_eq!(outbox.given_up().len(), MOST_GIVEN_UP);
}

#[test]
fn the_oldest_of_too_many_are_given_up() {
    let mut outbox = Outbox::default();
    let notice = Notice::BookingConfirmed { booking: BookingNumber::new(0) };
    outbox.put(START, DeliveryNumber::new(0), &notice, &[Channel::Mail; MOST_OPEN]);
    outbox.put(START, DeliveryNumber::new(MOST_OPEN as u32), &notice, &[Channel::Mail]);
    assert_eq!((outbox.open().len(), outbox.all_given_up()), (MOST_OPEN, 1));
    assert_eq!(outbox.open().next().expect("it is open").0, DeliveryNumber::new(1));
    assert!(outbox.is_sound());
}

#[test]
fn only_what_buyers_and_organizers_care_for_is_told() {
    let mut scene = booked(&[]);
    let number = BookingNumber::new(0);
    let told = |scene: &Scene| Notice::of(scene.sale(), &scene.facts.last().expect("there is one").fact);
    assert_eq!(told(&scene), Some(Notice::BookingConfirmed { booking: number }));
    scene.settle(number, PaymentOutcome::Captured);
    assert_eq!(told(&scene), None);
    let cancel = crate::event::Command::Cancel { booking: number, seats: None };
    scene.play(ANNA, None, &cancel).expect("it may be cancelled");
    let (seats, refund_minor) =
        (vec![SeatIndex::new(0)], scene.sale().terms().cancellation.refund_minor(5_000));
    assert_eq!(told(&scene), Some(Notice::TicketsCancelled { booking: number, seats, refund_minor }));
    scene.settle(number, PaymentOutcome::Refunded { amount_minor: refund_minor, attempt: 0 });
    assert_eq!(told(&scene), Some(Notice::RefundPaid { booking: number, amount_minor: refund_minor }));
}
