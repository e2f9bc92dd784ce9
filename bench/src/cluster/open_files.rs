//! The limit of open files: raised as far as the system lets, since every connection is one.

use anyhow::bail;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Beside the connections: the programs' own files, pipes and calls that nobody measures.
const BESIDE: u64 = 500;

/// Makes sure that this program, and what it starts from now on, may have so many connections.
pub(super) fn allow(connections: usize) -> anyhow::Result<()> {
    let needed = connections as u64 + BESIDE;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if limit.maximum.is_some_and(|maximum| maximum < needed) {
        bail!(
            "{connections} connections need {needed} open files, and the system allows fewer; raise its hard limit \
             (`ulimit -Hn`) or choose fewer --connections"
        );
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum: limit.maximum })?;
    Ok(())
}
