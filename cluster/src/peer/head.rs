//! What goes with a call or an answer in h2's headers: the service in the path, and one header with the numbers and the
//! MAC in hexadecimal.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response, Uri, Version};

use super::limits::MAX_NAME_BYTES;
use super::session::{Kind, TAG_BYTES, Tag};

const PROVED: HeaderName = HeaderName::from_static("onsale-proof");
/// Kind, number, MAC.
const PROOF_BYTES: usize = 1 + 8 + TAG_BYTES;

/// The header of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) kind: Kind,
    /// A call's number in the session; with an answer, the clock of who answers.
    pub(crate) number: u64,
    pub(crate) tag: Tag,
}

impl Proof {
    fn to_header(self) -> HeaderValue {
        let mut bytes = [0; PROOF_BYTES];
        bytes[0] = self.kind as u8;
        bytes[1..9].copy_from_slice(&self.number.to_le_bytes());
        bytes[9..].copy_from_slice(&self.tag);
        let mut value = HeaderValue::from_bytes(&hex(&bytes)).expect("digits are a header's value");
        // No two are alike: they would only wash the rest out of h2's table of headers.
        value.set_sensitive(true);
        value
    }

    /// Reads the header; `None` where it is missing or is not what this program writes.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let bytes = unhex(headers.get(&PROVED)?.as_bytes())?;
        let (kind, rest) = bytes.split_first()?;
        let (number, tag) = rest.split_first_chunk::<8>()?;
        Some(Self {
            kind: Kind::from_wire(*kind)?,
            number: u64::from_le_bytes(*number),
            tag: tag.try_into().ok()?,
        })
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn hex(bytes: &[u8; PROOF_BYTES]) -> [u8; 2 * PROOF_BYTES] {
    let mut text = [0; 2 * PROOF_BYTES];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

fn unhex(text: &[u8]) -> Option<[u8; PROOF_BYTES]> {
    let text: &[u8; 2 * PROOF_BYTES] = text.try_into().ok()?;
    let mut bytes = [0; PROOF_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(text: u8) -> Option<u8> {
    match text {
        b'0'..=b'9' => Some(text - b'0'),
        b'a'..=b'f' => Some(text - b'a' + 10),
        _ => None,
    }
}

/// The head of a request for `service`, where that is a name.
pub(crate) fn request<B>(service: &str, proof: Proof, body: B) -> Option<Request<B>> {
    let mut path = String::with_capacity(1 + service.len());
    path.push('/');
    path.push_str(name(service)?);
    let mut parts = Uri::default().into_parts();
    parts.scheme = Some(hyper::http::uri::Scheme::HTTP);
    parts.authority = Some(hyper::http::uri::Authority::from_static("peer"));
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    request.headers_mut().insert(PROVED, proof.to_header());
    Some(request)
}

/// The service that a request asks for.
pub(crate) fn service<B>(request: &Request<B>) -> Option<&str> {
    name(request.uri().path().strip_prefix('/')?)
}

/// The head of an answer.
pub(crate) fn response<B>(proof: Proof, body: B) -> Response<B> {
    let mut response = Response::new(body);
    response.headers_mut().insert(PROVED, proof.to_header());
    response
}

/// `text`, where it is a service's name.
fn name(text: &str) -> Option<&str> {
    let is_name = !text.is_empty()
        && text.len() <= MAX_NAME_BYTES
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    is_name.then_some(text)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn version_1_keeps_its_bytes() {
        let proof = Proof { kind: Kind::Call, number: 0x0102, tag: [0xab; TAG_BYTES] };
        let request = request("append", proof, ()).unwrap();
        assert_eq!(request.uri().to_string(), "http://peer/append");
        let header = request.headers().get("onsale-proof").unwrap().to_str().unwrap();
        assert_eq!(header, format!("000201000000000000{}", "ab".repeat(16)));
        assert_eq!(Proof::of(request.headers()), Some(proof));
        assert_eq!(service(&request), Some("append"));
    }

    #[test]
    fn a_header_of_another_form_is_none() {
        let proof = Proof { kind: Kind::Answer, number: u64::MAX, tag: [7; TAG_BYTES] };
        let good = response(proof, ()).headers().get("onsale-proof").unwrap().as_bytes().to_vec();
        for at in 0..good.len() {
            for byte in [b'G', b' ', b'/', b':', b'`', 0xff] {
                let mut bad = good.clone();
                bad[at] = byte;
                let mut headers = HeaderMap::new();
                headers.insert("onsale-proof", HeaderValue::from_bytes(&bad).unwrap());
                assert_eq!(Proof::of(&headers), None, "{at}");
            }
            let mut headers = HeaderMap::new();
            headers.insert("onsale-proof", HeaderValue::from_bytes(&good[..at]).unwrap());
            assert_eq!(Proof::of(&headers), None, "{at}");
        }
        assert_eq!(Proof::of(&HeaderMap::new()), None);
    }

    #[test]
    fn a_service_is_lower_case_letters_and_dashes() {
        for bad in ["", "a/b", "A", "a?b", "é", &"a".repeat(MAX_NAME_BYTES + 1)] {
            assert_eq!(name(bad), None, "{bad}");
        }
        assert_eq!(name("raft-append"), Some("raft-append"));
    }
}
