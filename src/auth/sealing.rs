//! Personal data, sealed: a key for each person, itself sealed with a secret that all nodes of the cluster have. Whoever
//! destroys a person's key has destroyed all that was sealed with it, wherever copies lie.
//!
//! Owns the ciphers and the hashes that people are found by; the accounts keep the keys. Hazard: with another secret
//! nobody can be read and nobody is found, so the accounts remember the secret's name and a node that has another one
//! does not start.

use std::fmt;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use domain::account::{Account, Login, Logins, Person, SealName, Sealed, fold};
use domain::ids::UserId;
use domain::ports::Random;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::config::Secret;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Seals and opens.
pub struct Sealer {
    /// Seals the keys of people.
    keys: XChaCha20Poly1305,
    /// Hashes what people log in with.
    logins: [u8; KEY_BYTES],
    name: SealName,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Sealer {
    /// Seals with what follows from `secret`.
    #[must_use]
    pub fn new(secret: &Secret, random: Arc<dyn Random>) -> Self {
        let derive = |purpose: &str| keyed(secret.reveal().as_bytes(), purpose.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = derive("the name of the seal, 1");
        Self {
            keys: XChaCha20Poly1305::new(&derive("the keys of people, 1").into()),
            logins: derive("what people log in with, 1"),
            name: SealName([a, b, c, d, e, f, g, h]),
            random,
        }
    }

    /// Tells the secret from others.
    #[must_use]
    pub fn name(&self) -> SealName {
        self.name
    }

    /// What an account is found by that logs in with `text`.
    #[must_use]
    pub fn login(&self, text: &str) -> Login {
        let mut login = [0; 16];
        login.copy_from_slice(&keyed(&self.logins, fold(text).as_bytes())[..16]);
        Login(login)
    }

    /// What the account of `person` is found by.
    #[must_use]
    pub fn logins(&self, person: &Person) -> Logins {
        Logins {
            username: self.login(&person.username),
            email: person.email.as_deref().map(|it| self.login(it)),
        }
    }

    /// A new key for all that is sealed for `user`, sealed itself.
    #[must_use]
    pub fn new_key(&self, user: UserId) -> Sealed {
        let mut key = [0; KEY_BYTES];
        self.random.fill(&mut key);
        self.put(&self.keys, user, &key)
    }

    /// Seals `bytes` with the key of `user`; `None` where that key cannot be opened.
    #[must_use]
    pub fn seal(&self, user: UserId, key: &Sealed, bytes: &[u8]) -> Option<Sealed> {
        Some(self.put(&self.cipher(user, key)?, user, bytes))
    }

    /// What [`Self::seal`] has sealed for `user` with this key.
    #[must_use]
    pub fn open(&self, user: UserId, key: &Sealed, sealed: &Sealed) -> Option<Vec<u8>> {
        take(&self.cipher(user, key)?, user, sealed)
    }

    /// Seals who `user` is with their key.
    #[must_use]
    pub fn seal_person(&self, user: UserId, key: &Sealed, person: &Person) -> Option<Sealed> {
        let bytes = serde_json::to_vec(person).expect("texts serialise");
        self.seal(user, key, &bytes)
    }

    /// Who the owner of `account` is; `None` where it cannot be opened.
    #[must_use]
    pub fn person(&self, account: &Account) -> Option<Person> {
        serde_json::from_slice(&self.open(account.id, &account.key, &account.person)?).ok()
    }

    fn cipher(&self, user: UserId, key: &Sealed) -> Option<XChaCha20Poly1305> {
        let key: [u8; KEY_BYTES] = take(&self.keys, user, key)?.try_into().ok()?;
        Some(XChaCha20Poly1305::new(&key.into()))
    }

    /// The nonce, drawn anew, and the text behind it, good for `user` only.
    fn put(&self, cipher: &XChaCha20Poly1305, user: UserId, msg: &[u8]) -> Sealed {
        let mut nonce = [0; NONCE_BYTES];
        self.random.fill(&mut nonce);
        let aad = &user.number().to_le_bytes();
        let text = cipher.encrypt(&XNonce::from(nonce), Payload { msg, aad });
        let text = text.expect("what fits in a request is not too long for the cipher");
        Sealed::new([&nonce[..], &text].concat())
    }
}

fn take(cipher: &XChaCha20Poly1305, user: UserId, sealed: &Sealed) -> Option<Vec<u8>> {
    let (nonce, msg) = sealed.bytes().split_first_chunk::<NONCE_BYTES>()?;
    let aad = &user.number().to_le_bytes();
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg, aad }).ok()
}

fn keyed(key: &[u8], text: &[u8]) -> [u8; KEY_BYTES] {
    let mut keyed = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    keyed.update(text);
    keyed.finalize().into_bytes().into()
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::clock::SystemRandom;

    const ADA: UserId = UserId::new(1);

    fn sealer(secret: &str) -> Sealer {
        Sealer::new(&Secret::new(secret.to_owned()), Arc::new(SystemRandom))
    }

    #[test]
    fn what_is_sealed_for_somebody_opens_with_their_key_only() {
        let sealer = sealer("the secret of this test, long enough");
        let (key, other) = (sealer.new_key(ADA), sealer.new_key(ADA));
        let sealed = sealer.seal(ADA, &key, b"ada@example.org").unwrap();
        assert!(!sealed.bytes().windows(3).any(|bytes| bytes == b"ada"));
        assert_eq!(sealer.open(ADA, &key, &sealed).unwrap(), b"ada@example.org");
        assert_eq!(sealer.open(ADA, &other, &sealed), None);
        assert_eq!(sealer.open(UserId::new(2), &key, &sealed), None);
        for length in 0..sealed.bytes().len() {
            assert_eq!(sealer.open(ADA, &key, &Sealed::new(sealed.bytes()[..length].to_vec())), None);
        }
    }

    #[test]
    fn another_secret_opens_nothing_finds_nobody_and_has_another_name() {
        let (one, two) =
            (sealer("one secret, which is long enough"), sealer("two secret, which is long enough"));
        let key = one.new_key(ADA);
        assert_eq!(two.seal(ADA, &key, b"x"), None);
        assert_ne!(one.name(), two.name());
        assert_ne!(one.login("ada"), two.login("ada"));
        assert_eq!(one.login("ada"), one.login(" ADA"));
    }
}
