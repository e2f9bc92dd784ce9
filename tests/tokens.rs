//! Tokens that are not good, at every node of a cluster and at its gateway: each is 401, whichever way the request takes.

mod support;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::{Sha256, Sha512};
use support::{Client, Cluster, Node, NodeOptions, Sale, eventually};

const SECRET: &str = "the token secret of these tests, of more than 32 bytes";
const GATEWAY: u32 = 4;

/// A token in its parts.
#[derive(Clone)]
struct Parts {
    header: Value,
    claims: Value,
    signature: String,
}

impl Parts {
    fn of(token: &str) -> Self {
        let mut parts = token.split('.');
        let mut part = || parts.next().expect("three parts");
        let json = |text: &str| serde_json::from_slice(&BASE64.decode(text).expect("base64")).expect("JSON");
        Self { header: json(part()), claims: json(part()), signature: part().to_owned() }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    fn message(&self) -> String {
        let part = |value: &Value| BASE64.encode(value.to_string());
        format!("{}.{}", part(&self.header), part(&self.claims))
    }

    /// With the signature that it had.
    fn text(&self) -> String {
        format!("{}.{}", self.message(), self.signature)
    }

    /// Signed by somebody who knows `secret`.
    fn signed(&self, secret: &str) -> String {
        let message = self.message();
        let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
        hmac.update(message.as_bytes());
        format!("{message}.{}", BASE64.encode(hmac.finalize().into_bytes()))
    }

    /// The same by another algorithm.
    fn signed_512(&self, secret: &str) -> String {
        let message = self.message();
        let mut hmac = Hmac::<Sha512>::new_from_slice(secret.as_bytes()).expect("any key will do");
        hmac.update(message.as_bytes());
        format!("{message}.{}", BASE64.encode(hmac.finalize().into_bytes()))
    }
}

/// What nobody may come in with, each for one reason.
fn bad(token: &str, elsewhere: &str) -> Vec<(&'static str, String)> {
    let good = Parts::of(token);
    let algorithm = |name: &'static str| good.with(|parts| parts.header["alg"] = json!(name));
    let none = algorithm("none");
    // With a number of its own: a gateway remembers for a moment what it was told of a token, and this one is signed.
    let nobodys = good.with(|parts| {
        (parts.claims["sub"], parts.claims["jti"]) = (json!("usr_0000000000001"), json!("1"));
    });
    vec![
        ("none at all", String::new()),
        ("no token", "nonsense".to_owned()),
        ("two parts", good.message()),
        ("alg none without a signature", format!("{}.", none.message())),
        ("alg none with the signature", none.text()),
        ("alg None, signed", algorithm("None").signed(SECRET)),
        ("RS256, signed with the secret as HMAC", algorithm("RS256").signed(SECRET)),
        ("ES256, signed with the secret as HMAC", algorithm("ES256").signed(SECRET)),
        ("HS512, rightly signed", algorithm("HS512").signed_512(SECRET)),
        ("no algorithm", good.with(|parts| parts.header = json!({"typ": "JWT"})).signed(SECRET)),
        ("an altered claim", good.with(|parts| parts.claims["exp"] = json!(4_000_000_000_u64)).text()),
        ("an altered header", good.with(|parts| parts.header["x"] = json!(1)).text()),
        ("a cut signature", token[..token.len() - 3].to_owned()),
        ("another secret", good.signed("another secret of the tests, of more than 32 bytes")),
        ("an empty secret", good.signed("")),
        ("nobody's", nobodys.signed(SECRET)),
        ("no subject", good.with(|parts| parts.claims["sub"] = json!(null)).signed(SECRET)),
        (
            "no expiry",
            good.with(|parts| drop(parts.claims.as_object_mut().expect("claims").remove("exp")))
                .signed(SECRET),
        ),
        ("of another cluster", elsewhere.to_owned()),
        ("oversized", format!("{token}{}", "A".repeat(100_000))),
    ]
}

/// Every way that a request with a token may take, at one listener.
fn refused_everywhere(client: &Client, event: &str, why: &str, code: &str) {
    let hold = json!({"bestAvailable": {"quantity": 1}});
    let role = json!({"role": "operator"});
    for answer in [
        client.get("/bookings"),
        client.get("/users/usr_0000000000001"),
        client.get(&format!("/events/{event}")),
        client.post(&format!("/events/{event}/holds"), &hold),
        client.post(&format!("/events/{event}/holds/batch"), &json!({"holds": [hold]})),
        client.post("/venues", &json!({})),
        client.put("/users/usr_0000000000001/role", &role),
        client.post("/users/logout", &json!({})),
    ] {
        let problem = answer.expect_problem(401, code);
        assert!(answer.header("www-authenticate").is_some(), "{why}: {problem}");
        assert!(!problem.to_string().contains("eyJ"), "{why}: a token is repeated: {problem}");
    }
}

#[test]
fn a_token_that_is_not_good_is_401_on_every_node() {
    let mut cluster = Cluster::with(3, &[("ONSALE_AUTH__TOKEN_SECRET", SECRET)]);
    cluster.join_gateway(GATEWAY);
    let sale = cluster.sale(2, &json!({}));
    let foreign = Node::start_with(&NodeOptions::default());
    let elsewhere = foreign.operator();
    let operator = cluster.operator(1);
    let targets: Vec<Client> = [1, 2, 3, GATEWAY].map(|number| cluster.client(number)).into();
    for (why, token) in bad(operator.token(), elsewhere.token()) {
        for target in &targets {
            refused_everywhere(&target.with_token(&token), &sale.event, why, "unauthenticated");
        }
        for number in [1, GATEWAY] {
            let admin = cluster.node(number).admin().with_token(&token);
            admin.get("/admin/cluster").expect_problem(401, "unauthenticated");
        }
    }
    for scheme in ["Basic b3A6cHc=", "bearer", "Token x", "Bearer a b"] {
        let header = [("authorization", scheme)];
        targets.iter().for_each(|target| {
            target.send("GET", "/bookings", &header, None).expect_problem(401, "unauthenticated");
        });
    }
    let good = Parts::of(operator.token());
    let old = good.with(|parts| parts.claims["exp"] = json!(1_700_000_000_u64)).signed(SECRET);
    for target in &targets {
        target.with_token(operator.token()).get("/bookings").expect(200);
        refused_everywhere(&target.with_token(&old), &sale.event, "expired", "token-expired");
    }
    logged_out(&cluster, &targets);
}

/// A token that was logged out at one node is refused there at once, and everywhere within a second.
fn logged_out(cluster: &Cluster, targets: &[Client]) {
    for at in [1, GATEWAY] {
        let ann = cluster.client(at).sign_up(&format!("ann{at}"));
        targets.iter().for_each(|target| drop(ann.at(target).get("/bookings").expect(200)));
        ann.post("/users/logout", &json!({})).expect(204);
        for target in targets {
            let gone = || (ann.at(target).get("/bookings").status == 401).then_some(());
            eventually("the token is void", Duration::from_secs(1), gone);
        }
        ann.get("/bookings").expect_problem(401, "unauthenticated");
    }
}

/// So that a test that mixes up its own parts is found out.
#[test]
fn a_token_that_is_put_together_again_is_good() {
    let node = Node::start_with(&NodeOptions {
        env: vec![("ONSALE_AUTH__TOKEN_SECRET", SECRET.to_owned())],
        ..NodeOptions::default()
    });
    let sale = Sale::open(&node, 1, &json!({}));
    let operator = node.operator();
    let again = Parts::of(operator.token());
    let token = again.signed(SECRET);
    operator.with_token(&token).get(&format!("/events/{}", sale.event)).expect(200);
}
