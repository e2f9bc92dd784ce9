use super::*;

const NOW: UnixMillis = UnixMillis::new(1_800_000_000_500);
const BODY: &[u8] = br#"{"id":"evt_1"}"#;

fn secret() -> Secret {
    Secret::new("whsec_of_the_test".to_owned())
}

fn signature(secret: &str, time: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn header(secret: &str, time: &str) -> String {
    format!("t={time},v1={}", signature(secret, time, BODY))
}

#[test]
fn a_signature_over_time_and_body_is_right() {
    let right = header("whsec_of_the_test", "1800000000");
    assert_eq!(verify(&secret(), right.as_bytes(), BODY, NOW), Ok(()));
    let rotated = format!("t=1800000000,v1={},v0=00,{}", "ab".repeat(32), right.split_once(',').unwrap().1);
    assert_eq!(verify(&secret(), rotated.as_bytes(), BODY, NOW), Ok(()));
    for edge in ["1799999701", "1800000300"] {
        assert_eq!(
            verify(&secret(), header("whsec_of_the_test", edge).as_bytes(), BODY, NOW),
            Ok(()),
            "{edge}"
        );
    }
}

#[test]
fn whatever_is_not_from_stripe_or_not_new_is_refused() {
    let right = header("whsec_of_the_test", "1800000000");
    let cases = [
        (header("another secret", "1800000000"), BODY),
        (right.clone(), br#"{"id":"evt_2"}"#.as_slice()),
        (right.replace("t=1800000000", "t=1800000001"), BODY),
        (header("whsec_of_the_test", "1799999700"), BODY),
        (header("whsec_of_the_test", "1800000302"), BODY),
        (header("whsec_of_the_test", "99999999999999999999999"), BODY),
        (right.replace("v1=", "v0="), BODY),
        (right.replace("v1=", "v1=zz"), BODY),
        ("t=1800000000,v1=".to_owned(), BODY),
        ("t=1800000000,v1=é".to_owned(), BODY),
        (String::new(), BODY),
        ("v1=00".to_owned(), BODY),
    ];
    for (header, body) in cases {
        let told = verify(&secret(), header.as_bytes(), body, NOW);
        assert_eq!(told, Err(WebhookFault::Signature), "{header}");
    }
    assert_eq!(verify(&secret(), &[0xff, b'='], BODY, NOW), Err(WebhookFault::Signature));
}

fn intent(status: &str, more: &str) -> Value {
    let json = format!(
        r#"{{"id":"pi_1","status":"{status}","amount":5000,"amount_received":5000,"currency":"eur",
        "metadata":{{"onsale_payment":"pay_00000000000010","onsale_attempt":"2"{more}}}}}"#
    );
    serde_json::from_str(&json).unwrap()
}

#[test]
fn an_intent_tells_what_happened_to_which_payment() {
    let euros = Money { minor: 5_000, currency: "EUR".parse().unwrap() };
    for (kind, status, news) in [
        ("amount_capturable_updated", "requires_capture", Some(ProviderNews::Authorized(euros))),
        ("amount_capturable_updated", "canceled", None),
        ("succeeded", "succeeded", Some(ProviderNews::Captured(euros))),
        ("canceled", "canceled", Some(ProviderNews::Cancelled)),
        ("payment_failed", "requires_payment_method", None),
    ] {
        let about = about_intent(&format!("payment_intent.{kind}"), intent(status, "")).unwrap();
        let expected = news.map(|news| {
            let payment = "pay_00000000000010".parse().unwrap();
            About { payment, attempt: 2, reference: "pi_1".to_owned(), news }
        });
        assert_eq!(about, expected, "{kind}");
    }
    assert_eq!(about_intent("customer.created", Value::Null), Ok(None));
    assert_eq!(about_intent("payment_intent.canceled", Value::Null), Err(WebhookFault::Malformed));
}

#[test]
fn only_what_is_an_id_goes_into_a_path() {
    assert!(is_id("pi_3Mxyz"));
    for wrong in ["", "pi/../x", "pi?x", "pi x", "é"] {
        assert!(!is_id(wrong), "{wrong}");
    }
}
