//! Secrets that are planted everywhere, in the configuration and in what clients send, and looked for everywhere: in logs
//! at their loudest, in metrics, in errors.

mod support;

use serde_json::{Value, json};
use support::{Answer, Node, NodeOptions, Sale, tokens};

/// The built-in configuration: which secrets there are to set.
const SETTINGS: &str = include_str!("../config.toml");

const OPERATOR: &str = "canary-operator-password-1";
const PASSWORD: &str = "canary-customer-password-2";
const CARD: &str = "tok_canary_card_3";
const SECRETS: [(&str, &str, &str); 9] = [
    ("token_secret", "ONSALE_AUTH__TOKEN_SECRET", "canary-token-secret-of-more-than-32-bytes"),
    ("secret", "ONSALE_CLUSTER__SECRET", "canary-cluster-secret-of-more-than-32-bytes"),
    ("operator_password", "ONSALE_AUTH__OPERATOR_PASSWORD", OPERATOR),
    ("stripe_key", "ONSALE_PAYMENTS__STRIPE_KEY", "sk_test_canary_key_4"),
    (
        "stripe_webhook_secret",
        "ONSALE_PAYMENTS__STRIPE_WEBHOOK_SECRET",
        "whsec_canary_secret_5_of_more_than_32_bytes",
    ),
    ("smtp_url", "ONSALE_MAIL__SMTP_URL", "smtp://canary:canary-smtp-password-6@127.0.0.1:9"),
    ("[sms]", "ONSALE_SMS__SECRET", "canary-sms-secret-7"),
    ("[sms]", "ONSALE_SMS__URL", "http://127.0.0.1:9/sms"),
    ("stripe_url", "ONSALE_PAYMENTS__STRIPE_URL", "http://127.0.0.1:9"),
];
/// What is set above and no secret.
const OPEN: [&str; 2] = ["http://127.0.0.1:9/sms", "http://127.0.0.1:9"];

