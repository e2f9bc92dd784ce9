use super::*;

fn ours(status: &str, captured: i64, refunded: i64) -> PaymentRow {
    PaymentRow {
        payment_id: "pay_1".to_owned(),
        number: 1,
        provider: Some("stripe".to_owned()),
        reference: Some("pi_1".to_owned()),
        attempt: 0,
        status: status.to_owned(),
        captured,
        refunded,
        disputed: false,
        open: false,
    }
}

fn theirs(status: &str, captured: i64, refunded: i64) -> PaymentRecordBody {
    PaymentRecordBody {
        payment_id: "pay_1".to_owned(),
        attempt: 0,
        reference: "pi_1".to_owned(),
        status: status.to_owned(),
        captured,
        refunded,
        currency: "EUR".to_owned(),
    }
}

fn compared(ours: Option<&PaymentRow>, theirs: Vec<PaymentRecordBody>) -> Found {
    let mut ledger = Ledger::default();
    ledger.speaks_to("stripe");
    theirs.into_iter().for_each(|record| ledger.theirs("stripe", record));
    ledger.open_event("evt_1", "EUR");
    ours.into_iter().for_each(|ours| ledger.ours("evt_1", ours));
    ledger.close()
}

fn words(found: &Found) -> Vec<&str> {
    found.differences.iter().map(|difference| difference.what).collect()
}

#[test]
fn what_fits_has_sums_and_no_differences() {
    let found = compared(
        Some(&ours("captured", 500, 200)),
        vec![theirs("succeeded", 500, 200), theirs("canceled", 0, 0)],
    );
    assert_eq!(words(&found), [""; 0]);
    let sums = &found.events[0];
    assert_eq!((sums.payments, sums.captured, sums.refunded, sums.kept), (1, 500, 200, 300));
    let taken_past_us = compared(Some(&ours("voided", 0, 0)), vec![theirs("succeeded", 500, 500)]);
    assert_eq!(words(&taken_past_us), [""; 0], "it has been given back");
    let declined = compared(Some(&ours("declined", 0, 0)), vec![theirs("canceled", 0, 0)]);
    assert_eq!(words(&declined), [""; 0]);
}

#[test]
fn every_kind_of_difference_is_found() {
    for (ours, theirs, what) in [
        (Some(ours("captured", 500, 0)), vec![], "captured"),
        (Some(ours("captured", 500, 0)), vec![theirs("requires_capture", 0, 0)], "set aside"),
        (Some(ours("voided", 0, 0)), vec![theirs("succeeded", 500, 0)], "captured"),
        (Some(ours("captured", 500, 0)), vec![theirs("succeeded", 500, 100)], "refunded"),
        (
            Some(ours("captured", 500, 0)),
            vec![PaymentRecordBody { currency: "USD".to_owned(), ..theirs("succeeded", 500, 0) }],
            "currency",
        ),
        (None, vec![theirs("succeeded", 500, 0)], "payment"),
        (None, vec![theirs("requires_capture", 0, 0)], "payment"),
    ] {
        let found = compared(ours.as_ref(), theirs);
        assert!(words(&found).contains(&what), "{found:?}");
    }
}

#[test]
fn what_is_under_way_or_without_records_is_not_compared() {
    let open = PaymentRow { open: true, ..ours("authorized", 0, 0) };
    let found = compared(Some(&open), vec![theirs("succeeded", 500, 0)]);
    assert_eq!((words(&found), found.events[0].open), (vec![], 1));
    let test = PaymentRow { provider: Some("test".to_owned()), ..ours("captured", 500, 0) };
    assert_eq!(compared(Some(&test), vec![]).not_compared, 1);
    let mut nobody = Ledger::default();
    nobody.open_event("evt_1", "EUR");
    nobody.ours("evt_1", &ours("captured", 500, 0));
    assert_eq!(words(&nobody.close()), ["provider"], "nobody says whether that was taken");
}
