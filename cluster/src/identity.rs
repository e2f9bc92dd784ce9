//! What a data directory is, and whose: the lock that keeps a second process out, and the record made at formation.
//!
//! Hazard: the number of shards decides where events live. It is fixed when the directory is formed; a node that comes
//! with another number is refused.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::ClusterError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::journal::format::{self, v1::IdentityRecord, v1::MemberRecord};

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

    /// What the directory was formed as; `None` where it is empty.
    pub(crate) fn identity(&self) -> Result<Option<IdentityRecord>, ClusterError> {
        let path = self.join("identity");
        let identity = self.read(&path)?;
        if identity.is_none() && self.join("journal").exists() {
            return Err(ClusterError::NoIdentity { file: path });
        }
        Ok(identity)
    }

    /// The cluster that the directory belongs to; `None` where it is empty, or from before there were clusters.
    pub(crate) fn member(&self) -> Result<Option<MemberRecord>, ClusterError> {
        self.read(&self.join("member"))
    }

    fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, ClusterError> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(format::decode(&path.display(), &bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the identity durably.
    pub(crate) fn save(&self, identity: IdentityRecord) -> io::Result<()> {
        self.replace("identity", &identity)
    }

    /// Replaces what is known of the cluster durably.
    pub(crate) fn save_member(&self, member: &MemberRecord) -> io::Result<()> {
        self.replace("member", member)
    }

    fn replace<T: Serialize>(&self, name: &str, record: &T) -> io::Result<()> {
        let unfinished = self.join(name).with_extension("unfinished");
        let mut file = File::create(&unfinished)?;
        file.write_all(&format::encode(record, &[])?)?;
        file.sync_all()?;
        fs::rename(unfinished, self.join(name))?;
        File::open(&self.path)?.sync_all()
    }

    /// Moves everything that is damaged out of the way, for whoever wants to look at it; gives the place. What is left is
    /// the directory of a node that has yet to join.
    pub(crate) fn set_aside(&self) -> io::Result<PathBuf> {
        let free = (1_u32..).map(|n| self.join(&format!("damaged-{n}"))).find(|path| !path.exists());
        let aside = free.unwrap_or_else(|| self.join("damaged"));
        fs::create_dir(&aside)?;
        // The identity goes last: until then a restart finds the damage again, and not a directory that lost its name.
        for name in ["snapshots", "journal", "identity"] {
            match fs::rename(self.join(name), aside.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        File::open(&self.path)?.sync_all()?;
        Ok(aside)
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
        let member = MemberRecord { cluster: 7, gateway: false, peers: vec!["there:1".to_owned()] };
        {
            let data = DataDir::open(&path).unwrap();
            assert_eq!(data.identity().unwrap(), None);
            assert_eq!(data.member().unwrap(), None);
            data.save(FIRST).unwrap();
            data.save_member(&member).unwrap();
        }
        let data = DataDir::open(&path).unwrap();
        assert_eq!(data.identity().unwrap(), Some(FIRST));
        assert_eq!(data.member().unwrap(), Some(member));
    }

    #[test]
    fn what_is_damaged_is_moved_aside_whole() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::open(dir.path()).unwrap();
        for n in 1..=2 {
            data.save(FIRST).unwrap();
            fs::create_dir(data.join("journal")).unwrap();
            let aside = data.set_aside().unwrap();
            assert_eq!(aside, data.join(&format!("damaged-{n}")));
            assert!(aside.join("journal").exists() && aside.join("identity").exists());
            assert_eq!(data.identity().unwrap(), None);
        }
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
        data.save(FIRST).unwrap();
        let mut bytes = fs::read(data.join("identity")).unwrap();
        bytes[7] ^= 1;
        fs::write(data.join("identity"), bytes).unwrap();
        let damaged = data.identity().unwrap_err();
        assert!(damaged.to_string().contains("identity"), "{damaged}");
        fs::remove_file(data.join("identity")).unwrap();
        fs::create_dir(data.join("journal")).unwrap();
        assert!(matches!(data.identity(), Err(ClusterError::NoIdentity { .. })));
    }
}
