//! The table of all keys. The file, the environment, the flags, `config show` and the check of
//! `docs/configuration.md` all come from it.

use std::time::Duration;

use parlor_core::limits::{MESSAGE_BYTES_CAP, READ_EVENTS, SUBJECT_BYTES_CAP};

use super::kind::Kind;

/// All keys, in the order in which they are shown. Where a range begins at 0, 0 switches the limit off; the upper end
/// is the hard cap.
#[rustfmt::skip] // A table: one key a line, its help below it.
pub(crate) const KEYS: &[Key] = &[
    key("http", Kind::Address(|c| &mut c.http), Some("127.0.0.1:1234"),
        "Address and port of the HTTP door, or off (flags: --http, --port)"),
    key("term", Kind::Address(|c| &mut c.term), Some("127.0.0.1:1235"),
        "Address and port of the terminal door, or off (flag: --term)"),
    key("term_tls", Kind::Address(|c| &mut c.term_tls), Some("off"),
        "Address and port of the terminal door over TLS, or off (flag: --term-tls)"),
    key("tls.certificate", Kind::OptionalFile(|c| &mut c.tls.certificate), Some(""),
        "Certificate for TLS with those that vouch for it, PEM; read again when it changes"),
    key("tls.key", Kind::OptionalFile(|c| &mut c.tls.key), Some(""),
        "Private key of the certificate, PEM; read again when it changes"),
    key("chat", Kind::Address(|c| &mut c.chat), Some("127.0.0.1:31145"),
        "Address and port of the CHAT/1.0 door, or off (flag: --chat)"),
    key("trusted_proxies", Kind::Networks(|c| &mut c.trusted_proxies), Some(""),
        "Networks of the proxies whose X-Forwarded-For is believed"),
    key("data_dir", Kind::Directory(|c| &mut c.data_dir), PLATFORM,
        "Directory of everything that lasts (flag: --data-dir)"),
    key("store", Kind::Store(|c| &mut c.store), Some("sqlite:"),
        "The store: sqlite: is the database in data_dir (flag: --store)"),
    key("server_password", Kind::Secret(|c| &mut c.server_password), Some(""),
        "Password of whoever runs the server, for the commands that ask for it; empty: they are refused (flag: --server-password)"),
    key("server_password_file", Kind::OptionalFile(|c| &mut c.server_password_file), Some(""),
        "File that holds the server password, read at the start; in place of server_password"),
    key("passwordless_accounts", Kind::Passwordless(|c| &mut c.passwordless_accounts), Some("auto"),
        "Whether accounts may be without a password: true, false, or auto (while only this machine can reach the server)"),
    key("session_ttl", Kind::Span { min: Duration::from_secs(60), max: Duration::from_secs(3650 * 86_400), place: |c| &mut c.session_ttl },
        Some("30d"), "How long a session lasts without being used, such as 30d, 12h, 90m or 60s"),
    key("log.format", Kind::LogFormat(|c| &mut c.log.format), Some("auto"),
        "Lines for people with colours on a terminal (auto) or without (human), or json (flag: --log-format)"),
    key("log.level", Kind::LogLevel(|c| &mut c.log.level), Some("info"),
        "The least important lines that are written: error, warn, info, debug, trace"),
    key("log.file", Kind::OptionalFile(|c| &mut c.log.file), Some(""),
        "File that log lines are appended to; empty: standard error (flag: --log-file)"),
    key("history_on_join", count(0, READ_EVENTS as u32, "messages", |c, n| c.history_on_join = n as usize), Some("50"),
        "Messages that a page shows when it opens"),
    key("long_poll_timeout", count(1, 3600, "seconds", |c, n| c.long_poll_timeout = Duration::from_secs(n.into())), Some("300"),
        "Seconds after which a waiting request is answered without a message"),
    key("quiet_ms", count(1, 10_000, "milliseconds", |c, n| c.quiet = Duration::from_millis(n.into())), Some("40"),
        "Milliseconds of silence after which a request of the CHAT/1.0 door that tells no length is complete"),
    key("disk_reserve", count(0, 1 << 20, "MiB", |c, n| c.disk_reserve_bytes = u64::from(n) * 1024 * 1024), Some("64"),
        "Free space in MiB below which posts are refused while reading goes on; 0: no reserve"),
    key("cache_mib", count(1, 65_536, "MiB", |c, n| c.cache_bytes = n as usize * 1024 * 1024), Some("64"),
        "Memory in MiB for recent events, all rooms together"),
    key("limits.posts_burst", count(0, 10_000, "posts", |c, n| c.limits.posts_burst = n), Some("20"),
        "Posts that a person may send at once in a room; 0: no limit per person"),
    key("limits.posts_per_second", count(0, 10_000, "posts", |c, n| c.limits.posts_per_second = n), Some("5"),
        "Posts a second of a person in a room after the burst; 0: no limit per person"),
    key("limits.posts_per_second_per_address",
        count(0, 100_000, "posts", |c, n| c.limits.posts_per_second_per_address = n), Some("50"),
        "Posts a second from one address; 0: no limit"),
    key("limits.connections", count(0, 10_000_000, "connections", |c, n| c.limits.connections = n as usize), Some("0"),
        "Connections in all; 0: the descriptor limit less 500"),
    key("limits.connections_per_address",
        count(0, 1_000_000, "connections", |c, n| c.limits.connections_per_address = n as usize), Some("256"),
        "Connections from one address (IPv6: one /64); 0: no limit"),
    key("limits.polls_per_address",
        count(0, 1_000_000, "requests", |c, n| c.limits.polls_per_address = n as usize), Some("128"),
        "Requests from one address that wait for a message (IPv6: one /64); 0: no limit"),
    key("limits.rooms_per_hour_per_address",
        count(0, 1_000_000, "rooms", |c, n| c.limits.rooms_per_hour_per_address = n), Some("20"),
        "Rooms made in an hour from one address; 0: no limit"),
    key("limits.logins_per_minute_per_address",
        count(0, 100_000, "logins", |c, n| c.limits.logins_per_minute_per_address = n), Some("20"),
        "Passwords tried in a minute from one address (IPv6: one /64); 0: no limit"),
    key("limits.registrations_per_hour_per_address",
        count(0, 100_000, "accounts", |c, n| c.limits.registrations_per_hour_per_address = n), Some("20"),
        "Accounts made in an hour from one address (IPv6: one /64); 0: no limit"),
    key("limits.message_bytes",
        count(1, MESSAGE_BYTES_CAP as u32, "bytes", |c, n| c.limits.message_bytes = n as usize), Some("4096"),
        "Length of a message in bytes of UTF-8"),
    key("limits.subject_bytes",
        count(1, SUBJECT_BYTES_CAP as u32, "bytes", |c, n| c.limits.subject_bytes = n as usize), Some("200"),
        "Length of a room's subject in bytes of UTF-8"),
];