fn options(args: &[&str], format: &str) -> NodeOptions {
    let is_there =
        |name: &str| SETTINGS.lines().any(|line| line == name || line.starts_with(&format!("{name} =")));
    let known = SECRETS.iter().filter(|(name, ..)| is_there(name));
    let mut env: Vec<(&'static str, String)> =
        known.map(|(_, key, value)| (*key, (*value).to_owned())).collect();
    env.push(("ONSALE_LOG__LEVEL", "trace".to_owned()));
    env.push(("ONSALE_LOG__FORMAT", format.to_owned()));
    NodeOptions { env, args: args.iter().map(|arg| (*arg).to_owned()).collect(), ..NodeOptions::default() }
}

/// What must be nowhere: the words that make each secret one.
fn canaries(tokens: &[String]) -> Vec<String> {
    let set = SECRETS.iter().map(|(_, _, value)| (*value).to_owned());
    let secret = set.filter(|value| !OPEN.contains(&value.as_str()));
    let bodies = [
        PASSWORD,
        CARD,
        "canary-smtp-password-6",
        "canary-wrong-password",
        "canary-in-a-field",
        "canary-in-a-key",
    ];
    // The middle of a token is not secret, but what proves it is.
    let proofs = tokens.iter().filter_map(|token| token.rsplit('.').next().map(str::to_owned));
    secret.chain(bodies.map(str::to_owned)).chain(proofs).collect()
}

/// Everything that can be sent with a secret in it, right and wrong.
fn everything(node: &Node, sale: &Sale, seat: usize, token: &str) -> Vec<Answer> {
    let client = node.client();
    let ann = client.with_token(token);
    let json = [("content-type", "application/json")];
    let raw = |path: &str, body: &str| client.send("POST", path, &json, Some(body.as_bytes()));
    let bookings = format!("/bookings/{}", sale.event);
    let pay = |details: Value| {
        ann.post(&bookings, &json!({"ticketIds": sale.ids(&[seat]), "paymentDetails": details}))
    };
    let user = json!({"name": "x", "email": "not an address", "username": "", "password": PASSWORD});
    vec![
        client.post("/users/login", &json!({"username": "ann", "password": "canary-wrong-password"})),
        client.post("/users/login", &json!({"username": PASSWORD, "password": "canary-wrong-password"})),
        raw("/users/login", &format!(r#"{{"username": 5, "password": "{PASSWORD}"}}"#)),
        raw("/users/login", &format!(r#"{{"username": "ann", "password": ["{PASSWORD}"]}}"#)),
        raw("/users/login", &format!(r#"{{"password": "{PASSWORD}""#)),
        client.post("/users", &user),
        client.with_token(&format!("{token}x")).get("/bookings"),
        client.with_token(token).get("/users/usr_0000000000001"),
        client.send("GET", "/bookings", &[("authorization", &format!("Basic {PASSWORD}"))], None),
        pay(json!({"provider": "nobody", "token": CARD})),
        pay(json!({"provider": "test", "token": [CARD]})),
        pay(json!({"provider": "test", "token": CARD, "cvc": "canary-in-a-field"})),
        pay(tokens(CARD)),
        ann.post_keyed(&bookings, "canary-in-a-key", &json!({"ticketIds": 1, "paymentDetails": {}})),
    ]
}

#[test]
fn no_secret_is_ever_logged_counted_or_answered() {
    let owner = Node::start_with(&options(&["--node", "1"], "text"));
    let gateway = Node::start_with(&options(&["--node", "2", "--join", owner.peer(), "--gateway"], "json"));
    let operator = owner.client().login("operator", OPERATOR);
    let sale = Sale::open_as(&operator, 4, &json!({}));
    let user = json!({"name": "Ann", "email": "ann@example.org", "username": "ann", "password": PASSWORD});
    owner.client().post("/users", &user).expect(201);
    let ann = gateway.client().login("ann", PASSWORD);
    let canaries = canaries(&[operator.token().to_owned(), ann.token().to_owned()]);

    let mut seen: Vec<(String, String)> = Vec::new();
    for (seat, node) in [&owner, &gateway].into_iter().enumerate() {
        let answers = everything(node, &sale, seat, ann.token());
        assert!(answers.iter().any(|answer| answer.status == 201), "nothing was bought");
        for answer in answers.iter().filter(|answer| answer.status >= 400) {
            seen.push((
                format!("a problem {}", answer.status),
                String::from_utf8_lossy(&answer.bytes).into_owned(),
            ));
            seen.push(("its headers".to_owned(), format!("{:?}", answer.headers)));
        }
        let metrics = node.admin().get("/metrics").bytes;
        seen.push(("the metrics".to_owned(), String::from_utf8_lossy(&metrics).into_owned()));
    }
    for (name, node) in [("the log of the owner", owner), ("the log of the gateway", gateway)] {
        let log = node.terminate().log;
        assert!(log.contains("TRACE"), "{name} is not at its loudest");
        seen.push((name.to_owned(), log));
    }
    for (place, text) in &seen {
        for canary in &canaries {
            let found = text.lines().find(|line| line.contains(canary.as_str()));
            assert!(found.is_none(), "{canary} is in {place}: {found:?}");
        }
    }
}

#[test]
fn a_secret_that_is_refused_is_not_repeated() {
    for (key, value) in [
        ("ONSALE_AUTH__TOKEN_SECRET", "canary-too-short"),
        ("ONSALE_CLUSTER__SECRET", "canary-too-short"),
        ("ONSALE_AUTH__OPERATOR_PASSWORD", "canary"),
    ] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let options = NodeOptions { env: vec![(key, value.to_owned())], ..NodeOptions::default() };
        let Err(exit) = Node::try_start_in(dir.path(), &options) else { panic!("{key} was taken") };
        assert!(!exit.log.contains("canary"), "{}", exit.log);
    }
}
