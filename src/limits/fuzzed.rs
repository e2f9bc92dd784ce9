//! What other nodes have counted, and what proxies say, for fuzzers.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use domain::ports::Clock;

use super::{Limits, Networks, forwarded};
use crate::clock::SystemClock;
use crate::fuzzed::both;

/// Counts, and addresses in a header.
pub fn limits(bytes: &[u8]) {
    let config = crate::config::load(None, []).expect("the built-in configuration is valid").limits;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let limits = Limits::new(&config, &clock);
    for frame in both(bytes) {
        let _counted = limits.told(&frame.into()).is_ok();
    }
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let headers = HeaderMap::from_iter([(axum::http::HeaderName::from_static("x-forwarded-for"), value)]);
        let everybody: Networks = "0.0.0.0/0, ::/0".parse().expect("two networks");
        let _client = forwarded::client(&everybody, IpAddr::V4(Ipv4Addr::LOCALHOST), &headers);
    }
    let _networks = str::from_utf8(bytes).map(str::parse::<Networks>);
}
