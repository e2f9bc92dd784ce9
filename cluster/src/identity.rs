//! What a data directory is, and whose: the lock that keeps a second process out, and the record made at formation.
//!
//! Hazard: the number of shards decides where events live. It is fixed when the directory is formed; a node that comes
//! with another number is refused.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::ClusterError;
use crate::journal::format::{self, v1::IdentityRecord};

/// A data directory in use by this process.
pub(crate) struct DataDir {
    path: PathBuf,
    /// Released by the system when the process ends, however it ends.
    _lock: File,
}

impl DataDir {
    /// Takes `path` for this process; makes the directory where there is none.
    pub(crate) fn open(path: &Path) -> Result<Self, ClusterError> {
        if !path.exists() {
            fs::create_dir_all(path)?;
            // Else a power cut may take the name of the directory, and all that is in it.
            File::open(path.join(".."))?.sync_all()?;
        }
        let lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ClusterError::InUse { dir: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// A place in the directory.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What the directory was formed as; an empty one becomes `wanted`.
    pub(crate) fn identify(&self, wanted: IdentityRecord) -> Result<IdentityRecord, ClusterError> {
        let path = self.join("identity");
        let stored = match fs::read(&path) {
            Ok(bytes) => format::decode(&format_args!("the identity file {}", path.display()), &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.join("journal").exists() {
                    return Err(ClusterError::NoIdentity { file: path });
                }
                self.save(wanted)?;
                wanted
            }
            Err(error) => return Err(error.into()),
        };
        if stored.shards != wanted.shards {
            return Err(ClusterError::OtherShards { stored: stored.shards, wanted: wanted.shards });
        }
        if stored.node != wanted.node {
            return Err(ClusterError::OtherNode { stored: stored.node, wanted: wanted.node });
        }
        Ok(stored)
    }

    /// Replaces the identity durably.
    pub(crate) fn save(&self, identity: IdentityRecord) -> io::Result<()> {
        let unfinished = self.join("identity.unfinished");
        let mut file = File::create(&unfinished)?;
        file.write_all(&format::encode(&identity, &[])?)?;
        file.sync_all()?;
        fs::rename(unfinished, self.join("identity"))?;
        File::open(&self.path)?.sync_all()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    const FIRST: IdentityRecord = IdentityRecord { node: 1, shards: 16, formed: false };

    #[test]
    fn a_directory_stays_what_it_was_formed_as() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let formed = IdentityRecord { formed: true, ..FIRST };
        {
            let data = DataDir::open(&path).unwrap();
            assert_eq!(data.identify(FIRST).unwrap(), FIRST);
            data.save(formed).unwrap();
        }
        let data = DataDir::open(&path).unwrap();
        assert_eq!(data.identify(FIRST).unwrap(), formed);
        let shards = data.identify(IdentityRecord { shards: 8, ..FIRST }).unwrap_err();
        assert!(shards.to_string().contains("16 shards") && shards.to_string().contains("8"), "{shards}");
        let node = data.identify(IdentityRecord { node: 2, ..FIRST }).unwrap_err();
        assert!(node.to_string().contains("node 1"), "{node}");
    }

    #[test]
    fn a_directory_is_used_by_one_process() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::open(dir.path()).unwrap();
        let second = DataDir::open(dir.path()).err().unwrap();
        assert!(second.to_string().contains("another process"), "{second}");
        drop(first);
        DataDir::open(dir.path()).unwrap();
    }

    #[test]
    fn a_lost_or_damaged_identity_is_not_made_up() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        data.identify(FIRST).unwrap();
        let mut bytes = fs::read(data.join("identity")).unwrap();
        bytes[7] ^= 1;
        fs::write(data.join("identity"), bytes).unwrap();
        let damaged = data.identify(FIRST).unwrap_err();
        assert!(damaged.to_string().contains("identity"), "{damaged}");
        fs::remove_file(data.join("identity")).unwrap();
        fs::create_dir(data.join("journal")).unwrap();
        assert!(matches!(data.identify(FIRST), Err(ClusterError::NoIdentity { .. })));
    }
}
