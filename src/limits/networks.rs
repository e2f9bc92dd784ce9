//! Networks of addresses, as `10.0.0.0/8` or `2001:db8::/32`; an address alone is a network of one.

use std::net::IpAddr;
use std::str::FromStr;

/// Any number of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

/// What begins like `bits`, over as many bits as `length`; IPv4 within its place in IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    bits: u128,
    length: u32,
}

/// Where IPv4 begins in IPv6.
const V4_BITS: u32 = 96;

impl Networks {
    /// These and those.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        Self(self.0.iter().chain(&others.0).copied().collect())
    }

    /// Whether `address` is in any of them.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let bits = bits(address);
        self.0.iter().any(|network| (network.bits ^ bits) & mask(network.length) == 0)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn mask(length: u32) -> u128 {
    if length == 0 { 0 } else { u128::MAX << (u128::BITS - length) }
}

impl FromStr for Networks {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let given = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        given.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address and no network as 10.0.0.0/8");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let before = if address.is_ipv4() { V4_BITS } else { 0 };
        let length = length.map_or(u128::BITS, |length| length.saturating_add(before));
        if length > u128::BITS {
            return Err(wrong());
        }
        Ok(Self { bits: bits(address), length })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn contain(networks: &str, address: &str) -> bool {
        networks.parse::<Networks>().unwrap().contain(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_in_a_network_that_begins_like_it() {
        for (networks, address, is_in) in [
            ("127.0.0.0/8, ::1", "127.9.9.9", true),
            ("127.0.0.0/8, ::1", "::1", true),
            ("127.0.0.0/8, ::1", "::ffff:127.0.0.1", true),
            ("127.0.0.0/8, ::1", "128.0.0.1", false),
            ("127.0.0.0/8, ::1", "::2", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("10.1.2.128/25", "10.1.2.129", true),
            ("10.1.2.128/25", "10.1.2.127", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8:1::9", true),
            ("2001:db8::/32", "2001:db9::9", false),
            ("", "127.0.0.1", false),
        ] {
            assert_eq!(contain(networks, address), is_in, "{address} in {networks}");
        }
    }

    #[test]
    fn what_is_no_network_is_named() {
        for wrong in
            ["10.0.0.0/33", "::/129", "localhost", "10.0.0.0/8/8", "10.0.0.0/", "10.0.0.0/-1", "1.2.3"]
        {
            let error = wrong.parse::<Networks>().unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
    }
}
