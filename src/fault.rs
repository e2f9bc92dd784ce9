//! Why the program ends before it was told to, and with which exit code.

use std::fmt::{self, Display};

use crate::config::ConfigError;
use crate::secrets::SecretsFault;

/// Why a node could not start or go on.
#[derive(Debug)]
pub enum NodeFault {
    /// It was asked for what cannot be: exit code 2.
    Config(ConfigError),
    /// Something failed: exit code 1.
    Failed(String),
}

impl NodeFault {
    /// Something failed.
    pub fn failed(what: impl Display) -> Self {
        Self::Failed(what.to_string())
    }

    /// What the process ends with.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => 2,
            Self::Failed(_) => 1,
        }
    }
}

impl Display for NodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Failed(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for NodeFault {}

impl From<ConfigError> for NodeFault {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<SecretsFault> for NodeFault {
    fn from(fault: SecretsFault) -> Self {
        match fault {
            SecretsFault::Config(error) => Self::Config(error),
            SecretsFault::Io(path, error) => Self::failed(format!("{}: {error}", path.display())),
        }
    }
}

impl From<std::io::Error> for NodeFault {
    fn from(error: std::io::Error) -> Self {
        Self::failed(error)
    }
}
