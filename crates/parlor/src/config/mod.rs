//! What the operator decides: one table of keys ([`KEYS`]), three places to set them.
//!
//! A flag beats the environment, the environment beats the file, the file beats the default. All
//! wrong places are reported at once, each with where it is and what was expected, because whoever
//! mends a configuration over a slow connection wants to do it once.

mod environment;
mod file;
mod keys;
mod kind;
mod secret;
mod suggest;
mod tls;
mod words;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use parlor_core::limits::Limits;

pub(crate) use environment::Environment;
pub(crate) use keys::{KEYS, Key};
pub(crate) use kind::{LogFormat, LogLevel, StoreUrl};
pub(crate) use secret::{Secret, read_server_password};
pub(crate) use tls::{TLS_SUFFIX, TlsConfig, read_identity};
pub(crate) use words::Passwordless;

use kind::Given;

/// Everything the operator can decide, checked and typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// Where the HTTP door listens; `None`: it is off.
    pub(crate) http: Option<SocketAddr>,
    /// Where the terminal door listens; `None`: it is off.
    pub(crate) term: Option<SocketAddr>,
    /// Where the terminal door listens for TLS; `None`: it does not.
    pub(crate) term_tls: Option<SocketAddr>,
    /// What the server proves itself with.
    pub(crate) tls: TlsConfig,
    /// Where the CHAT/1.0 door listens; `None`: it is off.
    pub(crate) chat: Option<SocketAddr>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The directory of everything that lasts; absolute.
    pub(crate) data_dir: PathBuf,
    /// Which store holds the rooms.
    pub(crate) store: StoreUrl,
    /// What proves that a command comes from whoever runs the server; `None`: nothing does. [`read_server_password`] puts
    /// in what the file holds.
    pub(crate) server_password: Option<Secret>,
    /// The file that holds it instead; absolute.
    pub(crate) server_password_file: Option<PathBuf>,
    /// Whether accounts may be without a password.
    pub(crate) passwordless_accounts: Passwordless,
    /// How long a session lasts without being used.
    pub(crate) session_ttl: Duration,
    /// What is logged, how and where.
    pub(crate) log: LogConfig,
    /// Messages that a page shows when it opens.
    pub(crate) history_on_join: usize,
    /// After which a request that waits for a message is answered without one.
    pub(crate) long_poll_timeout: Duration,
    /// After which silence a request of the CHAT/1.0 door without a length is complete.
    pub(crate) quiet: Duration,
    /// Free space below which posts are refused.
    pub(crate) disk_reserve_bytes: u64,
    /// Size of the cache of recent events.
    pub(crate) cache_bytes: usize,
    /// What one person, one address and everybody together may use.
    pub(crate) limits: Limits,
}

impl Config {
    /// Whether accounts may be without a password: if nobody has decided, while only this machine can reach the server. A
    /// proxy that is trusted brings others, too.
    pub(crate) fn allows_passwordless_accounts(&self) -> bool {
        let listeners = [self.http, self.term, self.term_tls, self.chat];
        match self.passwordless_accounts {
            Passwordless::Yes => true,
            Passwordless::No => false,
            Passwordless::Auto => {
                self.trusted_proxies.is_empty() && listeners.iter().flatten().all(|address| address.ip().is_loopback())
            }
        }
    }
}

/// What is logged, how and where.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogConfig {
    /// Lines for people or JSON.
    pub(crate) format: LogFormat,
    /// The least important level that is written.
    pub(crate) level: LogLevel,
    /// A file that lines are appended to; `None`: standard error.
    pub(crate) file: Option<PathBuf>,
}

/// The places that [`load`] reads, as the command line and the process give them. Without `Debug`: they hold a password.
#[derive(Default)]
pub(crate) struct Sources {
    /// The file of `-c`; without it `PARLOR_CONFIG`, then the platform's place.
    pub(crate) file: Option<PathBuf>,
    /// The variables of the process.
    pub(crate) environment: Environment,
    /// Flags that set a key: the key, the flag as typed, its value.
    pub(crate) flags: Vec<(&'static str, &'static str, String)>,
    /// `--port`: keeps the configured address and changes its port.
    pub(crate) port: Option<u16>,
}

/// A checked configuration and, for every key, its value as text and where it came from.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The typed values.
    pub(crate) config: Config,
    /// The file that was read, if there was one.
    pub(crate) file: Option<PathBuf>,
    rows: Vec<(String, Origin)>,
}

impl Settings {
    /// Every key in the order of [`KEYS`] with its value, written so that the file would take it.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static Key, &str, &Origin)> {
        KEYS.iter().zip(&self.rows).map(|(key, (shown, origin))| (key, shown.as_str(), origin))
    }

    /// Where a key's value comes from; a name that is no key is the default's.
    pub(crate) fn origin(&self, name: &str) -> &Origin {
        self.rows().find(|(key, ..)| key.name == name).map_or(&Origin::Default, |(_, _, origin)| origin)
    }
}

