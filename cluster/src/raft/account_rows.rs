//! Step ⑥: accounts as rows of the node's store: what each row is, and in which order rows are written.
//!
//! A checkpoint is whole or did not happen. What survives a crash is a prefix of the writes, so its rows are first written
//! beside the others, then it is said that they are to be taken over, then they are, then it is said that they were;
//! whoever starts finishes what was said. A state that comes from a peer is written as another generation of rows, which
//! counts once the standing says so. Hazard: rows are small and whole; nothing here may grow beyond what the store takes.

use std::fs::File;
use std::io;
use std::sync::Arc;

use domain::account::{Account, Login, SealName};
use domain::ids::UserId;
use serde::{Deserialize, Serialize};

use super::dump::{Dump, Writing};
use super::snapshots::Snapshots;
use super::types::SnapshotMeta;
use crate::journal::disk::{GroupId, LogDisk, Op, Write};
use crate::journal::format::{self, damaged, v1::SnapshotHead};
use crate::journal::keys;

/// Rows that are read or written at once: what else the journal has to do comes between.
const AT_ONCE: usize = 256;

/// A row as it is to be; `None` is to be gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Row {
    Account(UserId, Option<Arc<Account>>),
    Login(Login, Option<UserId>),
    Seal(SealName),
}

impl Row {
    fn op(&self, generation: u32) -> io::Result<Op> {
        let put_or_remove = |key, value: Option<io::Result<Vec<u8>>>| {
            Ok(match value.transpose()? {
                Some(value) => Op::Put(key, value),
                None => Op::Remove(key),
            })
        };
        match self {
            Self::Account(id, account) => {
                let value = account.as_ref().map(|account| format::encode(&**account, &[]));
                put_or_remove(keys::account(generation, *id), value)
            }
            Self::Login(login, owner) => {
                let value = owner.as_ref().map(|owner| format::encode(owner, &[]));
                put_or_remove(keys::login(generation, *login), value)
            }
            Self::Seal(seal) => put_or_remove(keys::seal(generation), Some(format::encode(seal, &[]))),
        }
    }
}

/// What the rows are the state of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    generation: u32,
    /// Rows that wait to be taken over.
    waiting: u64,
    head: Option<SnapshotHead>,
}

impl Standing {
    pub(crate) fn of(group: GroupId, generation: u32, meta: &SnapshotMeta) -> Self {
        let head = SnapshotHead::new(group.number(), meta, (0, 0));
        Self { generation, waiting: 0, head: Some(head) }
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    /// `None`: of nothing.
    pub(crate) fn meta(&self) -> io::Result<Option<SnapshotMeta>> {
        self.head.as_ref().map(|head| head.meta(&WHAT)).transpose()
    }

    fn op(&self, group: GroupId, waiting: u64) -> io::Result<Op> {
        let standing = Standing { generation: self.generation, waiting, head: self.head.clone() };
        Ok(Op::Put(keys::standing(group), format::encode(&standing, &[])?))
    }
}

const WHAT: &str = "the standing of the accounts";

/// Reads a store's rows.
pub(crate) trait ReadRows: Send + Sync {
    fn row(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>>;
    fn rows(&self, prefix: &[u8], from: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>>;
}

impl<D: LogDisk> ReadRows for D {
    fn row(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.get(key)
    }

    fn rows(&self, prefix: &[u8], from: &[u8]) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.scan_from(prefix, from, AT_ONCE)
    }
}

/// The rows of one generation, to be read.
#[derive(Clone)]
pub(crate) struct Table {
    rows: Arc<dyn ReadRows>,
    generation: u32,
}

impl Table {
    pub(crate) fn new(rows: Arc<dyn ReadRows>, generation: u32) -> Self {
        Self { rows, generation }
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    pub(crate) fn account(&self, id: UserId) -> io::Result<Option<Account>> {
        let row = self.rows.row(&keys::account(self.generation, id))?;
        row.map(|row| format::decode(&id, &row)).transpose()
    }

    pub(crate) fn owner_of(&self, login: Login) -> io::Result<Option<UserId>> {
        let row = self.rows.row(&keys::login(self.generation, login))?;
        row.map(|row| format::decode(&"a login", &row)).transpose()
    }

    pub(crate) fn seal(&self) -> io::Result<Option<SealName>> {
        let row = self.rows.row(&keys::seal(self.generation))?;
        row.map(|row| format::decode(&"the name of the seal", &row)).transpose()
    }

    /// Shows every account, in the order of ids.
    pub(crate) fn each(&self, mut see: impl FnMut(Account) -> io::Result<()>) -> io::Result<()> {
        self.scan(&keys::accounts(self.generation), |key, row| see(format::decode(&shown(key), row)?))
    }

    /// Reads all of it: what is damaged is to be found before it is used.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.scan(&keys::generation(self.generation), |key, row| format::check(&shown(key), row))
    }

