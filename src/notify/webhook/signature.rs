//! Signed webhooks: HMAC-SHA256 over id, time and body, so that a receiver knows who sent them and that they are new.
//!
//! Owns the secrets, which are written down nowhere: each follows from the cluster's secret, the endpoint and its
//! generation. Hazard: another secret of the cluster makes all of them others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::catalogue::Endpoint;
use domain::ids::EndpointId;
use domain::time::UnixMillis;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::config::Secret;

/// What a secret of an endpoint begins with.
const PREFIX: &str = "whsec_";
/// So long after a rotation the secret before signs too, so that receivers can change theirs without a gap.
const OVERLAP_MS: u64 = 24 * 60 * 60 * 1000;

/// Makes the secrets of endpoints, and signs with them.
#[derive(Clone)]
pub struct Signing(Secret);

impl Signing {
    /// With what all secrets follow from.
    #[must_use]
    pub fn new(secret: Secret) -> Self {
        Self(secret)
    }

    /// The newest secret of `endpoint`, as its organizer is told once.
    #[must_use]
    pub fn secret(&self, endpoint: &Endpoint) -> Secret {
        let key = self.key(endpoint.id, endpoint.generation);
        Secret::new(format!("{PREFIX}{}", STANDARD.encode(key)))
    }

    /// The header `webhook-signature` of a message to `endpoint`, sent at `now`.
    #[must_use]
    pub fn header(&self, endpoint: &Endpoint, id: &str, now: UnixMillis, body: &[u8]) -> String {
        let seconds = now.millis() / 1000;
        let signed = |generation| {
            let key = self.key(endpoint.id, generation);
            format!("v1,{}", STANDARD.encode(sign(&key, id, seconds, body)))
        };
        let newest = signed(endpoint.generation);
        let overlaps = endpoint.generation > 1 && now.since_ms(endpoint.rotated_at) < OVERLAP_MS;
        if overlaps { format!("{newest} {}", signed(endpoint.generation - 1)) } else { newest }
    }

    fn key(&self, id: EndpointId, generation: u32) -> [u8; 32] {
        let mut keyed = keyed(self.0.reveal().as_bytes());
        keyed.update(format!("{id} {generation}").as_bytes());
        keyed.finalize().into_bytes().into()
    }
}

fn sign(key: &[u8], id: &str, seconds: u64, body: &[u8]) -> [u8; 32] {
    let mut signed = keyed(key);
    signed.update(format!("{id}.{seconds}.").as_bytes());
    signed.update(body);
    signed.finalize().into_bytes().into()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do")
}

#[cfg(test)]
mod test {
    use domain::ids::UserId;

    use super::*;

    fn endpoint(generation: u32) -> Endpoint {
        Endpoint {
            id: EndpointId::new(4),
            organizer: UserId::new(1),
            url: "https://example.com".into(),
            kinds: Vec::new(),
            generation,
            rotated_at: UnixMillis::new(1_000_000),
            created_at: UnixMillis::new(1),
            gone_at: None,
        }
    }

    fn signing() -> Signing {
        Signing::new(Secret::new("what all secrets follow from".into()))
    }

    /// As a receiver verifies: with nothing but the text of the secret.
    fn verifies(secret: &Secret, signature: &str, id: &str, seconds: u64, body: &[u8]) -> bool {
        let key = STANDARD.decode(secret.reveal().strip_prefix(PREFIX).unwrap()).unwrap();
        let expected = format!("v1,{}", STANDARD.encode(sign(&key, id, seconds, body)));
        signature.split(' ').any(|one| one == expected)
    }

    #[test]
    fn the_known_example_of_the_rules_comes_out() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(STANDARD.encode(signature), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_receiver_can_verify_with_the_secret_that_it_was_told() {
        let (signing, endpoint) = (signing(), endpoint(1));
        let secret = signing.secret(&endpoint);
        let now = UnixMillis::new(2_000_500);
        let header = signing.header(&endpoint, "msg_1", now, b"{}");
        assert!(verifies(&secret, &header, "msg_1", 2_000, b"{}"));
        for (id, seconds, body) in [("msg_2", 2_000, "{}"), ("msg_1", 2_001, "{}"), ("msg_1", 2_000, "{ }")] {
            assert!(!verifies(&secret, &header, id, seconds, body.as_bytes()));
        }
        let other = Endpoint { id: EndpointId::new(5), ..endpoint };
        assert!(!verifies(&signing.secret(&other), &header, "msg_1", 2_000, b"{}"));
    }

    #[test]
    fn the_secret_before_signs_for_another_day() {
        let signing = signing();
        let (old, new) = (signing.secret(&endpoint(1)), signing.secret(&endpoint(2)));
        for (now, old_verifies) in [(1_000_000, true), (1_000_000 + OVERLAP_MS, false)] {
            let header = signing.header(&endpoint(2), "msg_1", UnixMillis::new(now), b"{}");
            assert!(verifies(&new, &header, "msg_1", now / 1000, b"{}"));
            assert_eq!(verifies(&old, &header, "msg_1", now / 1000, b"{}"), old_verifies);
        }
    }
}
