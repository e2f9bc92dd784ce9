//! Step ⑥: the accounts, on disk: what the last checkpoint wrote, and in memory only what has changed since.
//!
//! Owns when that is written. A snapshot of this group is a checkpoint: it is the state on the disk itself, and becomes a
//! file only when a peer needs one. Between two checkpoints nothing on the disk changes, so it can be read and copied
//! while the state goes on. Hazard: a read may fail. Whoever reads compares [`Registers::faults`] before and after, and
//! believes nothing where a fault came between.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::account::{Account, Changes, Login, Registry, SealName, apply};
use domain::event::Sale;
use domain::ids::{EventId, UserId};

use super::account_rows::{Row, Rows, Standing, Table};
use super::machines::{Keeping, Machine};
use super::network::Snapshot;
use super::snapshots::{Loaded, SnapshotFile, Snapshots};
use super::types::{Applied, Entry, SaleBatch, SnapshotMeta};
use crate::journal::{LogDisk, format};

/// With so many changes in memory it is time for a checkpoint.
const MANY: usize = 8_192;
/// Accounts that are kept in memory, about: twice as many at most, some 600 bytes each.
const CACHED: usize = 16_384;

/// All accounts: those on the disk, and over them what has changed since.
#[derive(Clone)]
pub(crate) struct Registers {
    kept: Kept,
    changes: Changes,
}

/// What is on the disk, as of the last checkpoint.
#[derive(Clone)]
struct Kept {
    table: Table,
    cache: Arc<Cache>,
    faults: Arc<AtomicU64>,
}

impl Kept {
    fn new(table: Table) -> Self {
        Self { table, cache: Arc::default(), faults: Arc::default() }
    }

    /// What was read; a failure is counted and told of once, here.
    fn read<T>(&self, read: io::Result<Option<T>>) -> Option<T> {
        read.unwrap_or_else(|error| {
            self.faults.fetch_add(1, Ordering::AcqRel);
            tracing::error!(%error, "the accounts cannot be read");
            None
        })
    }
}

impl Registry for Kept {
    fn account(&self, id: UserId) -> Option<Arc<Account>> {
        if let Some(cached) = self.cache.get(id) {
            return Some(cached);
        }
        let account = self.read(self.table.account(id)).map(Arc::new)?;
        self.cache.put(&account);
        Some(account)
    }

    fn owner_of(&self, login: Login) -> Option<UserId> {
        self.read(self.table.owner_of(login))
    }

    fn seal(&self) -> Option<SealName> {
        self.read(self.table.seal())
    }
}

impl Registry for Registers {
    fn account(&self, id: UserId) -> Option<Arc<Account>> {
        self.changes.over(&self.kept).account(id)
    }

    fn owner_of(&self, login: Login) -> Option<UserId> {
        self.changes.over(&self.kept).owner_of(login)
    }

    fn seal(&self) -> Option<SealName> {
        self.changes.over(&self.kept).seal()
    }
}

impl Registers {
    /// How often reading has failed so far.
    pub(crate) fn faults(&self) -> u64 {
        self.kept.faults.load(Ordering::Acquire)
    }

    fn rows(&self) -> Vec<Row> {
        let accounts = self.changes.accounts.iter();
        let accounts = accounts.map(|(id, account)| Row::Account(*id, account.clone()));
        let logins = self.changes.logins.iter().map(|(login, owner)| Row::Login(*login, *owner));
        accounts.chain(logins).chain(self.changes.seal.map(Row::Seal)).collect()
    }
}

impl Machine for Registers {
    const GROWS: bool = true;

    async fn open<D: LogDisk>(
        keeping: &Keeping<D>,
        _newest: Option<Loaded>,
    ) -> io::Result<(Self, Option<SnapshotMeta>)> {
        let rows = Rows::new(keeping.group, keeping.disk.clone());
        let standing = rows.recover().await?;
        let table = rows.table(standing.generation());
        table.check()?;
        let meta = standing.meta()?;
        if let Some(meta) = &meta {
            keeping.snapshots.cover(meta);
        }
        Ok((Self { kept: Kept::new(table), changes: Changes::default() }, meta))
    }

    fn apply(&mut self, entry: &Entry, _seen: &mut dyn FnMut(&SaleBatch, &Sale)) -> io::Result<Applied> {
        let Entry::Accounts(facts) = entry else { return Ok(Applied::Foreign) };
        let before = self.faults();
        facts.iter().for_each(|fact| apply(&self.kept, &mut self.changes, fact));
        if self.faults() == before {
            Ok(Applied::Whole)
        } else {
            Err(format::damaged(&"an account", "see the log"))
        }
    }

