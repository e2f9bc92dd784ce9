//! Why a cluster cannot be opened. Each message says what to do next.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the node's part of the cluster could not start.
#[derive(Debug)]
pub enum ClusterError {
    /// Another process has the data directory.
    InUse {
        /// Which.
        dir: PathBuf,
    },
    /// The directory was formed with another number of shards.
    OtherShards {
        /// With how many.
        stored: u16,
        /// With how many the node was started.
        wanted: u16,
    },
    /// The directory belongs to another node.
    OtherNode {
        /// Whose it is.
        stored: u32,
        /// Who came.
        wanted: u32,
    },
    /// The directory belongs to a node of the other kind.
    OtherKind {
        /// Whether it is a gateway's.
        gateway: bool,
    },
    /// The cluster does not take this node.
    NotAdmitted(String),
    /// There is a journal but nothing that says whose.
    NoIdentity {
        /// The missing file.
        file: PathBuf,
    },
    /// Something that was acknowledged is not there any more as it was written. The files are left as they are.
    Damaged {
        /// What, and how it was found out.
        what: String,
    },
    /// A setting cannot be.
    Setting(String),
    /// The disk, or what is on it.
    Io(io::Error),
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { dir } => write!(
                f,
                "the data directory {} is used by another process; stop that one, or start this node with another --data",
                dir.display()
            ),
            Self::OtherShards { stored, wanted } => write!(
                f,
                "the data directory was formed with {stored} shards and cannot be used with {wanted}; set the number \
                 back to {stored}, or start with an empty directory"
            ),
            Self::OtherNode { stored, wanted } => write!(
                f,
                "the data directory belongs to node {stored}, not to node {wanted}; start with --node {stored}, or \
                 with another --data"
            ),
            Self::OtherKind { gateway: true } => f.write_str(
                "the data directory belongs to a gateway; start with --gateway, or with another --data",
            ),
            Self::OtherKind { gateway: false } => f.write_str(
                "the data directory belongs to a node with replicas; start without --gateway, or with another --data",
            ),
            Self::NotAdmitted(why) => write!(f, "the cluster does not take this node: {why}"),
            Self::NoIdentity { file } => write!(
                f,
                "there is a journal, but {} is missing; restore it from a backup, or start with an empty directory",
                file.display()
            ),
            Self::Damaged { what } => {
                write!(f, "{what}; restore the data directory from a backup, or start with an empty one")
            }
            Self::Setting(what) => f.write_str(what),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClusterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for ClusterError {
    /// Whatever reads stored bytes and finds them other than they were written says so by
    /// [`io::ErrorKind::InvalidData`].
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::InvalidData => Self::Damaged { what: error.to_string() },
            _ => Self::Io(error),
        }
    }
}
