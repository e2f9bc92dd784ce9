//! Step ⑤: the keys of the store. Big-endian numbers behind a one-byte tag, so that the order of the bytes is the order
//! of indexes and facts. Changing one is a change of the stored format.

use domain::account::Login;
use domain::ids::{EventId, UserId};

use super::disk::GroupId;

const LOG: u8 = b'l';
const ARCHIVE: u8 = b'a';
const VOTE: u8 = b'v';
const COMMITTED: u8 = b'c';
const PURGED: u8 = b'p';
const FLUSHES: u8 = b'f';
const ROWS: u8 = b'r';
const STANDING: u8 = b's';
const WAITING: u8 = b'w';

const OF_ACCOUNT: u8 = b'a';
const OF_LOGIN: u8 = b'l';
const OF_SEAL: u8 = b's';

fn of_group(tag: u8, group: GroupId) -> Vec<u8> {
    let mut key = vec![tag];
    key.extend_from_slice(&group.number().to_be_bytes());
    key
}

/// The prefix of a group's log chunks.
pub(crate) fn log(group: GroupId) -> Vec<u8> {
    of_group(LOG, group)
}

/// The prefix of the archived facts of an event.
pub(crate) fn archive(event: EventId) -> Vec<u8> {
    let mut key = vec![ARCHIVE];
    key.extend_from_slice(&event.number().to_be_bytes());
    key
}

/// Where a group's vote is kept.
pub(crate) fn vote(group: GroupId) -> Vec<u8> {
    of_group(VOTE, group)
}

/// Where the last committed log id of a group is kept.
pub(crate) fn committed(group: GroupId) -> Vec<u8> {
    of_group(COMMITTED, group)
}

/// Where the last purged log id of a group is kept.
pub(crate) fn purged(group: GroupId) -> Vec<u8> {
    of_group(PURGED, group)
}

/// The prefix of all rows of one generation of the accounts.
pub(crate) fn generation(generation: u32) -> Vec<u8> {
    let mut key = vec![ROWS];
    key.extend_from_slice(&generation.to_be_bytes());
    key
}

/// The prefix of those that are accounts.
pub(crate) fn accounts(of: u32) -> Vec<u8> {
    let mut key = generation(of);
    key.push(OF_ACCOUNT);
    key
}

/// Where an account is kept.
pub(crate) fn account(of: u32, id: UserId) -> Vec<u8> {
    let mut key = accounts(of);
    key.extend_from_slice(&id.number().to_be_bytes());
    key
}

/// Where it is kept who logs in with this.
pub(crate) fn login(of: u32, login: Login) -> Vec<u8> {
    let mut key = generation(of);
    key.push(OF_LOGIN);
    key.extend_from_slice(&login.0);
    key
}

/// Where it is kept what personal data is sealed with.
pub(crate) fn seal(of: u32) -> Vec<u8> {
    let mut key = generation(of);
    key.push(OF_SEAL);
    key
}

/// Where it is kept what the rows of a group are the state of.
pub(crate) fn standing(group: GroupId) -> Vec<u8> {
    of_group(STANDING, group)
}

/// The prefix of rows that wait to be taken over.
pub(crate) fn all_waiting(group: GroupId) -> Vec<u8> {
    of_group(WAITING, group)
}

/// The `number`-th of them.
pub(crate) fn waiting(group: GroupId, number: u64) -> Vec<u8> {
    let mut key = all_waiting(group);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// Where the number of the last flush is kept.
pub(crate) fn flushes() -> Vec<u8> {
    vec![FLUSHES]
}

/// The key of part `part` of the chunk that begins at `first` under `prefix`.
pub(crate) fn chunk(prefix: &[u8], first: u64, part: u32) -> Vec<u8> {
    let mut key = Vec::with_capacity(prefix.len() + 12);
    key.extend_from_slice(prefix);
    key.extend_from_slice(&first.to_be_bytes());
    key.extend_from_slice(&part.to_be_bytes());
    key
}

/// Reads `first` and `part` back from a chunk's key.
pub(crate) fn read_chunk(prefix: &[u8], key: &[u8]) -> Option<(u64, u32)> {
    let (first, part) = key.strip_prefix(prefix)?.split_at_checked(8)?;
    Some((u64::from_be_bytes(first.try_into().ok()?), u32::from_be_bytes(part.try_into().ok()?)))
}
