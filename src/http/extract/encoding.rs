//! The `Accept-Encoding` header: whether the client would rather have less to read and more to do.

use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

/// How a body is packed, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// The one that the client likes best, and of several the one that packs best.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let codings: Vec<(&str, u16)> = given.flat_map(|value| value.split(',')).map(read).collect();
        let named = |names: &[&str]| {
            let found =
                codings.iter().find(|(coding, _)| names.iter().any(|name| coding.eq_ignore_ascii_case(name)));
            found.map(|(_, quality)| *quality)
        };
        let any = named(&["*"]).unwrap_or(0);
        let packed = [(Self::Gzip, named(&["gzip", "x-gzip"])), (Self::Brotli, named(&["br"]))];
        let packed = packed.map(|(coding, quality)| (quality.unwrap_or(any), coding));
        let best = packed.into_iter().filter(|(quality, _)| *quality > 0).max();
        let plain = named(&["identity"]).unwrap_or(0);
        best.filter(|(quality, _)| *quality >= plain).map_or(Self::Identity, |(_, coding)| coding)
    }

    /// Says so of a body.
    pub fn tell(self, response: &mut Response) {
        let name = match self {
            Self::Identity => return,
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        };
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    }
}

/// A coding with its quality in thousandths.
fn read(text: &str) -> (&str, u16) {
    let mut parts = text.split(';').map(str::trim);
    let coding = parts.next().unwrap_or_default();
    let quality = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .map_or(1.0, |quality| quality.trim().parse::<f32>().unwrap_or(0.0));
    (coding, (quality.clamp(0.0, 1.0) * 1000.0) as u16)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_client_says_what_it_likes() {
        let asked = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, accept.parse().unwrap());
            Coding::of(&headers)
        };
        for (accept, coding) in [
            ("br", Coding::Brotli),
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("*", Coding::Brotli),
            ("deflate, *;q=0.5", Coding::Brotli),
            ("identity;q=0.5, BR;q=0.5", Coding::Brotli),
            ("gzip", Coding::Gzip),
            ("GZIP", Coding::Gzip),
            ("br;q=0.1, gzip;q=0.2", Coding::Gzip),
            ("gzip;q=1.0, identity; q=0.5", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("br;q=0, *", Coding::Gzip),
            ("", Coding::Identity),
            ("identity", Coding::Identity),
            ("gzip;q=0", Coding::Identity),
            ("*;q=0", Coding::Identity),
            ("gzip;q=0, br;q=0, *", Coding::Identity),
            ("gzip;q=0.5, identity", Coding::Identity),
            ("gzip;q=x", Coding::Identity),
        ] {
            assert_eq!(asked(accept), coding, "{accept}");
        }
        assert_eq!(Coding::of(&HeaderMap::new()), Coding::Identity);
    }
}
