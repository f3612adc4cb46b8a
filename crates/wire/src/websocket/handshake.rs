use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// What RFC 6455, 1.3, has both sides append to the client's key, so that nobody answers by accident.
const ACCEPT_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The length of the random number behind a client's key in bytes.
const KEY_BYTES: usize = 16;

/// A request for a WebSocket, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake<'a> {
    /// What the answer carries in `Sec-WebSocket-Accept`.
    pub accept_key: String,
    /// The subprotocols that the client offers, in the order it prefers. The answer carries one of them in
    /// `Sec-WebSocket-Protocol`, or the header is absent.
    pub subprotocols: Vec<&'a str>,
}

impl<'a> Handshake<'a> {
    /// Checks the headers of a request (RFC 6455, 4.2.1), given by name in any case and value. That it is
    /// a GET by HTTP/1.1 is the caller's to check, and `Origin` the caller's to judge.
    ///
    /// # Errors
    /// [`HandshakeError`], which tells what to answer.
    pub fn read<I>(headers: I) -> Result<Handshake<'a>, HandshakeError>
    where
        I: IntoIterator<Item = (&'a str, &'a [u8])>,
    {
        let mut asked = Asked::default();
        for (name, value) in headers {
            // The values that are looked at are ASCII; any other cannot be a right one.
            let value = std::str::from_utf8(value).unwrap_or_default();
            asked.take(name, value);
        }
        if !(asked.upgrade && asked.connection) {
            return Err(HandshakeError::NoUpgrade);
        }
        if asked.versions != ["13"] {
            return Err(HandshakeError::Version);
        }
        let &[key] = &*asked.keys else {
            return Err(HandshakeError::Key);
        };
        if !STANDARD.decode(key).is_ok_and(|key| key.len() == KEY_BYTES) {
            return Err(HandshakeError::Key);
        }
        Ok(Handshake { accept_key: accept_key(key), subprotocols: asked.subprotocols })
    }

    /// Tells whether the client offers that subprotocol; they are compared letter by letter.
    #[must_use]
    pub fn offers(&self, subprotocol: &str) -> bool {
        self.subprotocols.contains(&subprotocol)
    }
}

/// Why a request is no right one for a WebSocket. Each prints as a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// No `Connection: Upgrade` with `Upgrade: websocket`: to be answered with 426 and `Upgrade: websocket`.
    #[error("this address is for WebSocket; connect with `Upgrade: websocket`")]
    NoUpgrade,
    /// Not version 13: to be answered with 426 and `Sec-WebSocket-Version: 13`.
    #[error("only version 13 of WebSocket is spoken here; send `Sec-WebSocket-Version: 13`")]
    Version,
    /// No right key: to be answered with 400.
    #[error("the handshake needs one `Sec-WebSocket-Key`, 16 random bytes in base64")]
    Key,
}

/// What the headers of interest say.
#[derive(Default)]
struct Asked<'a> {
    upgrade: bool,
    connection: bool,
    versions: Vec<&'a str>,
    keys: Vec<&'a str>,
    subprotocols: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn take(&mut self, name: &str, value: &'a str) {
        let mut items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
        if name.eq_ignore_ascii_case("upgrade") {
            self.upgrade |= items.any(|item| item.eq_ignore_ascii_case("websocket"));
        } else if name.eq_ignore_ascii_case("connection") {
            self.connection |= items.any(|item| item.eq_ignore_ascii_case("upgrade"));
        } else if name.eq_ignore_ascii_case("sec-websocket-version") {
            self.versions.push(value.trim());
        } else if name.eq_ignore_ascii_case("sec-websocket-key") {
            self.keys.push(value.trim());
        } else if name.eq_ignore_ascii_case("sec-websocket-protocol") {
            self.subprotocols.extend(items);
        }
    }
}

/// The answer to a client's key (RFC 6455, 4.2.2).
#[must_use]
pub fn accept_key(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(ACCEPT_SUFFIX).finalize())
}

/// A client's key, made of random bytes.
#[must_use]
pub fn client_key(random: [u8; KEY_BYTES]) -> String {
    STANDARD.encode(random)
}

/// Tells whether a server's answer 101 agrees to a WebSocket for that key (RFC 6455, 4.1), from its headers.
pub fn check_answer<'a, I>(headers: I, key: &str) -> bool
where
    I: IntoIterator<Item = (&'a str, &'a [u8])>,
{
    let mut asked = Asked::default();
    let mut accepted = Vec::new();
    for (name, value) in headers {
        let value = std::str::from_utf8(value).unwrap_or_default();
        if name.eq_ignore_ascii_case("sec-websocket-accept") {
            accepted.push(value.trim());
        }
        asked.take(name, value);
    }
    asked.upgrade && asked.connection && accepted == [&*accept_key(key)]
}
