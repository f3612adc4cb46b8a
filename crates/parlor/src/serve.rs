//! `parlor serve`: the life of a server, from the command line to the last acknowledged message.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::cli::ServeArguments;
use crate::config::{self, Config, Settings};
use crate::failure::{self, Failure};
use crate::sockets::{Addresses, Sockets};
use crate::{banner, compose, daemon, logging, runtime, show, signals, store};

/// Serves until the process is asked to stop.
///
/// # Errors
/// What kept the doors from opening, or the store from going on.
pub(crate) fn run(arguments: &ServeArguments) -> anyhow::Result<()> {
    if arguments.daemon && !arguments.detached {
        return daemon::start();
    }
    let mut settings = show::settings(&arguments.flags)?;
    config::read_server_password(&mut settings).map_err(Failure::from)?;
    let config = &settings.config;
    if arguments.detached {
        daemon::leave_session()?;
    }
    let log = log_file(config, arguments.detached)?;
    logging::start(config.log.format, config.log.level, log.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("parlor").build()?;
    let served = runtime.block_on(serve(&settings, log.as_deref(), arguments.detached));
    // A thread that does not end, such as a look-up of a name, must not keep the process from ending.
    runtime.shutdown_timeout(Duration::from_millis(500));
    match &served {
        Ok(()) => tracing::info!(panics = logging::panics(), "stopped"),
        // Whoever reads the log file later should find the reason there too; people at the terminal hear it from `main`.
        Err(error) if log.is_some() => tracing::error!(error = failure::sentence(error), "stopped by a failure"),
        Err(_) => {}
    }
    served
}

async fn serve(settings: &Settings, log: Option<&Path>, detached: bool) -> anyhow::Result<()> {
    let config = &settings.config;
    let stop = watch::Sender::new(false);
    signals::listen(stop.clone())?;
    let descriptors = runtime::raise_descriptor_limit();
    // The store before the sockets: of two servers on one data directory the second should hear of that, not of the port.
    let store = Arc::new(store::open(config)?);
    let sockets = Sockets::bind(settings)?;
    let addresses = sockets.addresses()?;
    let mut daemon = None;
    let opened = |link: Option<&str>| announce(&addresses, config, link, log, detached).map(|child| daemon = child);
    let connections = compose::connections(config, descriptors);
    let mut fatal = store.fatal();
    let mut serving = pin!(compose::serve(config, store.clone(), sockets, connections, stop.subscribe(), opened));
    tokio::select! {
        served = &mut serving => served?,
        // Cancel safe. Its sender lives in the store's writer, which lives as long as `store`.
        reason = fatal.wait_for(Option::is_some) => {
            let reason = reason.ok().and_then(|reason| reason.clone()).unwrap_or_else(|| "its writer is gone".to_owned());
            tracing::error!(reason, "the store can't be written any more; stopping");
            // Whoever posted still hears that the outcome is unknown.
            stop.send_replace(true);
            serving.await?;
            return Err(Failure::Disk(reason).into());
        }
    }
    store.close();
    Ok(())
}

/// Tells people, and the parent of a daemon, that the doors are open.
fn announce(
    addresses: &Addresses,
    config: &Config,
    operator_link: Option<&str>,
    log: Option<&Path>,
    detached: bool,
) -> anyhow::Result<Option<daemon::Detached>> {
    let doors: Vec<String> = addresses.iter().map(|(name, address)| format!("{name} {address}")).collect();
    tracing::info!(doors = doors.join(", "), data_dir = %config.data_dir.display(), "open");
    match log {
        Some(log) if detached => {
            let stop = format!("kill {}", std::process::id());
            let banner = banner::text(addresses, &config.data_dir, Some(log), operator_link, &stop);
            daemon::ready(&banner, &config.data_dir, log).map(Some)
        }
        _ => {
            let banner = banner::text(addresses, &config.data_dir, log, operator_link, "Ctrl-C");
            // A closed standard output is no reason not to serve.
            let _ = io::Write::write_all(&mut io::stdout(), banner.as_bytes());
            Ok(None)
        }
    }
}

/// A daemon has no terminal to log to, so its log is in the data directory unless it is told another place.
fn log_file(config: &Config, detached: bool) -> Result<Option<PathBuf>, Failure> {
    if config.log.file.is_some() || !detached {
        return Ok(config.log.file.clone());
    }
    make_data_dir(&config.data_dir)?;
    Ok(Some(config.data_dir.join("parlor.log")))
}

/// Makes the data directory, for nobody else's eyes, if the store has not done so before.
fn make_data_dir(dir: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| Failure::Files {
        what: format!("cannot make the data directory {}", dir.display()),
        error,
        advice: "choose another with --data-dir",
    })
}
