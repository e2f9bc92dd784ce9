//! The demo's secrets: drawn anew every time, and gone with it.

use domain::ports::Random;

use crate::clock::SystemRandom;

/// The operator's name.
pub(super) const USERNAME: &str = "operator";

/// What the nodes of one demo share.
pub(super) struct Keys {
    /// The operator's password.
    pub(super) password: String,
    cluster_secret: String,
}

impl Keys {
    pub(super) fn draw() -> Self {
        Self { password: hex::<12>(), cluster_secret: hex::<32>() }
    }

    /// As a node reads them from its environment.
    pub(super) fn settings(&self) -> [(&'static str, &str); 3] {
        [
            ("ONSALE_AUTH__OPERATOR_USERNAME", USERNAME),
            ("ONSALE_AUTH__OPERATOR_PASSWORD", &self.password),
            ("ONSALE_CLUSTER__SECRET", &self.cluster_secret),
        ]
    }
}

fn hex<const BYTES: usize>() -> String {
    let mut bytes = [0; BYTES];
    SystemRandom.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
