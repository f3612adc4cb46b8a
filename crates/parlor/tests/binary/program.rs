//! Running the binary in a world of its own: a fresh home, and no variable of whoever runs the tests.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A home directory with the program in it.
pub(crate) struct Home(TempDir);

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None`: a signal.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) out: String,
    /// What it complained.
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("tests may write temporary files"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The program with these words, not yet started.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
        command.args(words).env_clear().env("HOME", self.path()).current_dir(self.path());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.finish(self.command(words))
    }

    /// Runs a command to its end; this home's path is shown as `HOME`.
    pub(crate) fn finish(&self, mut command: Command) -> Ended {
        let Output { status, stdout, stderr } = command.output().expect("the binary starts");
        let home = self.path().display().to_string();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8").replace(&home, "HOME");
        Ended { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}
