//! `X-Forwarded-For`: who a request is of, where it comes from a proxy that is trusted.
//!
//! Hazard: everything left of what the first trusted proxy has added was written by the client.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use super::Networks;

const HEADER: &str = "x-forwarded-for";
/// Nobody has as many proxies.
const MOST_HOPS: usize = 16;

/// The last address on the way from the client that is not of `proxies`; `peer` where that is none of them, and the last
/// one that can be read where another cannot.
pub(super) fn client(proxies: &Networks, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut client = peer;
    let values = headers.get_all(HEADER).iter().rev();
    let hops = values.flat_map(|value| value.to_str().unwrap_or("").rsplit(',')).take(MOST_HOPS);
    for hop in hops {
        if !proxies.contain(client) {
            break;
        }
        let Some(address) = address(hop.trim()) else { break };
        client = address;
    }
    client
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    let alone = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    alone.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod test {
    use super::*;

    fn of(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(HEADER, value.parse().unwrap());
        }
        client(&proxies.parse().unwrap(), peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(of("", "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(of("10.0.0.0/8", "9.0.0.1", &["1.2.3.4"]), "9.0.0.1");
        assert_eq!(of("10.0.0.0/8", "10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(of("10.0.0.0/8", "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_the_client_wrote_itself_does_not_count() {
        assert_eq!(of("10.0.0.0/8", "10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"]), "1.2.3.4");
        assert_eq!(of("10.0.0.0/8", "10.0.0.1", &["6.6.6.6", "1.2.3.4"]), "1.2.3.4");
        assert_eq!(of("10.0.0.0/8", "10.0.0.1", &["127.0.0.1, nonsense"]), "10.0.0.1");
        assert_eq!(of("10.0.0.0/8", "10.0.0.1", &["10.0.0.7"]), "10.0.0.7");
        let endless = vec!["10.0.0.2"; 1000].join(",");
        assert_eq!(of("10.0.0.0/8", "10.0.0.1", &["1.2.3.4", &endless]), "10.0.0.2");
    }

    #[test]
    fn an_address_may_have_a_port() {
        for text in ["1.2.3.4", "1.2.3.4:5678", "::ffff:1.2.3.4"] {
            assert_eq!(of("10.0.0.1", "10.0.0.1", &[text]), "1.2.3.4");
        }
        for text in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            assert_eq!(of("10.0.0.1", "10.0.0.1", &[text]), "2001:db8::1");
        }
    }
}
