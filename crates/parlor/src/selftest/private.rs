//! A server for nobody else: free ports of this machine, a temporary directory, the default settings.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use parlor_backend::Sqlite;
use parlor_client::conversation::Doors;
use parlor_core::rates::Occupancy;
use parlor_doors::accept::Listener;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::crash::Trapdoor;
use crate::config::{self, Sources};
use crate::sockets::Sockets;
use crate::{compose, logging, runtime, signals, store};

/// Connections that it holds at once; a selftest needs a handful.
const CONNECTIONS: usize = 64;
/// A port of this machine that the system chooses.
const FREE: &str = "127.0.0.1:0";

/// A server that runs in this process. Its directory goes with it.
pub(super) struct Private {
    doors: Doors,
    trapdoor: SocketAddr,
    log: PathBuf,
    store: Arc<Sqlite>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<anyhow::Result<()>>,
    runtime: Runtime,
    _directory: TempDir,
}

impl Private {
    /// Opens the doors. The process logs into a file of the server's directory from now on.
    pub(super) fn start() -> anyhow::Result<Self> {
        let directory =
            tempfile::tempdir().context("cannot make a temporary directory; set TMPDIR to one that can be written")?;
        let log = directory.path().join("parlor.log");
        let data_dir = directory.path().join("data").display().to_string();
        // Neither the operator's file nor the variables count: it is the program that is tested.
        let free = || FREE.to_owned();
        let doors = [("http", "--http"), ("term", "--term"), ("chat", "--chat")];
        let flags = doors.map(|(key, flag)| (key, flag, free())).into_iter();
        let flags = flags.chain([("data_dir", "--data-dir", data_dir)]).collect();
        let settings = config::load(&Sources { flags, ..Sources::default() })?;
        let config = settings.config.clone();
        logging::start(config.log.format, config.log.level, Some(&log))?;
        let store = Arc::new(store::open(&config)?);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("parlor").build()?;
        let stop = watch::Sender::new(false);
        let inside = runtime.enter();
        // Ctrl-C stops the server, so the conversations fail and the directory goes.
        signals::listen(stop.clone())?;
        let sockets = Sockets::bind(&settings)?;
        let addresses = sockets.addresses()?;
        let address = |door: &str| {
            let found = addresses.iter().find(|(name, _)| *name == door);
            found.map(|(_, address)| address.to_string()).unwrap_or_default()
        };
        let doors = Doors { http: address("http"), term: address("term"), chat: address("chat") };
        let socket = runtime.block_on(TcpListener::bind(FREE))?;
        let trapdoor = socket.local_addr()?;
        let listener = Listener {
            socket,
            door: Arc::new(Trapdoor),
            tasks: Handle::current(),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            by_address: Occupancy::new("connections", 0),
            stopping: stop.subscribe(),
        };
        runtime::spawn(listener.run());
        let (stopping, served) = (stop.subscribe(), store.clone());
        let serving =
            runtime::spawn(
                async move { compose::serve(&config, served, sockets, CONNECTIONS, stopping, |_| Ok(())).await },
            );
        drop(inside);
        Ok(Self { doors, trapdoor, log, store, stop, serving, runtime, _directory: directory })
    }

    /// Where its doors are.
    pub(super) fn doors(&self) -> &Doors {
        &self.doors
    }

    /// Where its trapdoor is.
    pub(super) fn trapdoor(&self) -> SocketAddr {
        self.trapdoor
    }

    /// What it has logged.
    pub(super) fn log(&self) -> anyhow::Result<String> {
        std::fs::read_to_string(&self.log).context("cannot read the log of the private server")
    }

    /// Stops it as a signal would.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        let served = self.runtime.block_on(self.serving);
        self.runtime.shutdown_timeout(Duration::from_millis(500));
        self.store.close();
        served.context("the private server crashed")?.context("the private server failed")
    }
}
