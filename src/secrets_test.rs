use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::clock::SystemRandom;
use crate::config;

const GIVEN: &str = "a configured secret of at least 32 bytes";

fn with(variables: &[(&str, &str)]) -> Config {
    config::load(None, variables.iter().map(|(name, value)| (name.into(), value.into()))).unwrap()
}

#[test]
fn secrets_are_made_once_and_kept_for_the_owner_alone() {
    let data = tempfile::tempdir().unwrap();
    let first = resolve(&with(&[]), data.path(), &SystemRandom).unwrap();
    assert_eq!(first.token_secret.reveal().len(), 64);
    assert_ne!(first.token_secret, first.cluster_secret);
    let path = first.kept_in.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = resolve(&with(&[]), data.path(), &SystemRandom).unwrap();
    assert_eq!(again.token_secret, first.token_secret);
    assert_eq!(again.operator_password, first.operator_password);
    assert_eq!(again.cluster_secret, first.cluster_secret);
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1);
}

#[test]
fn what_is_configured_is_neither_made_nor_kept() {
    let data = tempfile::tempdir().unwrap();
    let config = with(&[
        ("ONSALE_AUTH__TOKEN_SECRET", GIVEN),
        ("ONSALE_AUTH__OPERATOR_PASSWORD", "12345678"),
        ("ONSALE_CLUSTER__SECRET", GIVEN),
    ]);
    let secrets = resolve(&config, data.path(), &SystemRandom).unwrap();
    assert_eq!((secrets.token_secret.reveal(), secrets.kept_in), (GIVEN, None));
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);
    let mixed = resolve(&with(&[("ONSALE_AUTH__TOKEN_SECRET", GIVEN)]), data.path(), &SystemRandom).unwrap();
    let text = fs::read_to_string(mixed.kept_in.unwrap()).unwrap();
    assert!(text.contains("cluster_secret") && !text.contains("token_secret") && !text.contains(GIVEN));
}

#[test]
fn a_damaged_file_is_refused_and_not_replaced() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(FILE_NAME);
    for text in ["token_secret = \"short\"\n", "token_secret = 5\n", "token_sec"] {
        fs::write(&path, text).unwrap();
        let fault = resolve(&with(&[]), data.path(), &SystemRandom).unwrap_err();
        assert!(matches!(fault, SecretsFault::Config(_)), "{fault:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_flipped_bit_never_makes_another_secret() {
    let data = tempfile::tempdir().unwrap();
    let config = with(&[]);
    let made = resolve(&config, data.path(), &SystemRandom).unwrap();
    let path = made.kept_in.unwrap();
    let whole = fs::read(&path).unwrap();
    let mut refused = 0;
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, flipped).unwrap();
        match resolve(&config, data.path(), &SystemRandom) {
            Ok(found) => {
                assert_eq!(found.token_secret, made.token_secret, "bit {bit}");
                assert_eq!(found.operator_password, made.operator_password, "bit {bit}");
                assert_eq!(found.cluster_secret, made.cluster_secret, "bit {bit}");
            }
            Err(fault) => {
                refused += 1;
                let message = crate::fault::NodeFault::from(fault).to_string();
                assert!(message.contains(FILE_NAME) && !message.contains(made.token_secret.reveal()));
            }
        }
    }
    assert!(refused > made.token_secret.reveal().len() * 8, "{refused}");
}

#[test]
fn a_file_without_a_checksum_is_read() {
    let data = tempfile::tempdir().unwrap();
    let text = format!("cluster_secret = \"{GIVEN}\"\n");
    fs::write(data.path().join(FILE_NAME), text).unwrap();
    let secrets = resolve(&with(&[]), data.path(), &SystemRandom).unwrap();
    assert_eq!(secrets.cluster_secret.reveal(), GIVEN);
    let again = resolve(&with(&[]), data.path(), &SystemRandom).unwrap();
    assert_eq!(again.operator_password, secrets.operator_password);
}
