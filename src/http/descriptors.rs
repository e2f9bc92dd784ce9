//! Room for connections: each takes a file descriptor, of which the journal and its snapshots need some too.
//!
//! Hazard: a node whose clients have taken the last descriptor cannot write a snapshot, and ends.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for everything that is no connection.
const RESERVED: u64 = 256;
/// The public listener and the admin listener have the same room.
const LISTENERS: u64 = 2;

/// How many connections one listener may have. Asks the system for as many descriptors as it gives.
pub(super) fn room_for_connections() -> usize {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limits.maximum, maximum: limits.maximum };
    // Where it may not be raised, the limit stays as it was.
    let current = if setrlimit(Resource::Nofile, raised).is_ok() { raised.current } else { limits.current };
    share(current)
}

/// A limit of `None` is no limit.
fn share(descriptors: Option<u64>) -> usize {
    let shared = descriptors.map_or(u64::MAX, |limit| limit.saturating_sub(RESERVED) / LISTENERS);
    usize::try_from(shared.max(1)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn something_is_left_for_the_journal() {
        assert_eq!(share(Some(1024)), 384);
        assert_eq!(share(Some(10)), 1);
        assert!(share(None) > 1_000_000);
        assert!(room_for_connections() >= 1);
    }
}
