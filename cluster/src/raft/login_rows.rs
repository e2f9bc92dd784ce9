//! Step ⑥: who logs in with what, as rows. Many logins share a row: the store remembers every page of a few rows in
//! memory, and there are two logins an account.
//!
//! Logins whose hashes begin with the same bits are a bucket, which is one row, and another one for what does not fit. A
//! login never moves from one row to another, so a crash between two rows of a bucket loses nothing. Hazard: a bucket is read
//! before it is written, so whatever was written to it before must have taken effect.

use std::collections::BTreeMap;
use std::io;

use domain::account::Login;
use domain::ids::UserId;

use super::account_rows::Table;
use crate::journal::disk::Op;
use crate::journal::{format, keys};

/// Of the hash, so many bits say which bucket it is: eight logins in one for a million accounts, eighty for ten million.
const BUCKET_BITS: u32 = 18;
/// Logins in one row: what the store takes as one value.
const MOST: usize = 256;
const WHAT: &str = "a row of logins";

/// The logins of one row.
type Logins = Vec<(Login, UserId)>;

fn bucket(login: Login) -> u32 {
    let [first, second, third, fourth, ..] = login.0;
    u32::from_be_bytes([first, second, third, fourth]) >> (u32::BITS - BUCKET_BITS)
}

/// The rows of a bucket, in their order.
fn read(table: &Table, bucket: u32) -> io::Result<Vec<Logins>> {
    let mut rows = Vec::new();
    table.scan(&keys::logins(table.generation(), bucket), |_, row| {
        rows.push(format::decode(&WHAT, row)?);
        Ok(())
    })?;
    Ok(rows)
}

/// Who logs in with `login`.
pub(super) fn owner_of(table: &Table, login: Login) -> io::Result<Option<UserId>> {
    let rows = read(table, bucket(login))?;
    let found = rows.iter().flatten().find(|(known, _)| *known == login);
    Ok(found.map(|(_, owner)| *owner))
}

/// What makes `changes` so, in rows of `table`.
pub(super) fn ops(
    table: &Table,
    changes: impl Iterator<Item = (Login, Option<UserId>)>,
) -> io::Result<Vec<Op>> {
    let mut buckets: BTreeMap<u32, Vec<_>> = BTreeMap::new();
    for change in changes {
        buckets.entry(bucket(change.0)).or_default().push(change);
    }
    let mut ops = Vec::new();
    for (bucket, changes) in buckets {
        let before = read(table, bucket)?;
        let mut rows = before.clone();
        changes.into_iter().for_each(|(login, owner)| change(&mut rows, login, owner));
        for (number, row) in (0..).zip(&rows) {
            if before.get(number as usize) != Some(row) {
                let key = keys::login_row(table.generation(), bucket, number);
                ops.push(Op::Put(key, format::encode(row, &[])?));
            }
        }
    }
    Ok(ops)
}

/// In its place, or in the first row with room.
fn change(rows: &mut Vec<Logins>, login: Login, owner: Option<UserId>) {
    let known = rows.iter_mut().find_map(|row| {
        let place = row.iter().position(|(known, _)| *known == login)?;
        Some((row, place))
    });
    match (known, owner) {
        (Some((row, place)), Some(owner)) => row[place].1 = owner,
        (Some((row, place)), None) => drop(row.swap_remove(place)),
        (None, Some(owner)) => match rows.iter_mut().find(|row| row.len() < MOST) {
            Some(row) => row.push((login, owner)),
            None => rows.push(vec![(login, owner)]),
        },
        (None, None) => {}
    }
}

#[cfg(test)]
mod test {
    use std::sync::Arc;

    use rand::rngs::SmallRng;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::journal::chunks::MAX_VALUE_BYTES;
    use crate::journal::{LogDisk, MemoryDisk};

    fn login(number: u128) -> Login {
        // All of one bucket.
        Login(number.to_be_bytes())
    }

    #[test]
    fn a_full_row_is_a_value_that_the_store_takes() {
        let row: Logins = (0..MOST as u128).map(|number| (login(number), UserId::new(1))).collect();
        assert!(format::encode(&row, &[]).unwrap().len() <= MAX_VALUE_BYTES);
    }

    #[test]
    fn hashes_are_spread_over_all_buckets() {
        let ends = [Login([0; 16]), Login([0xff; 16])].map(bucket);
        assert_eq!(ends, [0, (1 << BUCKET_BITS) - 1]);
        assert_ne!(bucket(Login([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])), 0);
    }

    /// Writes half of the rows again, as one does who was cut off in the middle and begins anew.
    #[tokio::test]
    async fn a_bucket_that_overflows_is_what_a_map_would_be_and_a_crash_between_its_rows_loses_nothing() {
        let disk = MemoryDisk::new();
        let table = Table::new(Arc::new(disk.clone()), 3);
        let mut random = SmallRng::seed_from_u64(11);
        let mut twin: BTreeMap<Login, UserId> = BTreeMap::new();
        for round in 0..40 {
            let changes: BTreeMap<Login, Option<UserId>> = (0..60)
                .map(|_| {
                    let owner = random.random_range(0..4) > 0;
                    (login(random.random_range(0..900)), owner.then(|| UserId::new(round)))
                })
                .collect();
            let changes = || changes.iter().map(|(login, owner)| (*login, *owner));
            let first = ops(&table, changes()).unwrap();
            let written = random.random_range(0..=first.len());
            disk.write_through(first.into_iter().take(written).collect()).await.unwrap();
            for (known, owner) in &twin {
                if !changes().any(|(changed, _)| changed == *known) {
                    assert_eq!(owner_of(&table, *known).unwrap(), Some(*owner), "round {round}");
                }
            }
            disk.write_through(ops(&table, changes()).unwrap()).await.unwrap();
            for (login, owner) in changes() {
                match owner {
                    Some(owner) => drop(twin.insert(login, owner)),
                    None => drop(twin.remove(&login)),
                }
            }
            for number in 0..900 {
                assert_eq!(owner_of(&table, login(number)).unwrap(), twin.get(&login(number)).copied());
            }
            assert_eq!(ops(&table, changes()).unwrap(), [], "it is so already");
        }
        assert!(read(&table, 0).unwrap().len() > 1, "{} logins are in one row", twin.len());
    }
}
