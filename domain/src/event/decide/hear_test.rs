use crate::event::test::scene::*;
use crate::event::{
    BookingStatus, Command, Dispute, Outcome, PaymentOutcome, PaymentStatus, ProviderNews, Refusal, Reply,
    SeatStatus,
};
use crate::ids::BookingNumber;
use crate::money::Money;

fn hear(booking: BookingNumber, news: ProviderNews) -> Command {
    Command::HearProvider { booking, attempt: 0, reference: "pi_1".to_owned(), news }
}

fn euros(minor: i64) -> Money {
    Money { minor, currency: "EUR".parse().expect("three capital letters") }
}

#[test]
fn what_is_told_counts_as_the_answer_and_comes_twice_without_harm() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    let authorized = hear(number, ProviderNews::Authorized(euros(5_000)));
    for (at, key) in [key(1, 1), key(1, 1), key(2, 2)].into_iter().enumerate() {
        let told = scene.play(PAYMENT_WORKER, Some(key), &authorized).expect("it is right");
        assert_eq!(told.outcome, Outcome::Reply(Reply::Heard));
        assert_eq!(told.facts.iter().any(|fact| fact.booking().is_some()), at == 0, "{told:?}");
    }
    let sold = scene.sale().booking(number).expect("there is one");
    assert_eq!((sold.status, sold.payment.reference.as_deref()), (BookingStatus::Booked, Some("pi_1")));
    assert!(scene.settle(number, PaymentOutcome::AuthorizedAs("pi_1".into())).facts.is_empty());
    scene.tell(PAYMENT_WORKER, &hear(number, ProviderNews::Captured(euros(5_000)))).expect("it is right");
    let sold = scene.sale().booking(number).expect("there is one");
    assert_eq!(sold.payment.status, PaymentStatus::Captured);
    scene.assert_replays();
}

#[test]
fn another_amount_another_currency_or_another_attempt_does_not_count() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    let dollars = Money { minor: 5_000, currency: "USD".parse().expect("three capital letters") };
    for money in [euros(4_999), euros(5_001), dollars] {
        for news in [ProviderNews::Authorized(money), ProviderNews::Captured(money)] {
            assert!(matches!(scene.refused(PAYMENT_WORKER, &hear(number, news)), Refusal::Invalid { .. }));
        }
    }
    let news = ProviderNews::Authorized(euros(5_000));
    let other = Command::HearProvider { booking: number, attempt: 1, reference: "pi_2".into(), news };
    assert_eq!(scene.tell(PAYMENT_WORKER, &other), Ok(Outcome::Reply(Reply::Heard)));
    assert_eq!(scene.status(0), SeatStatus::Held);
    let never = hear(BookingNumber::new(9), ProviderNews::Cancelled);
    assert_eq!(scene.refused(PAYMENT_WORKER, &never), Refusal::NotFound);
}

#[test]
fn a_charge_that_was_cancelled_there_ends_what_rests_on_it() {
    let mut scene = Scene::new();
    let number = scene.pay(ANNA, &[0]);
    scene.settle(number, PaymentOutcome::Authorized);
    scene.tell(PAYMENT_WORKER, &hear(number, ProviderNews::Cancelled)).expect("it is right");
    let lost = scene.sale().booking(number).expect("there is one");
    assert_eq!((lost.status, lost.payment.status), (BookingStatus::Cancelled, PaymentStatus::Voided));
    assert_eq!(scene.status(0), SeatStatus::Available);
}

#[test]
fn a_dispute_is_kept_as_it_was_heard_of_last() {
    let mut scene = Scene::new();
    let number = scene.buy(ANNA, &[0]);
    let dispute = |status: &str| Dispute {
        id: "dp_1".to_owned(),
        amount_minor: 5_000,
        reason: "fraudulent".to_owned(),
        status: status.to_owned(),
    };
    for status in ["needs_response", "needs_response", "lost"] {
        let told = hear(number, ProviderNews::Disputed(dispute(status)));
        scene.tell(PAYMENT_WORKER, &told).expect("it is right");
    }
    let disputed = scene.sale().booking(number).expect("there is one");
    assert_eq!(disputed.payment.disputes, [dispute("lost")]);
    assert_eq!(disputed.status, BookingStatus::Booked, "who is right is not for us to say");
    scene.assert_replays();
}
