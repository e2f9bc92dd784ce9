//! Who this node is to others: the cluster, its id there, the secret that all nodes share. Owns nothing of a connection.
//!
//! Hazard: the secret is whoever has it. It has no form that can be printed, and leaves this module only as a keyed MAC.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

use domain::ports::Random;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::seldom::Seldom;
use crate::raft::types::{NodeId, node_number};

/// A MAC under way.
pub(crate) type Mac = Hmac<Sha256>;

/// The `from` of a caller that has the secret and is no node of the cluster yet. It may ask [`JOIN`] and nothing else.
pub const STRANGER: NodeId = NodeId::MAX;

/// The one service that a node may ask before it belongs to a cluster.
pub const JOIN: &str = "join";

/// The protocol versions that this program speaks.
pub const SPOKEN: RangeInclusive<u16> = 1..=1;

/// Which cluster: drawn at its formation, so that no two are ever taken for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub u128);

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The secret that all nodes of a cluster share.
#[derive(Clone)]
pub struct PeerSecret(Mac);

impl PeerSecret {
    /// Fewer bytes can be guessed.
    pub const MIN_BYTES: usize = 16;

    /// Takes `secret` as it is in the configuration.
    ///
    /// # Errors
    /// It is too short; the text says so without showing it.
    pub fn new(secret: &[u8]) -> Result<Self, ShortSecret> {
        if secret.len() < Self::MIN_BYTES {
            return Err(ShortSecret { bytes: secret.len() });
        }
        Ok(Self(keyed(secret)))
    }

    /// The MAC of `parts`, one after the other. Each use has a `label` of its own, so that none stands for another.
    pub(crate) fn mac(&self, label: &str, parts: &[&[u8]]) -> Mac {
        let mut mac = self.0.clone();
        mac.update(label.as_bytes());
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for PeerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeerSecret(…)")
    }
}

/// A MAC keyed by `key`.
pub(crate) fn keyed(key: &[u8]) -> Mac {
    Mac::new_from_slice(key).expect("HMAC takes a key of any length")
}

/// A secret that could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShortSecret {
    bytes: usize,
}

impl fmt::Display for ShortSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes } = self;
        let least = PeerSecret::MIN_BYTES;
        write!(
            f,
            "the cluster secret has {bytes} bytes and needs {least} or more; make one with `openssl rand -hex 32` and \
             give it to every node"
        )
    }
}

impl std::error::Error for ShortSecret {}

/// A node's place in its cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Of which cluster.
    pub cluster: ClusterId,
    /// As which node, in which life.
    pub node: NodeId,
}

/// This node, as its peers see it.
pub struct Me {
    membership: OnceLock<Membership>,
    /// Tells this process from one that ran before it under the same id, whose clock began elsewhere.
    process: u64,
    secret: PeerSecret,
    spoken: RangeInclusive<u16>,
    random: Arc<dyn Random>,
    pub(crate) seldom: Seldom,
}

impl Me {
    /// A node that has `secret` and belongs nowhere yet.
    #[must_use]
    pub fn new(secret: PeerSecret, random: Arc<dyn Random>) -> Arc<Self> {
        Self::speaking(SPOKEN, secret, random)
    }

    /// A node of another version of the program.
    pub(crate) fn speaking(
        spoken: RangeInclusive<u16>,
        secret: PeerSecret,
        random: Arc<dyn Random>,
    ) -> Arc<Self> {
        let mut process = [0; 8];
        random.fill(&mut process);
        let process = u64::from_le_bytes(process);
        Arc::new(Self {
            membership: OnceLock::new(),
            process,
            secret,
            spoken,
            random,
            seldom: Seldom::default(),
        })
    }

    /// Makes the node part of a cluster, once and for all: at formation, after joining, or from the identity file.
    ///
    /// # Errors
    /// It belongs to another cluster, or is another node, already: to which and as which.
    pub fn belong(&self, membership: Membership) -> Result<(), Membership> {
        let stored = *self.membership.get_or_init(|| membership);
        if stored == membership { Ok(()) } else { Err(stored) }
    }

    /// The node's place in its cluster, once it has one.
    #[must_use]
    pub fn membership(&self) -> Option<Membership> {
        self.membership.get().copied()
    }

    pub(crate) fn process(&self) -> u64 {
        self.process
    }

    pub(crate) fn secret(&self) -> &PeerSecret {
        &self.secret
    }

    pub(crate) fn spoken(&self) -> &RangeInclusive<u16> {
        &self.spoken
    }

    pub(crate) fn nonce(&self) -> [u8; 32] {
        let mut nonce = [0; 32];
        self.random.fill(&mut nonce);
        nonce
    }
}

/// A node as people know it.
pub(crate) fn named(node: NodeId) -> String {
    format!("node {} life {}", node_number(node), node >> 32)
}