/// One key: how it is called everywhere, what it takes, what it is without anybody's word.
#[derive(Debug)]
pub(crate) struct Key {
    /// Dotted, as in the file.
    pub(crate) name: &'static str,
    /// What it takes and which field of the configuration it sets.
    pub(crate) kind: Kind,
    /// What it is when nobody sets it, read like a text from the environment; `None`: the directory that the platform
    /// names for a program's data.
    pub(crate) fallback: Option<&'static str>,
    /// One line for people.
    pub(crate) help: &'static str,
}

impl Key {
    /// Whether its value is not shown.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret(_))
    }

    /// The variable that sets the key: `limits.posts_burst` is `PARLOR_LIMITS_POSTS_BURST`.
    pub(crate) fn variable(&self) -> String {
        format!("PARLOR_{}", self.name.replace('.', "_").to_ascii_uppercase())
    }
}

/// In the fallback's column: what it is depends on the machine.
const PLATFORM: Option<&str> = None;

const fn key(name: &'static str, kind: Kind, fallback: Option<&'static str>, help: &'static str) -> Key {
    Key { name, kind, fallback, help }
}

const fn count(min: u32, max: u32, unit: &'static str, set: fn(&mut super::Config, u32)) -> Kind {
    Kind::Count { min, max, unit, set }
}
