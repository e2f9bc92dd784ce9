//! Serves the buyer's page ([`crate::web`]): at `/`, and its files below `/assets/`.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::OnceLock;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use brotli::enc::{BrotliCompress, BrotliEncoderParams};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::App;
use super::cache::{Audience, Tag};
use super::extract::{ApiPath, Coding};
use super::openapi::{Part, Routes, get};
use super::problem::Problem;
use crate::web::{ASSETS, Asset, PICTURE, Page, SCRIPT, STYLE};

const HTML: &str = "text/html; charset=utf-8";

/// The page loads what is beside it, speaks to the node that served it and to nobody else, and makes no code of text.
/// Pictures of tickets are fetched with the token and shown from memory: `blob:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";
/// An address with a version always means the same bytes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The routes of this module.
pub(super) fn routes() -> Routes {
    Routes::of(Part::Service)
        .route("/", get(page, "The page for buyers").gives_bytes(StatusCode::OK, HTML))
        .route(
            "/assets/{version}/{name}",
            get(asset, "A file of the page for buyers")
                .gives_bytes(StatusCode::OK, SCRIPT)
                .gives_bytes(StatusCode::OK, STYLE)
                .gives_bytes(StatusCode::OK, PICTURE),
        )
}

async fn page(State(_): State<App>, headers: HeaderMap) -> Response {
    let mut response = still(HTML, &files().page, &headers);
    let set = response.headers_mut();
    set.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    set.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

async fn asset(
    State(_): State<App>,
    ApiPath((version, name)): ApiPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asset = Asset::named(&name).ok_or_else(|| Problem::not_found("file"))?;
    let body = files().assets.get(asset.name).ok_or_else(|| Problem::not_found("file"))?;
    let mut response = still(asset.media_type(), body, &headers);
    // A page of another version, from another node, gets the file that there is and may not keep it.
    if version == Page::get().version {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(FOR_GOOD));
    }
    Ok(response)
}

/// A file in every form in which it may leave.
struct Packed {
    plain: (Tag, Vec<u8>),
    gzip: (Tag, Vec<u8>),
    brotli: (Tag, Vec<u8>),
}

struct Files {
    page: Packed,
    assets: BTreeMap<&'static str, Packed>,
}

/// Packed once; they say the same for as long as the program runs.
fn files() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| Files {
        page: Packed::new(Page::get().html.as_bytes()),
        assets: ASSETS.iter().map(|asset| (asset.name, Packed::new(asset.body.as_bytes()))).collect(),
    })
}

impl Packed {
    fn new(body: &[u8]) -> Self {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        let gzip = packer.write_all(body).and_then(|()| packer.finish());
        let mut brotli = Vec::new();
        BrotliCompress(&mut &*body, &mut brotli, &BrotliEncoderParams::default())
            .expect("memory takes every byte");
        let tagged = |body: Vec<u8>| (Tag::of(&body), body);
        Self {
            plain: tagged(body.to_vec()),
            gzip: tagged(gzip.expect("memory takes every byte")),
            brotli: tagged(brotli),
        }
    }
}

/// What does not change while the node runs.
fn still(media_type: &'static str, packed: &Packed, headers: &HeaderMap) -> Response {
    let coding = Coding::of(headers);
    let (tag, body) = match coding {
        Coding::Identity => &packed.plain,
        Coding::Gzip => &packed.gzip,
        Coding::Brotli => &packed.brotli,
    };
    let guard = tag.guard(headers, Audience::Public);
    let body = if guard.is_unchanged() { Vec::new() } else { body.clone() };
    let mut response = guard.respond(media_type, body);
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    coding.tell(&mut response);
    response
}
