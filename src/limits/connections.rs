//! How many connections an address has at a time.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Networks, of_address};

/// The connections of one listener, by address.
#[derive(Debug, Clone)]
pub struct Connections {
    most: u32,
    uncounted: Networks,
    open: Open,
}

/// There are no more entries than connections.
#[derive(Debug, Clone, Default)]
struct Open(Arc<Mutex<BTreeMap<u128, u32>>>);

/// A connection's place, free again when it is dropped.
#[derive(Debug)]
pub struct Place(Option<(Open, u128)>);

impl Connections {
    /// Each address may have `most` at a time, those of `uncounted` any number; 0 is no limit.
    #[must_use]
    pub fn new(most: u32, uncounted: Networks) -> Self {
        Self { most, uncounted, open: Open::default() }
    }

    /// A place for one more from `peer`, if there is one.
    #[must_use]
    pub fn take(&self, peer: IpAddr) -> Option<Place> {
        if self.most == 0 || self.uncounted.contain(peer) {
            return Some(Place(None));
        }
        let key = of_address(peer);
        let mut open = self.open.entries();
        let own = open.entry(key).or_default();
        if *own >= self.most {
            return None;
        }
        *own += 1;
        drop(open);
        Some(Place(Some((self.open.clone(), key))))
    }
}

impl Open {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<u128, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((open, key)) = self.0.take() else { return };
        let mut entries = open.entries();
        let own = entries.get_mut(&key).map(|own| {
            *own -= 1;
            *own
        });
        if own == Some(0) {
            entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_address_has_its_places_and_gives_them_back() {
        let connections = Connections::new(2, "10.0.0.0/8".parse().unwrap());
        let first = connections.take(at("192.0.2.1"));
        let second = connections.take(at("192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(connections.take(at("192.0.2.1")).is_none());
        assert!(connections.take(at("192.0.2.2")).is_some(), "another address");
        drop(first);
        assert!(connections.take(at("192.0.2.1")).is_some());
        drop(second);
        assert!(connections.open.entries().is_empty());
        let many: Vec<_> = (0..9).map(|_| connections.take(at("10.0.0.1"))).collect();
        assert!(many.iter().all(Option::is_some), "not counted");
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let connections = Connections::new(1, Networks::default());
        let _first = connections.take(at("2001:db8::1"));
        assert!(connections.take(at("2001:db8::2")).is_none());
        assert!(connections.take(at("2001:db8:0:1::1")).is_some());
    }
}