/// Where a value, or a mistake, is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// In the file; line and column count from 1, the column in characters.
    File { path: PathBuf, line: usize, column: usize },
    /// The file itself, which cannot be read.
    WholeFile(PathBuf),
    /// In this variable.
    Environment(String),
    /// In this flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::WholeFile(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// One mistake: where it is, and a sentence that says what is wrong and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) origin: Origin,
    pub(crate) sentence: String,
}

/// All mistakes of a configuration, never empty.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is wrong\n{}", lines(.0))]
pub(crate) struct ConfigError(pub(crate) Vec<Problem>);

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.origin, problem.sentence)).collect();
    lines.join("\n")
}

/// Reads all places in order of rank and checks them.
///
/// # Errors
/// All mistakes of all places together: unknown keys and variables with a suggestion, wrong types,
/// values out of range, a file that cannot be read, no place for the data.
pub(crate) fn load(sources: &Sources) -> Result<Settings, ConfigError> {
    let mut draft = Draft::new();
    let file = sources.file.clone().or_else(|| sources.environment.config_file());
    if let Some(path) = &file {
        file::read(path, &mut draft);
    }
    sources.environment.read(&mut draft);
    for (name, flag, text) in &sources.flags {
        draft.set(name, &Given::Words(text.clone()), Origin::Flag(flag));
    }
    if let Some(port) = sources.port {
        draft.set_port(port);
    }
    draft.find_data_dir(&sources.environment);
    draft.check_server_password();
    draft.check_tls();
    draft.finish(file)
}

/// The configuration while it is being read: every key has a value from the start.
struct Draft {
    config: Config,
    rows: Vec<(String, Origin)>,
    problems: Vec<Problem>,
}

impl Draft {
    fn new() -> Self {
        let mut draft = Self { config: Config::default(), rows: Vec::new(), problems: Vec::new() };
        draft.rows.resize(KEYS.len(), (String::new(), Origin::Default));
        for key in KEYS {
            if let Some(text) = key.fallback {
                draft.set(key.name, &Given::Words(text.to_owned()), Origin::Default);
            }
        }
        draft
    }

    fn set(&mut self, name: &str, given: &Given, origin: Origin) {
        let Some(index) = KEYS.iter().position(|key| key.name == name) else {
            self.complain(origin, suggest::unknown_key(name));
            return;
        };
        match KEYS[index].kind.apply(given, &mut self.config) {
            Ok(shown) => self.rows[index] = (shown, origin),
            Err(wrong) => self.complain(origin, format!("{name}: {wrong}")),
        }
    }

    /// `--port` names no host: it keeps the one that is configured, and turns a door that is off on
    /// where nobody else can reach it.
    fn set_port(&mut self, port: u16) {
        let host = self.config.http.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip());
        let address = SocketAddr::new(host, port).to_string();
        self.set("http", &Given::Words(address), Origin::Flag("--port"));
    }

    fn find_data_dir(&mut self, environment: &Environment) {
        if !self.config.data_dir.as_os_str().is_empty() || self.has_problem_with("data_dir") {
            return;
        }
        match environment.data_dir() {
            Some(dir) => {
                self.set("data_dir", &Given::Words(dir.display().to_string()), Origin::Default);
            }
            None => self.complain(
                Origin::Default,
                "data_dir: there is no home directory to keep data in (HOME and XDG_DATA_HOME are \
                 not set); say where with --data-dir DIR, PARLOR_DATA_DIR or data_dir in the file"
                    .to_owned(),
            ),
        }
    }

    /// Of two passwords nobody could say which one counts.
    fn check_server_password(&mut self) {
        if self.config.server_password.is_none() || self.config.server_password_file.is_none() {
            return;
        }
        let origin = |name| KEYS.iter().position(|key| key.name == name).map(|index| self.rows[index].1.clone());
        let (here, there) = (origin("server_password"), origin("server_password_file"));
        if let (Some(here), Some(there)) = (here, there) {
            let sentence =
                format!("server_password_file: server_password is set too ({here}); leave one of the two out");
            self.complain(there, sentence);
        }
    }

    fn has_problem_with(&self, name: &str) -> bool {
        let start = format!("{name}: ");
        self.problems.iter().any(|problem| problem.sentence.starts_with(&start))
    }

    fn complain(&mut self, origin: Origin, sentence: String) {
        self.problems.push(Problem { origin, sentence });
    }

    fn finish(self, file: Option<PathBuf>) -> Result<Settings, ConfigError> {
        if self.problems.is_empty() {
            Ok(Settings { config: self.config, rows: self.rows, file })
        } else {
            Err(ConfigError(self.problems))
        }
    }
}

/// The absolute form of a path that was typed relative to the current directory.
///
/// A daemon changes its directory, so a relative path would name another file later.
fn absolute(path: &Path) -> Result<PathBuf, String> {
    if path.starts_with("~") {
        return Err(format!("{} is not expanded here; write the whole path", path.display()));
    }
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
