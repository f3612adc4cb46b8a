//! Why the program ends, and the exit code by which a script or a service manager knows it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use parlor_backend::OpenError;
use parlor_client::ClientError;
use parlor_client::history::HistoryError;

use crate::config::ConfigError;

/// A failure with an exit code of its own; anything else ends with 1. The numbers are those of `sysexits.h`.
///
/// An inner error stands in the sentence and is no `source`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The configuration is wrong; one line a mistake.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The configuration is right, but leaves nothing to do.
    #[error("every door is off, so there is nothing to serve; open one, for example with --http 127.0.0.1:1234")]
    NoDoor,
    /// Another program listens there.
    #[error("{address} is in use by another program; choose another port with {flag}")]
    PortInUse { address: SocketAddr, flag: &'static str },
    /// The address is not this machine's, or not for this user.
    #[error("cannot listen on {address}: {error}; choose another address with {flag}")]
    Listen { address: SocketAddr, flag: &'static str, error: io::Error },
    /// A file or directory of ours could not be made or opened.
    #[error("{what}: {error}; {advice}")]
    Files { what: String, error: io::Error, advice: &'static str },
    /// A write or a flush failed; what is on the disk is known only after a restart.
    #[error("the store could not be written: {0}; look at the disk, then start again: what was acknowledged is there")]
    Disk(String),
    /// The operator's order may not or cannot be carried out; the server's own sentence.
    #[error("{0}")]
    Refused(String),
    /// There is nothing to check.
    #[error("there is no store in {}; name its directory with --data-dir", .0.display())]
    NoStore(PathBuf),
    /// `check` has said what.
    #[error("the store has {0} damaged places; restore a backup (docs/operations.md)")]
    Damaged(usize),
    /// `check-history` has said which.
    #[error("the history breaks a promise; the report names each place")]
    Anomalies,
    /// The daemon's child has said why already.
    #[error("the daemon did not start")]
    Child(u8),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::PortInUse { .. } | Self::Listen { .. } => 71,
            Self::Files { .. } => 73,
            Self::Disk(_) => 74,
            Self::Anomalies | Self::Refused(_) => 1,
            Self::NoStore(_) => 66,
            Self::Damaged(_) => 65,
            Self::Config(_) | Self::NoDoor => 78,
            Self::Child(code) => *code,
        }
    }
}

/// The error with its causes as one sentence. A cause that stands in the words before it is left out: a library's error may
/// name its cause and hand it on, too.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        _ if said.contains(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}

/// The exit code for an error that reached `main`.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    let ours = error.downcast_ref::<Failure>().map(Failure::code);
    let opening = error.downcast_ref::<OpenError>().map(OpenError::exit_code);
    let talking = error.downcast_ref::<ClientError>().map(|error| error.exit() as u8);
    let judging = error.downcast_ref::<HistoryError>().map(|_| 65);
    ExitCode::from(ours.or(opening).or(talking).or(judging).unwrap_or(1))
}

/// Whether the reader of our output went away, as `head` does when it has enough: that is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let of_client = match error.downcast_ref::<ClientError>() {
        Some(ClientError::Io(error)) => Some(error),
        _ => None,
    };
    let error = error.downcast_ref::<io::Error>().or(of_client);
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
