//! Other servers that do the same work, where they are installed: on PATH, or in `target/bench/tools`
//! (`bench/tools.sh` puts them there).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::Setup;
use crate::dialect::Language;
use crate::server::Server;

/// A server that is no part of parlor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Other {
    Inspircd,
    Nats,
    NodeWs,
}

impl Other {
    /// What it is called in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Inspircd => "InspIRCd",
            Self::Nats => "nats-server",
            Self::NodeWs => "ws on Node",
        }
    }

    /// What it speaks.
    pub(crate) fn language(self) -> Language {
        match self {
            Self::Inspircd => Language::Irc,
            Self::Nats => Language::Nats,
            Self::NodeWs => Language::PlainWs,
        }
    }

    /// Starts it with its logs in `folder`; `None`, and a line that says so, if it is not installed.
    pub(crate) fn start(self, setup: &Setup, folder: &Path) -> Result<Option<Server>> {
        let tools = setup.work_dir.join("tools");
        let log = folder.join(format!("{self:?}.log"));
        let server = match self {
            Self::Inspircd => find("inspircd", &tools).map(|program| start_inspircd(&program, folder, log)),
            Self::Nats => find("nats-server", &tools).map(|program| start_nats(&program, log)),
            Self::NodeWs => {
                find("node", &tools).filter(|node| has_ws(node, &tools)).map(|node| start_ws(&node, &tools, log))
            }
        };
        if server.is_none() {
            eprintln!("{} is not installed, so it is not compared with (bench/tools.sh fetches it)", self.name());
        }
        server.transpose()
    }
}

fn start_nats(program: &Path, log: PathBuf) -> Result<Server> {
    Server::start_other(log, |address| {
        let mut command = Command::new(program);
        command.args(["--addr", "127.0.0.1", "--port", &address.port().to_string()]);
        Ok(command)
    })
}

fn start_ws(node: &Path, tools: &Path, log: PathBuf) -> Result<Server> {
    Server::start_other(log, |address| {
        let mut command = Command::new(node);
        command.env("NODE_PATH", tools.join("node_modules"));
        command.args(["--eval", include_str!("broadcast.cjs"), &address.port().to_string()]);
        Ok(command)
    })
}

fn start_inspircd(program: &Path, folder: &Path, log: PathBuf) -> Result<Server> {
    // Modules lie beside the program: PREFIX/sbin/inspircd, PREFIX/lib/inspircd/modules.
    let prefix = program.ancestors().nth(2).unwrap_or(Path::new("/usr"));
    let modules = prefix.join("lib/inspircd/modules");
    let config = folder.join("inspircd.conf");
    Server::start_other(log, |address| {
        let text = include_str!("inspircd.conf")
            .replace("PORT", &address.port().to_string())
            .replace("MODULES", &modules.to_string_lossy())
            .replace("FOLDER", &folder.to_string_lossy());
        std::fs::write(&config, text)?;
        let mut command = Command::new(program);
        command.arg(format!("--config={}", config.display())).args(["--nofork", "--runasroot"]);
        Ok(command)
    })
}

/// Whether Node finds the package `ws`.
fn has_ws(node: &Path, tools: &Path) -> bool {
    let mut command = Command::new(node);
    command.env("NODE_PATH", tools.join("node_modules")).args(["--eval", "require('ws')"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// A program of `tools`, or else of PATH.
fn find(program: &str, tools: &Path) -> Option<PathBuf> {
    let own = ["usr/sbin", "usr/bin"].map(|folder| tools.join(folder));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = own.into_iter().chain(std::env::split_paths(&path)).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}