    fn scan(&self, prefix: &[u8], mut see: impl FnMut(&[u8], &[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut from = prefix.to_vec();
        loop {
            let rows = self.rows.rows(prefix, &from)?;
            rows.iter().try_for_each(|(key, row)| see(key, row))?;
            match rows.last() {
                Some((last, _)) if rows.len() == AT_ONCE => from = after(last),
                _ => return Ok(()),
            }
        }
    }
}

/// The least key behind `key`.
fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

fn shown(key: &[u8]) -> String {
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("row {digits} of the accounts")
}

/// The rows of the accounts, to be written.
pub(crate) struct Rows<D> {
    group: GroupId,
    disk: D,
}

impl<D: LogDisk> Rows<D> {
    pub(crate) fn new(group: GroupId, disk: D) -> Self {
        Self { group, disk }
    }

    /// The rows of `generation`.
    pub(crate) fn table(&self, generation: u32) -> Table {
        Table::new(Arc::new(self.disk.clone()), generation)
    }

    fn standing(&self) -> io::Result<Standing> {
        match self.disk.get(&keys::standing(self.group))? {
            Some(stored) => format::decode(&WHAT, &stored),
            None => Ok(Standing { generation: 0, waiting: 0, head: None }),
        }
    }

    /// Finishes what a crash has interrupted; gives what the rows are the state of then.
    pub(crate) async fn recover(&self) -> io::Result<Standing> {
        let standing = self.standing()?;
        if standing.waiting > 0 {
            let mut rows = Vec::new();
            for number in 0..standing.waiting {
                let stored = self.disk.get(&keys::waiting(self.group, number))?;
                let stored = stored.ok_or_else(|| damaged(&WHAT, "rows that wait are missing"))?;
                rows.push(format::decode(&"a row that waits", &stored)?);
            }
            self.take_over(&standing, &rows).await?;
        }
        self.remove(&keys::all_waiting(self.group)).await?;
        // What was replaced, and what was to replace it.
        for other in [standing.generation.wrapping_sub(1), standing.generation.wrapping_add(1)] {
            self.remove(&keys::generation(other)).await?;
        }
        Ok(standing)
    }

    /// Has all of `rows` on disk, and that they are the state of `standing`, or nothing of it.
    pub(crate) async fn checkpoint(&self, standing: &Standing, rows: &[Row]) -> io::Result<()> {
        let wait = |(number, row)| Ok(Op::Put(keys::waiting(self.group, number), format::encode(row, &[])?));
        let mut ops = (0..).zip(rows).map(wait).collect::<io::Result<Vec<_>>>()?;
        ops.push(standing.op(self.group, rows.len() as u64)?);
        self.submit(ops).await?;
        self.take_over(standing, rows).await?;
        let done = (0..rows.len() as u64).map(|number| Op::Remove(keys::waiting(self.group, number)));
        self.submit(done.collect()).await?;
        self.remove(&keys::generation(standing.generation.wrapping_sub(1))).await
    }

    /// Makes rows that wait the state; durable when it returns.
    async fn take_over(&self, standing: &Standing, rows: &[Row]) -> io::Result<()> {
        let ops = rows.iter().map(|row| row.op(standing.generation)).collect::<io::Result<Vec<_>>>()?;
        self.submit(ops).await?;
        self.disk.write_through(vec![standing.op(self.group, 0)?]).await
    }

    /// Replaces all rows by those in `dump`, which is of `meta`. Those of before stay until the next checkpoint: they are read
    /// until nobody has the state of before any more.
    pub(crate) async fn replace(&self, meta: &SnapshotMeta, mut dump: Dump) -> io::Result<Table> {
        let generation = self.standing()?.generation.wrapping_add(1);
        // Of an attempt that came to nothing, and what nobody reads any more.
        for other in [generation, generation.wrapping_sub(2)] {
            self.remove(&keys::generation(other)).await?;
        }
        loop {
            let rows = dump.next(AT_ONCE)?;
            if rows.is_empty() {
                break;
            }
            let put = |(key, value): (Vec<u8>, Vec<u8>)| {
                format::check(&"a row of an installed snapshot", &value)?;
                Ok(Op::Put([keys::generation(generation), key].concat(), value))
            };
            self.submit(rows.into_iter().map(put).collect::<io::Result<_>>()?).await?;
        }
        dump.finish()?;
        let standing = Standing::of(self.group, generation, meta).op(self.group, 0)?;
        self.disk.write_through(vec![standing]).await?;
        Ok(self.table(generation))
    }

    /// Writes all rows to a file without a name; gives what it is the state of, and its size.
    pub(crate) fn dump(&self, snapshots: &Snapshots) -> io::Result<(SnapshotMeta, File, u64)> {
        let standing = self.standing()?;
        let meta = standing.meta()?.ok_or_else(|| damaged(&WHAT, "there is nothing to send"))?;
        let prefix = keys::generation(standing.generation);
        let mut writing = Writing::begin(snapshots.outgoing()?, self.group, &meta)?;
        let table = self.table(standing.generation);
        table.scan(&prefix, |key, row| writing.row(&key[prefix.len()..], row))?;
        let (file, bytes) = writing.finish()?;
        Ok((meta, file, bytes))
    }

    /// Removes all rows under `prefix`.
    async fn remove(&self, prefix: &[u8]) -> io::Result<()> {
        let mut from = prefix.to_vec();
        loop {
            // What is removed may be found again until that has taken effect.
            let found = self.disk.scan_from(prefix, &from, AT_ONCE)?;
            let Some((last, _)) = found.last() else { return Ok(()) };
            from = after(last);
            self.submit(found.into_iter().map(|(key, _)| Op::Remove(key)).collect()).await?;
        }
    }

    /// Queues `ops` in their order, some at a time.
    async fn submit(&self, mut ops: Vec<Op>) -> io::Result<()> {
        while !ops.is_empty() {
            let rest = ops.split_off(ops.len().min(AT_ONCE));
            self.disk.submit(Write { ops, mark: None, synced: None }).await?;
            ops = rest;
        }
        Ok(())
    }
}
