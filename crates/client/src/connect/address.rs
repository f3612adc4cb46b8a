//! ADDRESS of `parlor connect`: which protocol, and where.

use std::fmt;

use crate::ClientError;

/// Default port of the terminal door (protocols/term.md).
const TERM_PORT: u16 = 1235;
/// The same over TLS; no document names one, so it is the next.
const TERMS_PORT: u16 = 1236;
/// Default port of the CHAT/1.0 door (protocols/chat1.md).
const CHAT_PORT: u16 = 31145;
/// Default port of a `ws:` URL (RFC 6455, section 3).
const WS_PORT: u16 = 80;
/// Where the WebSocket commands live if the URL names no path (protocols/wscmd.md).
const WS_PATH: &str = "/websocket";

/// A door to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DoorAddress {
    pub(crate) scheme: Scheme,
    /// A name or an address; an IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Path and query of a `ws:` URL, beginning with a slash; empty for a terminal.
    pub(crate) path: String,
}

/// What is spoken there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Term,
    /// The same over TLS.
    Terms,
    Ws,
    Chat,
}

impl DoorAddress {
    /// Reads `term://HOST[:PORT]`, `terms://HOST[:PORT]`, `chat://HOST[:PORT]` or `ws://HOST[:PORT][/PATH]`.
    pub(crate) fn parse(text: &str) -> Result<Self, ClientError> {
        let wrong = |advice: &str| {
            let given = crate::shown::line(&format!("{text:?}"));
            Err(ClientError::Usage(format!("ADDRESS cannot be {given}; {advice}")))
        };
        let (scheme, rest) = match text.split_once("://") {
            Some(("term", rest)) => (Scheme::Term, rest),
            Some(("terms", rest)) => (Scheme::Terms, rest),
            Some(("ws", rest)) => (Scheme::Ws, rest),
            Some(("chat", rest)) => (Scheme::Chat, rest),
            Some(("wss", _)) => {
                return wrong("TLS is not spoken yet; connect with ws:// to a server on this machine or network");
            }
            _ => {
                return wrong(
                    "give term://HOST[:PORT], terms://HOST[:PORT], chat://HOST[:PORT] or ws://HOST[:PORT]/websocket",
                );
            }
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let Some((host, port)) = host_and_port(authority) else {
            return wrong("HOST is a name or an address ([...] around one of IPv6), PORT a number from 1 to 65535");
        };
        let path = match (scheme, path) {
            (Scheme::Term | Scheme::Terms | Scheme::Chat, "" | "/") => String::new(),
            (Scheme::Term | Scheme::Terms | Scheme::Chat, _) => {
                return wrong("the address of such a door ends with the port");
            }
            (Scheme::Ws, "" | "/") => WS_PATH.to_owned(),
            (Scheme::Ws, path) if path.starts_with('/') && is_path(path) => path.to_owned(),
            (Scheme::Ws, _) => return wrong("a path begins with / and holds no spaces and no #"),
        };
        let default = match scheme {
            Scheme::Term => TERM_PORT,
            Scheme::Terms => TERMS_PORT,
            Scheme::Ws => WS_PORT,
            Scheme::Chat => CHAT_PORT,
        };
        Ok(Self { scheme, host: host.to_owned(), port: port.unwrap_or(default), path })
    }

    /// Host and port as a `Host` header and a URL have them.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for DoorAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Term => "term",
            Scheme::Terms => "terms",
            Scheme::Ws => "ws",
            Scheme::Chat => "chat",
        };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte));
    if host.is_empty() || !is_host {
        return None;
    }
    match port {
        None => Some((host, None)),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port != 0).map(|port| (host, Some(port)))
        }
        Some(_) => None,
    }
}

fn is_path(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_defaults_for_what_they_do_not_name() {
        let cases = [
            ("term://localhost", "term://localhost:1235"),
            ("term://127.0.0.1:4000/", "term://127.0.0.1:4000"),
            ("term://[::1]", "term://[::1]:1235"),
            ("terms://localhost", "terms://localhost:1236"),
            ("chat://localhost/", "chat://localhost:31145"),
            ("ws://chat.example.org", "ws://chat.example.org:80/websocket"),
            ("ws://127.0.0.1:1234/", "ws://127.0.0.1:1234/websocket"),
            ("ws://[::1]:1234/talk/websocket?x=1", "ws://[::1]:1234/talk/websocket?x=1"),
        ];
        for (text, whole) in cases {
            assert_eq!(DoorAddress::parse(text).unwrap().to_string(), whole);
        }
    }

    #[test]
    fn anything_else_is_a_usage_error_with_advice() {
        let cases = [
            ("", "give term://"),
            ("127.0.0.1:1235", "give term://"),
            ("http://h:1/chat/lobby", "give term://"),
            ("wss://h", "TLS is not spoken yet"),
            ("term://", "HOST is"),
            ("term://h:0", "HOST is"),
            ("term://h:65536", "HOST is"),
            ("term://h:+1", "HOST is"),
            ("term://a b", "HOST is"),
            ("term://::1", "HOST is"),
            ("term://[h]", "HOST is"),
            ("ws://a@b/", "HOST is"),
            ("ws://h\r\nX: y/", "HOST is"),
            ("term://h/lobby", "ends with the port"),
            ("chat://h/lobby", "ends with the port"),
            ("ws://h/a b", "a path"),
            ("ws://h?x", "a path"),
            ("ws://h/\u{1b}[2J", "a path"),
        ];
        for (text, advice) in cases {
            let error = DoorAddress::parse(text).unwrap_err();
            assert!(matches!(&error, ClientError::Usage(_)), "{text:?} {error}");
            let sentence = error.to_string();
            assert!(sentence.contains(advice) && !sentence.contains(char::is_control), "{sentence}");
        }
    }
}
