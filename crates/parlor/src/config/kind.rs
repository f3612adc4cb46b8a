//! What a key takes: each kind reads a value, says what it expected, and sets its field.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::words::{self, Passwordless};
use super::{Config, Secret, absolute, secret};

/// The type of a key, its range, and the field of [`Config`] that it sets.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// An IP address with a port, or `off`.
    Address(fn(&mut Config) -> &mut Option<SocketAddr>),
    /// A list of networks in CIDR notation or single addresses.
    Networks(fn(&mut Config) -> &mut Vec<IpNet>),
    /// A directory.
    Directory(fn(&mut Config) -> &mut PathBuf),
    /// A file, or nothing.
    OptionalFile(fn(&mut Config) -> &mut Option<PathBuf>),
    /// A text that nobody may see again, or nothing.
    Secret(fn(&mut Config) -> &mut Option<Secret>),
    /// The URL of a store.
    Store(fn(&mut Config) -> &mut StoreUrl),
    /// One of [`LogFormat`]'s words.
    LogFormat(fn(&mut Config) -> &mut LogFormat),
    /// One of [`LogLevel`]'s words.
    LogLevel(fn(&mut Config) -> &mut LogLevel),
    /// One of [`Passwordless`]'s words, or a TOML boolean.
    Passwordless(fn(&mut Config) -> &mut Passwordless),
    /// A time such as `30d`, from `min` to `max`, both included.
    Span { min: Duration, max: Duration, place: fn(&mut Config) -> &mut Duration },
    /// A whole number from `min` to `max`, both included.
    Count { min: u32, max: u32, unit: &'static str, set: fn(&mut Config, u32) },
}

/// A value as its place gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    /// From a flag or a variable, which have no types: a number or a list is written as text.
    Words(String),
    /// A TOML string.
    Text(String),
    /// A TOML integer.
    Integer(i64),
    /// A TOML boolean.
    Truth(bool),
    /// A TOML array of strings.
    List(Vec<String>),
    /// Any other TOML value: its type, with an article.
    Other(&'static str),
}

impl Kind {
    /// Reads `given` into the key's field and returns the value as the file would have it.
    ///
    /// # Errors
    /// What was expected and what was there instead.
    pub(crate) fn apply(self, given: &Given, config: &mut Config) -> Result<String, String> {
        match self {
            Self::Address(place) => {
                let address = address(text(given, ADDRESS)?)?;
                *place(config) = address;
                Ok(address.map_or_else(|| quoted("off"), |address| quoted(&address.to_string())))
            }
            Self::Networks(place) => {
                let networks = networks(given)?;
                let shown: Vec<String> = networks.iter().map(|net| quoted(&net.to_string())).collect();
                *place(config) = networks;
                Ok(format!("[{}]", shown.join(", ")))
            }
            Self::Directory(place) => {
                let typed = text(given, "the path of a directory")?;
                if typed.is_empty() {
                    return Err("expected the path of a directory, got nothing".to_owned());
                }
                *place(config) = absolute(Path::new(typed))?;
                Ok(quoted(&place(config).display().to_string()))
            }
            Self::OptionalFile(place) => {
                let typed = text(given, "the path of a file")?;
                let path = if typed.is_empty() { None } else { Some(absolute(Path::new(typed))?) };
                let shown = path.as_ref().map_or_else(String::new, |path| path.display().to_string());
                *place(config) = path;
                Ok(quoted(&shown))
            }
            Self::Secret(place) => {
                // No error repeats what was given: it is a secret, if a wrong one.
                let (Given::Words(typed) | Given::Text(typed)) = given else {
                    return Err("expected a text in quotes".to_owned());
                };
                *place(config) = Secret::new(typed)?;
                Ok(if typed.is_empty() { quoted("") } else { secret::HIDDEN.to_owned() })
            }
            Self::Store(place) => {
                *place(config) = StoreUrl::read(text(given, "the URL of a store, such as sqlite:")?)?;
                Ok(quoted(&place(config).to_string()))
            }
            Self::LogFormat(place) => word(given, &LogFormat::WORDS, place(config)),
            Self::LogLevel(place) => word(given, &LogLevel::WORDS, place(config)),
            Self::Passwordless(place) => words::passwordless(given, place(config)),
            Self::Span { min, max, place } => words::span(text(given, words::SPAN)?, min, max, place(config)),
            Self::Count { min, max, unit, set } => {
                let count = count(given, min, max, unit)?;
                set(config, count);
                Ok(count.to_string())
            }
        }
    }
}

