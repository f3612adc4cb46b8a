//! Why the program ends, and the exit code by which a script or a service manager knows it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::config::ConfigError;

/// A failure with an exit code of its own; anything else ends with 1. The numbers are those of `sysexits.h`.
///
/// An inner error stands in the sentence and is no `source`, else people would read it twice.
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
    /// Another parlor has it.
    #[error("the data directory {} is in use by process {pid}; stop that one, or choose another with --data-dir", dir.display())]
    DataDirInUse { dir: PathBuf, pid: String },
    /// The data directory cannot be used, or the disk failed.
    #[error("{what}: {error}; {advice}")]
    Disk { what: String, error: io::Error, advice: &'static str },
    /// The daemon's child has said why already.
    #[error("the daemon did not start")]
    Child(u8),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::PortInUse { .. } | Self::Listen { .. } => 71,
            Self::DataDirInUse { .. } => 73,
            Self::Disk { .. } => 74,
            Self::Config(_) | Self::NoDoor => 78,
            Self::Child(code) => *code,
        }
    }
}

/// The exit code for an error that reached `main`.
pub(crate) fn exit_code(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(error.downcast_ref::<Failure>().map_or(1, Failure::code))
}

/// Whether the reader of our output went away, as `head` does when it has enough: that is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
