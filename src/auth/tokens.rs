//! Access tokens: JWTs of one pinned algorithm that say who, which and until when, and nothing else.
//!
//! A role is never in a token: it is read from the accounts at each request, so that a change reaches tokens already
//! issued. A token names the key that signed it, so that keys can be replaced while older tokens run out. Hazard: the library reads the system's clock where it is asked to check expiry; it is not asked.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use std::{fmt, iter};

use domain::account::TokenId;
use domain::ids::UserId;
use domain::ports::Random;
use domain::time::UnixMillis;
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Secret;

const ALGORITHM: Algorithm = Algorithm::HS256;
/// Who issues our tokens.
const ISSUER: &str = "onsale";

/// What a good token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Whose it is.
    pub user: UserId,
    /// Its own number, to revoke it by.
    pub id: TokenId,
    /// The generation of its owner's tokens that it is of.
    pub generation: u32,
    /// It is void from then on.
    pub expires_at: UnixMillis,
}

/// A token on its way to its user.
pub struct Issued {
    /// What goes into the `Authorization` header.
    pub text: String,
    /// How long it is good for.
    pub expires_in: Duration,
}

/// Why a text is no good token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFault {
    /// Not one of ours.
    Invalid,
    /// One of ours, too old.
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    jti: String,
    #[serde(rename = "gen")]
    generation: u32,
    /// Seconds, as RFC 7519 has it.
    iat: u64,
    exp: u64,
}

/// Tokens whose signature was found good, by the SHA-256 of their text: what is cached is no secret. When it is full it
/// is emptied, which costs one more check of each.
#[derive(Default)]
struct Checked(RwLock<HashMap<[u8; 32], Token>>);

/// About 10 MiB.
const MOST_CHECKED: usize = 100_000;

impl Checked {
    fn get(&self, digest: &[u8; 32]) -> Option<Token> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(digest).copied()
    }

    fn keep(&self, digest: [u8; 32], token: Token) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_CHECKED {
            known.clear();
        }
        known.insert(digest, token);
    }
}

/// A key that tokens are checked with, under the name that they have for it.
struct Key {
    name: String,
    checking: DecodingKey,
}

impl Key {
    fn new(secret: &Secret) -> Self {
        Self { name: name_of(secret), checking: DecodingKey::from_secret(secret.reveal().as_bytes()) }
    }
}

/// Tells keys apart and tells nothing of them.
fn name_of(secret: &Secret) -> String {
    let keyed = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes());
    let mut keyed = keyed.expect("a key of any length will do");
    Mac::update(&mut keyed, b"the name of a key, 1");
    keyed.finalize().into_bytes().iter().take(8).fold(String::new(), |name, byte| format!("{name}{byte:02x}"))
}

/// Issues and reads tokens.
pub struct Tokens {
    signing: EncodingKey,
    header: Header,
    /// The one that signs, and those before it.
    keys: Vec<Key>,
    validation: Validation,
    ttl: Duration,
    checked: Checked,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Tokens signed with `secret` that live for `ttl`; those signed with one of `previous` are good too.
    #[must_use]
    pub fn new(secret: &Secret, previous: &[Secret], ttl: Duration) -> Self {
        let mut validation = Validation::new(ALGORITHM);
        validation.validate_exp = false;
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        let header = Header { kid: Some(name_of(secret)), ..Header::new(ALGORITHM) };
        Self {
            signing: EncodingKey::from_secret(secret.reveal().as_bytes()),
            header,
            keys: iter::once(secret).chain(previous).map(Key::new).collect(),
            validation,
            ttl,
            checked: Checked::default(),
        }
    }

    /// A new token for `user`, of this generation of their tokens.
    #[must_use]
    pub fn issue(&self, user: UserId, generation: u32, now: UnixMillis, random: &dyn Random) -> Issued {
        let mut id = [0; 16];
        random.fill(&mut id);
        // Rounded up: a token is never good for less than was promised.
        let ttl_ms = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
        let exp = now.plus_ms(ttl_ms).millis().div_ceil(1000);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user.to_string(),
            jti: format!("{:032x}", u128::from_le_bytes(id)),
            generation,
            iat: now.millis() / 1000,
            exp,
        };
        let text = encode(&self.header, &claims, &self.signing)
            .expect("strings and numbers serialise, and HMAC takes a key of any length");
        Issued { text, expires_in: self.ttl }
    }

    /// What `text` says, if we signed it and its time is not over.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn read(&self, text: &str, now: UnixMillis) -> Result<Token, TokenFault> {
        let digest = Sha256::digest(text).into();
        let token = match self.checked.get(&digest) {
            Some(token) => token,
            None => self.check(text).inspect(|token| self.checked.keep(digest, *token))?,
        };
        if token.expires_at <= now { Err(TokenFault::Expired) } else { Ok(token) }
    }

    fn check(&self, text: &str) -> Result<Token, TokenFault> {
        let named = decode_header(text).ok().and_then(|header| header.kid).ok_or(TokenFault::Invalid)?;
        let key = self.keys.iter().find(|key| key.name == named).ok_or(TokenFault::Invalid)?;
        let claims = decode::<Claims>(text, &key.checking, &self.validation);
        let claims = claims.map_err(|_| TokenFault::Invalid)?.claims;
        Ok(Token {
            user: claims.sub.parse().map_err(|_| TokenFault::Invalid)?,
            id: TokenId(u128::from_str_radix(&claims.jti, 16).map_err(|_| TokenFault::Invalid)?),
            generation: claims.generation,
            expires_at: UnixMillis::new(claims.exp.saturating_mul(1000)),
        })
    }
}

#[cfg(test)]
#[path = "tokens_test.rs"]
mod test;
