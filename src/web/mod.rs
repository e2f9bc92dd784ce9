//! The buyer's page: HTML, styles and modules as they lie beside this file, compiled in. No build step, nothing from
//! elsewhere.
//!
//! Owns which files there are, the page with their addresses filled in, and the version that is part of every address: it
//! follows from all of them, so whoever has a file may keep it for good. `src/http/web.rs` serves them.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// The media type of modules.
pub const SCRIPT: &str = "text/javascript; charset=utf-8";
/// That of styles.
pub const STYLE: &str = "text/css; charset=utf-8";
/// That of pictures.
pub const PICTURE: &str = "image/svg+xml";

/// A file of the page.
#[derive(Debug)]
pub struct Asset {
    /// Its name, the last part of its address.
    pub name: &'static str,
    /// What is in it.
    pub body: &'static str,
}

macro_rules! assets {
    ($($name:literal)*) => {
        &[$(Asset { name: $name, body: include_str!($name) }),*]
    };
}

/// Every file but the page itself.
pub const ASSETS: &[Asset] = assets! {
    "account.js" "api.js" "app.js" "base.css" "basket.js" "basket_panel.js" "booking.js" "bookings.js" "camera.js"
    "checkout.js" "countdown.js" "dom.js" "drawing.js" "event.css" "event.js" "gestures.js" "icon.svg" "layout.js"
    "list.js" "live.js" "map.js" "nearest.js" "oval.js" "paint.js" "parts.css" "plan.js" "poster.js" "search.js"
    "seats.js" "session.js" "words.js"
};

const PAGE: &str = include_str!("index.html");

impl Asset {
    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        ASSETS.iter().find(|asset| asset.name == name)
    }

    /// How browsers are to read it.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        match self.name.rsplit_once('.') {
            Some((_, "css")) => STYLE,
            Some((_, "svg")) => PICTURE,
            _ => SCRIPT,
        }
    }
}

/// The page, and the version of its files.
#[derive(Debug)]
pub struct Page {
    /// The HTML.
    pub html: String,
    /// What is in the addresses of all files.
    pub version: String,
}

impl Page {
    /// The same for as long as the program runs.
    pub fn get() -> &'static Self {
        static MADE: OnceLock<Page> = OnceLock::new();
        MADE.get_or_init(Self::make)
    }

    fn make() -> Self {
        let mut hash = Sha256::new();
        for asset in ASSETS {
            hash.update(asset.name);
            hash.update((asset.body.len() as u64).to_le_bytes());
            hash.update(asset.body);
        }
        let version: String = hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        // All modules are asked for at once; a browser that found them one by one would wait for each.
        let modules = ASSETS.iter().filter(|asset| asset.name.ends_with(".js"));
        let preload: Vec<String> = modules
            .map(|asset| format!("<link rel=\"modulepreload\" href=\"/assets/VERSION/{}\">", asset.name))
            .collect();
        let html = PAGE.replace("<!-- MODULES -->", &preload.join("\n  ")).replace("VERSION", &version);
        Self { html, version }
    }
}

#[cfg(test)]
mod test {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_beside_this_one_is_served_under_its_name() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web");
        let files =
            std::fs::read_dir(here).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let files: BTreeSet<String> = files.filter(|name| name != "mod.rs" && name != "index.html").collect();
        assert_eq!(files, ASSETS.iter().map(|asset| asset.name.to_owned()).collect());
    }

    #[test]
    fn what_a_module_imports_is_there() {
        for asset in ASSETS {
            let imports =
                asset.body.lines().filter_map(|line| line.split_once(" from \"")).map(|(_, from)| from);
            for import in imports.filter_map(|from| from.strip_suffix("\";")) {
                let name = import.strip_prefix("./").unwrap_or_else(|| panic!("{}: {import}", asset.name));
                assert!(Asset::named(name).is_some(), "{}: {import}", asset.name);
            }
        }
    }

    #[test]
    fn nothing_is_from_elsewhere_and_nothing_becomes_markup_or_code() {
        for asset in ASSETS {
            let body = asset.body.replace("http://www.w3.org/2000/svg", "");
            for word in [
                "://",
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
            ] {
                assert!(!body.contains(word), "{}: {word}", asset.name);
            }
        }
        assert!(!PAGE.contains("://") && !PAGE.contains("style="));
    }

    #[test]
    fn the_page_names_its_files_by_their_version() {
        let Page { html, version } = Page::get();
        assert_eq!(version.len(), 16);
        assert!(html.contains(&format!("/assets/{version}/app.js\"></script>")));
        assert!(html.contains(&format!("modulepreload\" href=\"/assets/{version}/map.js")));
        assert!(!html.contains("VERSION") && !html.contains("MODULES"));
    }
}
