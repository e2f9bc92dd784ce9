//! The `Accept-Encoding` header: whether the client would rather have less to read and more to do.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;

/// Whether the client takes gzip, and likes it no less than what is not encoded at all.
#[must_use]
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let given = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let codings: Vec<(&str, u16)> = given.flat_map(|value| value.split(',')).map(read).collect();
    let named = |names: &[&str]| {
        let found =
            codings.iter().find(|(coding, _)| names.iter().any(|name| coding.eq_ignore_ascii_case(name)));
        found.map(|(_, quality)| *quality)
    };
    let gzip = named(&["gzip", "x-gzip"]).or_else(|| named(&["*"])).unwrap_or(0);
    gzip > 0 && gzip >= named(&["identity"]).unwrap_or(0)
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
            accepts_gzip(&headers)
        };
        for yes in [
            "gzip",
            "GZIP",
            "br, gzip;q=0.1",
            "*",
            "deflate, *;q=0.5",
            "gzip;q=1.0, identity; q=0.5",
            "x-gzip",
        ] {
            assert!(asked(yes), "{yes}");
        }
        for no in
            ["", "identity", "br", "gzip;q=0", "*;q=0", "gzip;q=0, *", "gzip;q=0.5, identity", "gzip;q=x"]
        {
            assert!(!asked(no), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
