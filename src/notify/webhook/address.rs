//! Where a webhook may go: an organizer chooses the address, and this node sends from inside its own network.
//!
//! Owns which addresses are public. Hazard: whoever may choose where a server sends to may look around in its network.
//! So a name counts by what it resolves to at the very moment of sending, and no redirect is followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;

/// The longest address.
const MAX_BYTES: usize = 2_000;

/// How far webhooks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses only.
    Public,
    /// Those, and this machine: for whoever tries things out.
    Loopback,
    /// Everywhere.
    Everywhere,
}

impl Reach {
    /// Whether something may be sent to `ip`.
    #[must_use]
    pub fn allows(self, ip: IpAddr) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Loopback if ip.is_loopback() => true,
            Self::Loopback | Self::Public => is_public(ip),
        }
    }

    /// Checks an address that an organizer gives.
    ///
    /// # Errors
    /// What it must be instead.
    pub fn check(self, text: &str) -> Result<Url, &'static str> {
        let url = Url::parse(text).ok().filter(|_| text.len() <= MAX_BYTES);
        let url = url.ok_or("must be a web address of at most 2000 bytes")?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("must have no user, no password and no fragment");
        }
        let host = url.host_str().unwrap_or_default();
        let ip = literal(host);
        let here = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return Err("must begin with https://"),
        }
        let allowed =
            if host == "localhost" { self != Self::Public } else { ip.is_none_or(|ip| self.allows(ip)) };
        if allowed { Ok(url) } else { Err("must be a public address") }
    }

    /// Those of `found` that something may be sent to.
    pub(super) fn keep(self, found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        found.filter(|address| self.allows(address.ip())).collect()
    }
}

/// The address that a host is, unless it is a name.
fn literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && b & 0xc0 == 64;
    let of_protocols = a == 192 && b == 0 && c == 0;
    let of_benchmarks = a == 198 && b & 0xfe == 18;
    !(a == 0
        || a >= 240
        || shared
        || of_protocols
        || of_benchmarks
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation())
}

/// Only what is given out to be reached from everywhere; and what carries an older address counts as that.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let segments = ip.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // Tunnels, benchmarks, documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [first, ..] => (0x2000..0x4000).contains(&first) && first != 0x3fff,
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn private_addresses_are_not_public_however_they_are_written() {
        for private in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!Reach::Public.allows(private.parse().unwrap()), "{private}");
            assert!(Reach::Everywhere.allows(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "100.128.0.1"] {
            assert!(Reach::Public.allows(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn only_https_leaves_this_machine() {
        for fine in ["https://example.com/hooks?a=b", "https://1.1.1.1/", "https://[2606:4700::1111]:8443/x"]
        {
            assert!(Reach::Public.check(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "http://example.com/",
            "ftp://example.com/",
            "https://",
            "example.com",
            "https://user@example.com/",
            "https://:word@example.com/",
            "https://example.com/#part",
            "https://10.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::ffff:10.0.0.1]/",
            "https://localhost/",
            "http://127.0.0.1/",
        ] {
            assert!(Reach::Public.check(wrong).is_err(), "{wrong}");
        }
        let long = format!("https://example.com/{}", "a".repeat(MAX_BYTES));
        assert!(Reach::Public.check(&long).is_err());
        for here in ["http://127.0.0.1:8000/", "http://localhost/", "http://[::1]/", "https://127.0.0.1/"] {
            assert!(Reach::Loopback.check(here).is_ok(), "{here}");
        }
        assert!(Reach::Loopback.check("http://10.0.0.1/").is_err());
        assert!(Reach::Loopback.check("https://10.0.0.1/").is_err());
        assert!(Reach::Everywhere.check("https://10.0.0.1/").is_ok());
    }

    #[test]
    fn a_name_counts_by_what_it_resolves_to() {
        let found = ["10.0.0.1:443", "1.1.1.1:443"].map(|address| address.parse().unwrap());
        assert_eq!(Reach::Public.keep(found.into_iter()), [found[1]]);
    }
}
