//! Step ①, how often: limits on requests of one address and of one caller, on sign-ups from one address, and on failed
//! log-ins under one user name. Each holds for the cluster: nodes tell each other what they have counted (`telling`).
//!
//! Owns what is counted under which key, who is exempt, and how many are too many; not where it is asked. The address of a
//! client is that of its connection, or what a configured proxy says (`forwarded`). Hazard: an address that is exempt is
//! counted nowhere but under the names that it fails to log in as; behind a proxy on this machine everybody seems to be on
//! it, until `limits.trusted_proxies` names the proxy.

mod bucket;
mod connections;
mod forwarded;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;
mod networks;
mod telling;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::http::HeaderMap;
use domain::ids::UserId;
use domain::ports::Clock;
use sha2::{Digest, Sha256};

pub use connections::Connections;
pub use networks::Networks;
pub use telling::{SERVICE, tell_others};

use crate::config::LimitsConfig;
use bucket::{Allowed, Bucket};
use telling::{Count, Told};

/// What is counted. The numbers are those of the messages between nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Address = 0,
    Caller = 1,
    SignUp = 2,
    FailedLogin = 3,
}

/// Somebody asks too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// Which limit it is, in a word.
    pub policy: &'static str,
    /// So many are allowed,
    pub quota: u32,
    /// within so many seconds.
    pub window_seconds: u64,
    /// After so many seconds one more is.
    pub retry_after_seconds: u64,
}

/// All limits of a node, and what it has counted.
pub struct Limits {
    exempt: Networks,
    proxies: Networks,
    /// None where it is switched off.
    addresses: Option<Bucket>,
    callers: Option<Bucket>,
    sign_ups: Option<Bucket>,
    failed_logins: Option<Bucket>,
    told: Told,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

impl Limits {
    /// The configured ones, in the time of `clock`.
    #[must_use]
    pub fn new(config: &LimitsConfig, clock: &Arc<dyn Clock>) -> Self {
        let bucket = |policy, quota, window_seconds| {
            let quota = NonZeroU32::new(quota)?;
            Some(Bucket::new(Allowed { policy, quota, window_seconds }, clock.clone()))
        };
        Self {
            exempt: config.exempt.clone(),
            proxies: config.trusted_proxies.clone(),
            addresses: bucket("address", config.address_requests_per_minute, MINUTE),
            callers: bucket("caller", config.caller_requests_per_minute, MINUTE),
            sign_ups: bucket("sign-ups", config.address_sign_ups_per_hour, HOUR),
            failed_logins: bucket("failed-logins", config.name_failed_logins_per_hour, HOUR),
            told: Told::default(),
        }
    }

    /// Whose request it is that came over a connection from `peer` with these headers.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        forwarded::client(&self.proxies, peer.to_canonical(), headers)
    }

    /// Counts a request from `client`.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn request(&self, client: IpAddr) -> Result<(), TooMany> {
        self.counted(Kind::Address, client, || of_address(client))
    }

    /// Counts a request of `user`, who is at `client`.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn caller(&self, client: IpAddr, user: UserId) -> Result<(), TooMany> {
        self.counted(Kind::Caller, client, || u128::from(user.number()))
    }

    /// Counts a sign-up from `client`.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn sign_up(&self, client: IpAddr) -> Result<(), TooMany> {
        self.counted(Kind::SignUp, client, || of_address(client))
    }

    /// Whether somebody may try to log in as `name`, wherever they are.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn log_in(&self, name: &str) -> Result<(), TooMany> {
        self.failed_logins.as_ref().map_or(Ok(()), |bucket| bucket.look(of_name(name)))
    }

    /// Counts a log-in as `name` that has failed; names that nobody has count as well.
    pub fn log_in_failed(&self, name: &str) {
        // Where nothing is left to take, that is known already.
        let _known = self.taken(Kind::FailedLogin, || of_name(name));
    }

    fn counted(&self, kind: Kind, client: IpAddr, key: impl FnOnce() -> u128) -> Result<(), TooMany> {
        if self.exempt.contain(client) { Ok(()) } else { self.taken(kind, key) }
    }

    fn taken(&self, kind: Kind, key: impl FnOnce() -> u128) -> Result<(), TooMany> {
        let Some(bucket) = self.bucket(kind) else { return Ok(()) };
        let key = key();
        bucket.take(key)?;
        self.told.count(kind, key);
        Ok(())
    }

    fn bucket(&self, kind: Kind) -> Option<&Bucket> {
        match kind {
            Kind::Address => self.addresses.as_ref(),
            Kind::Caller => self.callers.as_ref(),
            Kind::SignUp => self.sign_ups.as_ref(),
            Kind::FailedLogin => self.failed_logins.as_ref(),
        }
    }

    /// Counts what another node has counted.
    fn also(&self, count: &Count) {
        let Some(bucket) = count.kind().and_then(|kind| self.bucket(kind)) else { return };
        // Beyond what is left there is nothing to take.
        let _taken = (0..count.times.min(bucket.quota())).all(|_| bucket.take(count.key).is_ok());
    }
}

/// Somebody with IPv6 has 2^64 addresses of their own: what is counted there is the network.
fn of_address(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

/// Names differ as they do to a log-in; what is kept and told is a hash.
fn of_name(name: &str) -> u128 {
    let hash = Sha256::digest(name.trim().to_lowercase());
    let (half, _) = hash.split_first_chunk::<16>().expect("SHA-256 has 32 bytes");
    u128::from_le_bytes(*half)
}

#[cfg(test)]
#[path = "limits_test.rs"]
mod test;
