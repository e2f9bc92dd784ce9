use super::*;

fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load(None, variables.iter().map(|(name, value)| (name.into(), value.into())))
}

fn with_file(text: &str) -> Result<Config, ConfigError> {
    let mut settings = Settings::built_in();
    settings.overlay_file("node.toml", text)?;
    check(&settings)
}

#[test]
fn the_defaults_are_valid() {
    let config = with(&[]).unwrap();
    assert_eq!(config.http.header_timeout, Duration::from_secs(10));
    assert_eq!((config.cluster.shards, config.cluster.replication), (16, 3));
    assert_eq!(config.auth.token_secret, None);
    assert_eq!(config.journal.reserve_bytes, 256 << 20);
    assert!(config.payments.test_provider_is_on("127.0.0.1:8080".parse().unwrap()));
    assert!(!config.payments.test_provider_is_on("0.0.0.0:8080".parse().unwrap()));
}

#[test]
fn the_environment_overrides_the_file() {
    let mut settings = Settings::built_in();
    settings.overlay_file("node.toml", "[auth]\ntoken_ttl_seconds = 60\n[cluster]\nshards = 4\n").unwrap();
    settings.overlay_env([("ONSALE_AUTH__TOKEN_TTL_SECONDS".into(), "90".into())]).unwrap();
    let config = check(&settings).unwrap();
    assert_eq!(config.auth.token_ttl, Duration::from_secs(90));
    assert_eq!(config.cluster.shards, 4);
}

#[test]
fn a_secret_of_digits_stays_a_text() {
    let digits = "12345678901234567890123456789012";
    let config =
        with(&[("ONSALE_AUTH__TOKEN_SECRET", digits), ("ONSALE_AUTH__OPERATOR_PASSWORD", "12345678")])
            .unwrap();
    assert_eq!(config.auth.token_secret.unwrap().reveal(), digits);
    assert_eq!(config.auth.operator_password.unwrap().reveal(), "12345678");
}

#[test]
fn several_secrets_have_spaces_between() {
    let secrets = |text: &str| {
        let config = with(&[("ONSALE_AUTH__PREVIOUS_TOKEN_SECRETS", text)]);
        let length = |secret: &Secret| secret.reveal().len();
        config.map(|config| config.auth.previous_token_secrets.iter().map(length).collect::<Vec<usize>>())
    };
    assert_eq!(secrets("").unwrap(), Vec::<usize>::new());
    let (one, two) = ("1".repeat(32), "2".repeat(40));
    assert_eq!(secrets(&format!(" {one}  {two}\n")).unwrap(), [32, 40]);
    let refused = secrets(&format!("{one} short")).unwrap_err().to_string();
    assert!(refused.contains("(kept secret)") && !refused.contains("short "), "{refused}");
}

#[test]
fn a_message_names_key_value_source_and_what_is_allowed() {
    for (name, value, wanted) in [
        ("ONSALE_AUTH__TOKEN_TTL_SECONDS", "0", vec!["auth.token_ttl_seconds = 0", "from 1 to"]),
        ("ONSALE_AUTH__TOKEN_TTL_SECONDS", "soon", vec!["\"soon\"", "a whole number"]),
        ("ONSALE_AUTH__ARGON2_MEMORY_KIB", "1024", vec!["argon2_memory_kib = 1024", "from 19456"]),
        ("ONSALE_CLUSTER__REPLICATION", "4", vec!["cluster.replication = 4", "1, 3, 5 or 7"]),
        ("ONSALE_CLUSTER__SHARDS", "-3", vec!["cluster.shards = -3", "from 1 to 1024"]),
        ("ONSALE_PAYMENTS__TEST_PROVIDER", "maybe", vec!["\"maybe\"", "\"auto\""]),
        ("ONSALE_PAYMENTS__STRIPE_KEY", "sk with spaces", vec!["payments.stripe_key", "kept secret"]),
        ("ONSALE_JOURNAL__RESERVE_MEBIBYTES", "0", vec!["journal.reserve_mebibytes = 0", "from 1 to"]),
        ("ONSALE_LOG__LEVEL", "a=b=c", vec!["log.level", "a=b=c"]),
        ("ONSALE_AUTH__TOKEN", "x", vec!["auth.token in", "not a setting", "auth.token_secret"]),
        ("ONSALE_AUHT__TOKEN_SECRET", "x", vec!["auht.token_secret", "not a setting"]),
        ("ONSALE_AUTH_TOKEN_SECRET", "x", vec!["set by ONSALE_AUTH__TOKEN_SECRET"]),
    ] {
        let message = with(&[(name, value)]).unwrap_err().to_string();
        for part in wanted.iter().chain([&name]) {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }
}

#[test]
fn short_secrets_are_refused_without_being_shown() {
    for (name, short) in [
        ("ONSALE_AUTH__TOKEN_SECRET", "only-thirty-one-bytes-long-abcd"),
        ("ONSALE_CLUSTER__SECRET", "tiny"),
        ("ONSALE_AUTH__OPERATOR_PASSWORD", "1234567"),
    ] {
        let message = with(&[(name, short)]).unwrap_err().to_string();
        assert!(message.contains("at least") || message.contains("8 to 128"), "{message}");
        assert!(!message.contains(short), "{message}");
    }
    assert_eq!(format!("{:?}", Secret::new("x".into())), "Secret(..)");
}

#[test]
fn a_file_may_only_have_known_keys_of_the_right_type() {
    for (text, part) in [
        ("[http]\nheader_timeout = 5\n", "http.header_timeout in node.toml"),
        ("header_timeout_ms = 5\n", "header_timeout_ms in node.toml"),
        ("[htpp]\nheader_timeout_ms = 5\n", "htpp.header_timeout_ms"),
        ("[http]\nheader_timeout_ms = \"5\"\n", "must be of type integer"),
        ("[http\n", "not TOML"),
    ] {
        let message = with_file(text).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn variables_of_others_are_left_alone() {
    assert!(with(&[("ONSALE_SEED", "7"), ("ONSALE_HTTP_PORT", "tcp://10.0.0.1"), ("PATH", "/bin")]).is_ok());
}

#[test]
fn every_key_is_documented() {
    let text = include_str!("../../config.toml");
    let lines: Vec<&str> = text.lines().collect();
    for key in Settings::built_in().keys() {
        let name = key.split('.').next_back().unwrap();
        let at = lines.iter().position(|line| line.starts_with(&format!("{name} = "))).unwrap();
        assert!(lines[at - 1].starts_with('#'), "{key} has no line of why");
    }
}

#[test]
fn a_stripe_account_is_reached_over_tls_or_on_this_machine() {
    let key = ("ONSALE_PAYMENTS__STRIPE_KEY", "sk_test_1");
    assert!(with(&[]).unwrap().payments.stripe.is_none(), "no key, no account");
    let account = with(&[key]).unwrap().payments.stripe.unwrap();
    assert_eq!((account.url.as_str(), account.is_loopback()), ("https://api.stripe.com", false));
    assert!(!format!("{account:?}").contains("sk_test_1"));
    for good in ["http://127.0.0.1:12111", "http://[::1]:1", "https://stripe.example/proxy"] {
        assert!(with(&[key, ("ONSALE_PAYMENTS__STRIPE_URL", good)]).is_ok(), "{good}");
    }
    for bad in ["http://api.stripe.com", "http://10.0.0.1", "api.stripe.com", "", "ftp://127.0.0.1"] {
        let refused = with(&[key, ("ONSALE_PAYMENTS__STRIPE_URL", bad)]).unwrap_err().to_string();
        assert!(refused.contains("payments.stripe_url"), "{refused}");
    }
}