/// Lines for people or for machines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people, with colours where the output is a terminal.
    #[default]
    Auto,
    /// For people, never with colours.
    Human,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    const WORDS: [(&'static str, Self); 3] = [("auto", Self::Auto), ("human", Self::Human), ("json", Self::Json)];
}

/// How important a line must be to be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    const WORDS: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

/// Which store holds the rooms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// `sqlite:`: the database inside the data directory.
    #[default]
    SqliteInDataDir,
}

impl StoreUrl {
    /// The errors never repeat what stands behind the scheme: it may hold a password.
    fn read(typed: &str) -> Result<Self, String> {
        match typed.split_once(':') {
            Some(("sqlite", "")) => Ok(Self::SqliteInDataDir),
            Some(("sqlite", _)) => Err("the SQLite database lies in the data directory; \
                write `sqlite:` alone and choose the directory with data_dir"
                .to_owned()),
            Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Err(format!("parlor has no store for `{scheme}:` URLs; leave the key out, or write `sqlite:`"))
            }
            _ => Err("expected the URL of a store; leave the key out, or write `sqlite:`".to_owned()),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SqliteInDataDir => f.write_str("sqlite:"),
        }
    }
}

impl Given {
    /// What a person would call it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Words(words) if words.is_empty() => "nothing".to_owned(),
            Self::Words(text) | Self::Text(text) => quoted(text),
            Self::Integer(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Other(name) => (*name).to_owned(),
        }
    }
}

const ADDRESS: &str = "an address with a port such as 127.0.0.1:1234 or [::1]:1234, or off";

fn text<'a>(given: &'a Given, expected: &str) -> Result<&'a str, String> {
    match given {
        Given::Words(text) | Given::Text(text) => Ok(text),
        other => Err(format!("expected {expected}, in quotes; got {}", other.name())),
    }
}

fn address(typed: &str) -> Result<Option<SocketAddr>, String> {
    if typed == "off" {
        return Ok(None);
    }
    typed.parse().map(Some).map_err(|_| format!("expected {ADDRESS}; got {}", quoted(typed)))
}

fn networks(given: &Given) -> Result<Vec<IpNet>, String> {
    const EXPECTED: &str = "a list of networks such as [\"127.0.0.1\", \"10.0.0.0/8\"]";
    let items: Vec<&str> = match given {
        Given::Words(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
        Given::List(items) => items.iter().map(String::as_str).collect(),
        other => return Err(format!("expected {EXPECTED}; got {}", other.name())),
    };
    items.into_iter().map(network).collect()
}

fn network(typed: &str) -> Result<IpNet, String> {
    if let Ok(address) = typed.parse::<std::net::IpAddr>() {
        return Ok(IpNet::from(address));
    }
    typed.parse().map_err(|_| format!("expected an address or a network such as 10.0.0.0/8; got {}", quoted(typed)))
}

pub(super) fn word<T: Copy>(given: &Given, words: &[(&str, T)], place: &mut T) -> Result<String, String> {
    let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let expected = format!("one of {}", all.join(", "));
    let typed = text(given, &expected)?;
    let Some((word, value)) = words.iter().find(|(word, _)| *word == typed) else {
        return Err(format!("expected {expected}; got {}", quoted(typed)));
    };
    *place = *value;
    Ok(quoted(word))
}

fn count(given: &Given, min: u32, max: u32, unit: &str) -> Result<u32, String> {
    let typed = match given {
        Given::Words(text) => text.parse().ok(),
        Given::Integer(number) => u32::try_from(*number).ok(),
        _ => None,
    };
    match typed {
        Some(count) if (min..=max).contains(&count) => Ok(count),
        _ => {
            let quotes = match given {
                Given::Text(text) if text.parse::<u32>().is_ok() => " (leave the quotes out)",
                _ => "",
            };
            Err(format!("expected a whole number of {unit} from {min} to {max}; got {}{quotes}", given.name()))
        }
    }
}

/// `text` as a TOML string. Control characters are escaped, so the line is safe on a terminal.
pub(super) fn quoted(text: &str) -> String {
    let mut shown = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => shown.extend(['\\', c]),
            c if c.is_control() => shown.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown.push('"');
    shown
}
