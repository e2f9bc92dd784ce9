//! The `Accept` header: what the client is ready to read.

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::middleware::Next;
use axum::response::Response;

use crate::http::problem::{Code, Problem};

/// A layer for routes that answer JSON and nothing else.
///
/// # Errors
/// 406 where the client excludes JSON.
pub async fn require_json(request: Request, next: Next) -> Result<Response, Problem> {
    accepted(request.headers(), &["application/json"])?;
    Ok(next.run(request).await)
}

/// Which of the `offered` media types the client likes best; the first one of equals.
///
/// # Errors
/// 406 where the client excludes all of them.
pub fn accepted(headers: &HeaderMap, offered: &[&'static str]) -> Result<&'static str, Problem> {
    let given: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    if given.iter().all(|value| value.trim().is_empty()) {
        return Ok(offered[0]);
    }
    let ranges: Vec<Range<'_>> =
        given.iter().flat_map(|value| value.split(',')).filter_map(Range::read).collect();
    let mut best = (offered[0], 0);
    for media_type in offered {
        let quality = quality(&ranges, media_type);
        if quality > best.1 {
            best = (media_type, quality);
        }
    }
    if best.1 == 0 {
        let offered = offered.join(" or ");
        return Err(Problem::new(
            Code::NotAcceptable,
            format!("This call answers {offered}; accept it, or */*."),
        ));
    }
    Ok(best.0)
}

/// One media range with its quality in thousandths.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let quality = parts
            .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
            .map_or(1.0, |quality| quality.trim().parse::<f32>().unwrap_or(0.0));
        Some(Self { kind, subtype, quality: (quality.clamp(0.0, 1.0) * 1000.0) as u16 })
    }

    /// How closely it names `kind/subtype`; `None` where it does not.
    fn closeness(&self, kind: &str, subtype: &str) -> Option<u8> {
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (own, "*") if own.eq_ignore_ascii_case(kind) => Some(1),
            (own, sub) if own.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

/// The quality that the closest range gives to `media_type`, zero where none names it.
fn quality(ranges: &[Range<'_>], media_type: &str) -> u16 {
    let Some((kind, subtype)) = media_type.split_once('/') else { return 0 };
    ranges
        .iter()
        .filter_map(|range| Some((range.closeness(kind, subtype)?, range.quality)))
        .max_by_key(|(closeness, _)| *closeness)
        .map_or(0, |(_, quality)| quality)
}

#[cfg(test)]
mod test {
    use super::*;

    const OFFERED: &[&str] = &["application/json", "application/vnd.onsale.seats"];

    fn chosen(accept: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        accepted(&headers, OFFERED).ok()
    }

    #[test]
    fn the_closest_range_decides_and_the_best_quality_wins() {
        let (json, seats) = (Some(OFFERED[0]), Some(OFFERED[1]));
        for (accept, expected) in [
            ("*/*", json),
            ("application/*", json),
            ("application/vnd.onsale.seats", seats),
            ("Application/JSON; charset=utf-8", json),
            ("application/json;q=0.5, application/vnd.onsale.seats", seats),
            ("application/json;q=0, */*;q=0.1", seats),
            ("text/html, */*;q=0.8", json),
            ("text/html", None),
            ("*/*;q=0", None),
            ("nonsense", None),
            ("", json),
        ] {
            assert_eq!(chosen(accept), expected, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new(), OFFERED).ok(), json);
    }
}
