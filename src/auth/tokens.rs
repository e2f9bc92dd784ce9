//! Access tokens: JWTs of one pinned algorithm that say who, which and until when, and nothing else.
//!
//! A role is never in a token: it is read from the accounts at each request, so that a change reaches tokens already
//! issued. Hazard: the library reads the system's clock where it is asked to check expiry; it is not asked.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use domain::account::TokenId;
use domain::ids::UserId;
use domain::ports::Random;
use domain::time::UnixMillis;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Secret;

const ALGORITHM: Algorithm = Algorithm::HS256;

/// What a good token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Whose it is.
    pub user: UserId,
    /// Its own number, to revoke it by.
    pub id: TokenId,
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
    sub: String,
    jti: String,
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

/// Issues and reads tokens.
pub struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
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
    /// Tokens signed with `secret` that live for `ttl`.
    #[must_use]
    pub fn new(secret: &Secret, ttl: Duration) -> Self {
        let key = secret.reveal().as_bytes();
        let mut validation = Validation::new(ALGORITHM);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        Self {
            signing: EncodingKey::from_secret(key),
            checking: DecodingKey::from_secret(key),
            validation,
            ttl,
            checked: Checked::default(),
        }
    }

    /// A new token for `user`.
    #[must_use]
    pub fn issue(&self, user: UserId, now: UnixMillis, random: &dyn Random) -> Issued {
        let mut id = [0; 16];
        random.fill(&mut id);
        // Rounded up: a token is never good for less than was promised.
        let ttl_ms = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
        let exp = now.plus_ms(ttl_ms).millis().div_ceil(1000);
        let claims = Claims {
            sub: user.to_string(),
            jti: format!("{:032x}", u128::from_le_bytes(id)),
            iat: now.millis() / 1000,
            exp,
        };
        let text = encode(&Header::new(ALGORITHM), &claims, &self.signing)
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
        let claims =
            decode::<Claims>(text, &self.checking, &self.validation).map_err(|_| TokenFault::Invalid)?.claims;
        Ok(Token {
            user: claims.sub.parse().map_err(|_| TokenFault::Invalid)?,
            id: TokenId(u128::from_str_radix(&claims.jti, 16).map_err(|_| TokenFault::Invalid)?),
            expires_at: UnixMillis::new(claims.exp.saturating_mul(1000)),
        })
    }
}

#[cfg(test)]
#[path = "tokens_test.rs"]
mod test;
