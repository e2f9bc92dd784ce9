//! Passwords: argon2id off the threads that serve requests, so many at a time, with a queue that has an end.
//!
//! Hazard: a hash costs megabytes and tens of milliseconds, so nobody may start as many as they like; and a log-in must
//! take as long for an unknown name as for a wrong password, or names can be guessed by the clock.

use std::fmt;
use std::sync::Arc;

use argon2::Params;
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use domain::account::PasswordHash;
use domain::ports::Random;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::argon::Argon;
use crate::config::AuthConfig;

const SALT_BYTES: usize = 16;

/// Too many are waiting for a turn already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// Hashes and verifies passwords.
pub struct Passwords {
    argon2: Arc<Argon>,
    /// Running and waiting together.
    places: Arc<Semaphore>,
    running: Arc<Semaphore>,
    random: Arc<dyn Random>,
    /// Verified against where there is no account.
    nobody: PasswordHash,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

impl Passwords {
    /// With the cost and the bounds of `config`. Hashes once, so that takes a moment.
    #[must_use]
    pub fn new(config: &AuthConfig, random: Arc<dyn Random>) -> Self {
        let params = Params::new(config.argon2_memory_kib, config.argon2_passes, config.argon2_lanes, None)
            .expect("the configuration allows only what argon2 does");
        let argon2 = Arc::new(Argon::new(params));
        let nobody = hash(&argon2, "", [0; SALT_BYTES]);
        let places = config.hash_concurrency + config.hash_queue;
        Self {
            argon2,
            places: Arc::new(Semaphore::new(places)),
            running: Arc::new(Semaphore::new(config.hash_concurrency)),
            random,
            nobody,
        }
    }

    /// The hash of a new password, with a salt of its own.
    ///
    /// # Errors
    /// [`Busy`], at once.
    pub async fn hash(&self, password: String) -> Result<PasswordHash, Busy> {
        let mut salt = [0; SALT_BYTES];
        self.random.fill(&mut salt);
        let argon2 = self.argon2.clone();
        self.run(move || hash(&argon2, &password, salt)).await
    }

    /// Whether `password` is the one behind `hash`. No hash: as slow, and false.
    ///
    /// # Errors
    /// [`Busy`], at once.
    pub async fn verify(&self, password: String, hash: Option<PasswordHash>) -> Result<bool, Busy> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let argon2 = self.argon2.clone();
        self.run(move || verify(&argon2, &password, &hash) && known).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Busy)?;
        // The permits go with the work: it runs on when the client that asked for it has gone.
        let permits: [OwnedSemaphorePermit; 2] = [place, turn];
        let work = move || {
            let result = work();
            drop(permits);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Busy)
    }
}

fn hash(argon2: &Argon, password: &str, salt: [u8; SALT_BYTES]) -> PasswordHash {
    let phc = argon2
        .hash_password_with_salt(password.as_bytes(), &salt)
        .expect("a password of any length can be hashed with a salt of 16 bytes");
    PasswordHash::new(phc.to_string())
}

fn verify(argon2: &Argon, password: &str, hash: &PasswordHash) -> bool {
    Phc::new(hash.as_phc()).is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::clock::SystemRandom;

    fn passwords(hash_concurrency: usize, hash_queue: usize) -> Passwords {
        let mut config = crate::config::load(None, []).unwrap().auth;
        (config.hash_concurrency, config.hash_queue) = (hash_concurrency, hash_queue);
        Passwords::new(&config, Arc::new(SystemRandom))
    }

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let passwords = passwords(1, 1);
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_phc());
        assert_eq!(passwords.verify("correct horse".into(), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.verify("battery staple".into(), Some(hash.clone())).await, Ok(false));
        assert_eq!(passwords.verify(String::new(), None).await, Ok(false));
        assert_ne!(passwords.hash("correct horse".into()).await.unwrap(), hash, "salted");
    }

    #[tokio::test]
    async fn the_queue_has_an_end() {
        let passwords = passwords(1, 1);
        let running = Arc::clone(&passwords.running).acquire_owned().await.unwrap();
        let first = passwords.hash("one".into());
        let second = passwords.hash("two".into());
        let third = passwords.hash("three".into());
        let release = async {
            // `join!` polls in order: the two before wait by now, the third was turned away.
            drop(running);
        };
        let (first, second, third, ()) = tokio::join!(first, second, third, release);
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(third, Err(Busy));
    }
}
