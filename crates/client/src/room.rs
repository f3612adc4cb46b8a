//! ROOM on the command line: a name, a key, or a URL.

use parlor_wire::http_chat::is_key;

use crate::ClientError;

/// A room as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoomAddress {
    /// Scheme, host and port, perhaps a path before `/chat/`; no slash at its end.
    pub(crate) server: String,
    /// The last part of the address: a key, or a name that the server must look up.
    pub(crate) room: String,
}

impl RoomAddress {
    /// Reads ROOM; `server` is where names and keys are looked for.
    pub(crate) fn parse(room: &str, server: &str) -> Result<Self, ClientError> {
        if !is_url(room) {
            if !is_url(server) {
                return Err(usage("--server", server, "give it as http://HOST:PORT"));
            }
            if !is_room(room) {
                return Err(usage("ROOM", room, "give a room's name, its 32-character key, or its URL"));
            }
            return Ok(Self { server: server.trim_end_matches('/').to_owned(), room: room.to_owned() });
        }
        let wrong = || usage("ROOM", room, "a room's URL looks like http://HOST:PORT/chat/KEY");
        let (server, rest) = room.split_once("/chat/").ok_or_else(wrong)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let name = &rest[..end];
        if is_room(name) { Ok(Self { server: server.to_owned(), room: name.to_owned() }) } else { Err(wrong()) }
    }

    pub(crate) fn is_key(&self) -> bool {
        is_key(&self.room)
    }
}

fn usage(what: &str, given: &str, advice: &str) -> ClientError {
    ClientError::Usage(format!("{what} cannot be {}; {advice}", crate::shown::line(&format!("{given:?}"))))
}

fn is_url(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme).is_some_and(|rest| {
            !rest.is_empty() && !rest.starts_with('/') && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
        })
    })
}

/// What can be a key or a name (protocols/README.md, "Names"); the server folds the case.
fn is_room(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

    #[test]
    fn names_keys_and_urls_are_rooms() {
        let cases = [
            ("lobby".to_owned(), "http://h:1", "lobby"),
            ("Tea-Time_2".to_owned(), "http://h:1", "Tea-Time_2"),
            (KEY.to_owned(), "http://h:1", KEY),
            (format!("http://other:4000/chat/{KEY}"), "http://other:4000", KEY),
            (format!("https://example.org/talk/chat/{KEY}/?x=1#y"), "https://example.org/talk", KEY),
            ("http://[::1]:1234/chat/lobby".to_owned(), "http://[::1]:1234", "lobby"),
        ];
        for (text, server, room) in cases {
            let address = RoomAddress::parse(&text, "http://h:1/").unwrap();
            assert_eq!((address.server.as_str(), address.room.as_str()), (server, room), "{text}");
            assert_eq!(address.is_key(), room == KEY);
        }
    }

    #[test]
    fn anything_else_is_a_usage_error_with_advice() {
        for (room, server) in [
            ("", "http://h:1"),
            ("a/b", "http://h:1"),
            ("../etc", "http://h:1"),
            ("tea time", "http://h:1"),
            ("\u{1b}[2J", "http://h:1"),
            ("http://h:1/", "http://h:1"),
            ("http://h:1/chat/", "http://h:1"),
            ("http:///chat/lobby", "http://h:1"),
            ("http://h\r\nX: y/chat/lobby", "http://h:1"),
            ("lobby", "h:1"),
            ("lobby", "ftp://h"),
        ] {
            let error = RoomAddress::parse(room, server).unwrap_err();
            assert!(matches!(&error, ClientError::Usage(_)), "{room:?} {error}");
            assert_eq!(error.exit() as u8, 2);
            assert!(!error.to_string().contains(char::is_control));
        }
    }
}
