use crate::clock::SystemClock;

use super::*;

fn limits(change: impl FnOnce(&mut LimitsConfig)) -> Limits {
    let mut config = crate::config::load(None, []).unwrap().limits;
    change(&mut config);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    Limits::new(&config, &clock)
}

fn at(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn each_address_and_each_caller_has_a_limit_of_its_own() {
    let limits = limits(|config| {
        (config.address_requests_per_minute, config.caller_requests_per_minute) = (2, 1);
    });
    let (one, two) = (at("192.0.2.1"), at("192.0.2.2"));
    assert!(limits.request(one).is_ok() && limits.request(one).is_ok());
    assert_eq!(limits.request(one).unwrap_err().policy, "address");
    assert!(limits.request(two).is_ok());
    assert!(limits.caller(two, UserId::new(1)).is_ok());
    assert_eq!(limits.caller(at("192.0.2.3"), UserId::new(1)).unwrap_err().policy, "caller");
    assert!(limits.caller(two, UserId::new(2)).is_ok());
    assert!(limits.request(at("2001:db8::1")).is_ok() && limits.request(at("2001:db8::2")).is_ok());
    assert!(limits.request(at("2001:db8::3")).is_err(), "one network");
}

#[test]
fn loopback_is_exempt_from_all_but_the_limit_on_failed_log_ins() {
    let limits = limits(|config| {
        (config.address_requests_per_minute, config.address_sign_ups_per_hour) = (1, 1);
        config.name_failed_logins_per_hour = 2;
    });
    for home in [at("127.0.0.1"), at("::1")] {
        assert!((0..9).all(|_| limits.request(home).is_ok() && limits.sign_up(home).is_ok()));
    }
    limits.log_in_failed("Ada");
    assert!(limits.log_in("ada").is_ok());
    limits.log_in_failed(" ADA ");
    let no = limits.log_in("ada").unwrap_err();
    assert_eq!((no.policy, no.quota, no.window_seconds), ("failed-logins", 2, 3600));
    assert!((1_700..=1_800).contains(&no.retry_after_seconds), "{no:?}");
    assert!(limits.log_in("bob").is_ok());
}

#[test]
fn none_at_all_is_no_limit() {
    let limits = limits(|config| {
        (config.address_requests_per_minute, config.name_failed_logins_per_hour) = (0, 0);
    });
    assert!((0..10_000).all(|_| limits.request(at("192.0.2.1")).is_ok()));
    (0..100).for_each(|_| limits.log_in_failed("ada"));
    assert!(limits.log_in("ada").is_ok());
}

#[test]
fn what_one_node_counts_another_counts_too() {
    let change = |config: &mut LimitsConfig| {
        (config.address_requests_per_minute, config.name_failed_logins_per_hour) = (10, 3);
    };
    let (one, two) = (limits(change), limits(change));
    assert!((0..7).all(|_| one.request(at("192.0.2.1")).is_ok()));
    (0..3).for_each(|_| one.log_in_failed("ada"));
    two.told(&one.to_tell().unwrap()).unwrap();
    assert_eq!(one.to_tell(), None, "told once");
    assert_eq!(two.to_tell(), None, "and not told on");
    assert_eq!((0..10).filter(|_| two.request(at("192.0.2.1")).is_ok()).count(), 3);
    assert!(two.log_in("ada").is_err());
}

#[test]
fn hostile_counts_do_no_harm() {
    use axum::body::Bytes;
    let limits = limits(|_| {});
    assert!(limits.told(&Bytes::from_static(b"nonsense")).is_err());
    limits.told(&telling::testing::message([(9, 1, 5), (0, 1, u32::MAX), (3, 2, 0)])).unwrap();
    assert!(limits.request(at("192.0.2.1")).is_ok());
}
