//! The files that the pages load beside their HTML, compiled into the binary.
//!
//! The addresses in the pages carry a hash of the bytes, so a browser may keep those files for ever and
//! still gets the new ones after an upgrade. The modules that a script imports have no hash in their
//! address and are asked for anew, with their `ETag`.

use std::fmt;

/// Every asset there is, for the routes.
pub static ASSETS: [&Asset; 10] = [&STYLE, &SCRIPT, &HERE, &LOG, &OUTBOX, &POLL, &REQUEST, &SEEN, &WSCMD, &FAVICON];

/// The look of all pages.
pub static STYLE: Asset =
    Asset::new("/assets/parlor.css", "text/css; charset=utf-8", include_bytes!("../../assets/parlor.css"));

/// What makes the chat page live, and turns times into the reader's own.
pub static SCRIPT: Asset = script("/assets/chat.js", include_bytes!("../../assets/chat.js"));

/// What lets a person try the WebSocket commands.
pub static WSCMD: Asset = script("/assets/wscmd.js", include_bytes!("../../assets/wscmd.js"));

static HERE: Asset = script("/assets/here.js", include_bytes!("../../assets/here.js"));
static LOG: Asset = script("/assets/log.js", include_bytes!("../../assets/log.js"));
static OUTBOX: Asset = script("/assets/outbox.js", include_bytes!("../../assets/outbox.js"));
static POLL: Asset = script("/assets/poll.js", include_bytes!("../../assets/poll.js"));
static REQUEST: Asset = script("/assets/request.js", include_bytes!("../../assets/request.js"));

static SEEN: Asset = script("/assets/seen.js", include_bytes!("../../assets/seen.js"));

/// The icon of the tab.
pub static FAVICON: Asset =
    Asset::new("/assets/favicon.svg", "image/svg+xml", include_bytes!("../../assets/favicon.svg"));

/// One file as it goes over the wire.
#[derive(Debug)]
pub struct Asset {
    /// The path of its address, without the query.
    pub path: &'static str,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The bytes of the file.
    pub bytes: &'static [u8],
    hash: u64,
}

impl Asset {
    const fn new(path: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { path, content_type, bytes, hash: fnv1a(bytes) }
    }

    /// The address that pages link to. It changes with the bytes.
    pub fn url(&self) -> impl fmt::Display {
        format!("{}?v={:016x}", self.path, self.hash)
    }

    /// The value of `ETag`.
    pub fn etag(&self) -> String {
        format!("\"{:016x}\"", self.hash)
    }

    /// The value of `Cache-Control` for a request whose query is `query`. Only the address with the
    /// right hash may be kept for a year; another one could be asked during an upgrade and would
    /// then pin the wrong bytes.
    pub fn cache_control(&self, query: Option<&str>) -> &'static str {
        let current =
            query.and_then(|query| query.strip_prefix("v=")).and_then(|hash| u64::from_str_radix(hash, 16).ok());
        if current == Some(self.hash) { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

const fn script(path: &'static str, bytes: &'static [u8]) -> Asset {
    Asset::new(path, "text/javascript; charset=utf-8", bytes)
}

/// FNV-1a, 64 bits: enough to tell two builds of a file apart, and `const`.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_address_is_kept_for_a_year() {
        for asset in ASSETS {
            let url = asset.url().to_string();
            let query = url.split_once('?').map(|(_, query)| query);
            assert!(asset.cache_control(query).contains("immutable"));
            assert_eq!(asset.cache_control(Some("v=0")), "no-cache");
            assert_eq!(asset.cache_control(None), "no-cache");
        }
    }
}