    fn is_heavy(&self) -> bool {
        self.changes.len() >= MANY
    }

    async fn save<D: LogDisk>(
        machine: Arc<Self>,
        meta: &SnapshotMeta,
        keeping: &Keeping<D>,
    ) -> io::Result<SnapshotFile> {
        let rows = Rows::new(keeping.group, keeping.disk.clone());
        let standing = Standing::of(keeping.group, machine.kept.table.generation(), meta);
        let write = async move { rows.checkpoint(&standing, &machine.rows()).await };
        keeping.blocking.finish(write).await?;
        Ok(keeping.snapshots.cover(meta))
    }

    /// What is on the disk now need not be held in memory any more, unless it has changed again.
    fn saved(&mut self, saved: &Self) {
        self.kept.cache.forget(saved.changes.accounts.keys());
        self.changes.accounts.retain(|id, now| saved.changes.accounts.get(id) != Some(now));
        self.changes.logins.retain(|login, now| saved.changes.logins.get(login) != Some(now));
        if self.changes.seal == saved.changes.seal {
            self.changes.seal = None;
        }
    }

    fn check(snapshots: &Snapshots, path: &Path, meta: &SnapshotMeta) -> io::Result<Vec<(EventId, u64)>> {
        snapshots.read_head(path)?.require(meta)?;
        Ok(Vec::new())
    }

    async fn install<D: LogDisk>(
        meta: &SnapshotMeta,
        file: SnapshotFile,
        keeping: &Keeping<D>,
    ) -> io::Result<Self> {
        let rows = Rows::new(keeping.group, keeping.disk.clone());
        let (snapshots, path) = (keeping.snapshots.clone(), file.path.clone());
        let dump = keeping.blocking.run(move || snapshots.read_head(&path)).await?;
        dump.require(meta)?;
        let covered = meta.clone();
        let table = keeping.blocking.finish(async move { rows.replace(&covered, dump).await }).await?;
        keeping.snapshots.cover(meta);
        Ok(Self { kept: Kept::new(table), changes: Changes::default() })
    }

    async fn outgoing<D: LogDisk>(
        _snapshot: Snapshot,
        keeping: &Keeping<D>,
    ) -> io::Result<(SnapshotMeta, File, u64)> {
        // No checkpoint meanwhile: the disk must stay as it is.
        let _turn = keeping.snapshots.turn().await;
        let rows = Rows::new(keeping.group, keeping.disk.clone());
        let snapshots = keeping.snapshots.clone();
        keeping.blocking.run(move || rows.dump(&snapshots)).await
    }

    fn digest(&self) -> io::Result<u32> {
        let mut changed = self.changes.accounts.clone();
        let mut crc = 0;
        let mut add = |account: &Account| -> io::Result<()> {
            crc = crc32c::crc32c_append(crc, &format::encode_bare(account)?);
            Ok(())
        };
        self.kept.table.each(|account| {
            let later = changed.split_off(&account.id);
            let before = std::mem::replace(&mut changed, later);
            before.values().flatten().try_for_each(|account| add(account))?;
            match changed.remove(&account.id) {
                Some(Some(instead)) => add(&instead),
                Some(None) => Ok(()),
                None => add(&account),
            }
        })?;
        changed.values().flatten().try_for_each(|account| add(account))?;
        Ok(crc)
    }
}

/// The accounts that were read last. When the young ones are many they become the old ones, and those are forgotten.
#[derive(Default)]
struct Cache(Mutex<[BTreeMap<UserId, Arc<Account>>; 2]>);

impl Cache {
    fn lock(&self) -> MutexGuard<'_, [BTreeMap<UserId, Arc<Account>>; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, id: UserId) -> Option<Arc<Account>> {
        let mut both = self.lock();
        let [young, old] = &mut *both;
        if let Some(account) = young.get(&id) {
            return Some(account.clone());
        }
        let account = old.remove(&id)?;
        young.insert(id, account.clone());
        Some(account)
    }

    fn put(&self, account: &Arc<Account>) {
        let mut both = self.lock();
        let [young, old] = &mut *both;
        if young.len() >= CACHED {
            *old = std::mem::take(young);
        }
        young.insert(account.id, account.clone());
    }

    fn forget<'a>(&self, ids: impl Iterator<Item = &'a UserId>) {
        let mut both = self.lock();
        for id in ids {
            both.iter_mut().for_each(|part| drop(part.remove(id)));
        }
    }
}

#[cfg(test)]
#[path = "accounts_test.rs"]
mod test;
