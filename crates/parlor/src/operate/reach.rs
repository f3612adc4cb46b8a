//! Handing an order to whoever has the store: the running server, or nobody, and then this process.

use std::io::ErrorKind::{ConnectionRefused, InvalidInput, NotADirectory, NotFound, PermissionDenied};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use parlor_backend::Sqlite;
use parlor_core::Chat;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use super::act::act;
use super::order::{Answer, Order};
use super::socket;
use crate::config::Config;
use crate::failure::Failure;
use crate::{compose, runtime, store};

/// How long the server may take for one order; one that is stuck keeps nobody for ever.
const ANSWER: Duration = Duration::from_secs(60);
/// How long what was ordered may take to be written when it is done.
const CLOSING: Duration = Duration::from_secs(10);

/// Who carries out orders.
pub(super) enum Server {
    Running(BufReader<UnixStream>),
    Stopped(Box<Stopped>),
}

/// The chat over a store that no server has.
pub(super) struct Stopped {
    runtime: Runtime,
    store: Arc<Sqlite>,
    chat: Arc<Chat>,
    sequencer: JoinHandle<()>,
}

impl Server {
    /// Finds the server of the data directory; if none runs, opens its store.
    ///
    /// # Errors
    /// There is no store, or another user's server has it, or it is in use without listening.
    pub(super) fn reach(config: &Config) -> anyhow::Result<Self> {
        let path = socket::path(&config.data_dir);
        match socket::connect(&config.data_dir) {
            Ok(stream) => {
                stream.set_read_timeout(Some(ANSWER))?;
                stream.set_write_timeout(Some(ANSWER))?;
                Ok(Self::Running(BufReader::new(stream)))
            }
            // Of a path that is too long for a socket no server listens; if one runs, it has the store's lock.
            Err(error) if matches!(error.kind(), NotFound | NotADirectory | ConnectionRefused | InvalidInput) => {
                Ok(Self::Stopped(Box::new(Stopped::open(config)?)))
            }
            Err(error) if error.kind() == PermissionDenied => {
                bail!("{} is not yours: run this as the user that runs the server", path.display())
            }
            Err(error) => Err(error).with_context(|| format!("cannot reach the server at {}", path.display())),
        }
    }

    /// Has it carried out.
    ///
    /// # Errors
    /// The server went away; whether it was carried out is not known then.
    pub(super) fn order(&mut self, order: &Order) -> anyhow::Result<Answer> {
        match self {
            Self::Running(stream) => {
                // As words alone: a pipe that broke here is not that of somebody who had read enough.
                tell(stream, order).map_err(|error| {
                    anyhow!("the server did not answer ({error:#}); look whether it was done, when it runs again")
                })
            }
            Self::Stopped(stopped) => Ok(stopped.runtime.block_on(act(&stopped.chat, order.clone()))),
        }
    }

    /// Nothing more is ordered: what was is on the disk when this answers.
    ///
    /// # Errors
    /// The store could not be closed in time.
    pub(super) fn leave(self) -> anyhow::Result<()> {
        let Self::Stopped(stopped) = self else { return Ok(()) };
        let Stopped { runtime, store, chat, sequencer } = *stopped;
        // It held the last way to post, so the sequencer ends.
        drop(chat);
        let ended = runtime.block_on(async { tokio::time::timeout(CLOSING, sequencer).await });
        ended.context("the store did not close in time")?.context("the sequencer ended before its time")?;
        store.close();
        Ok(())
    }
}

impl Stopped {
    fn open(config: &Config) -> anyhow::Result<Self> {
        if !store::is_there(config) {
            // Opening would make one, in a directory that was perhaps mistyped.
            return Err(Failure::NoStore(config.data_dir.clone()).into());
        }
        let store = Arc::new(store::open(config)?);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (chat, sequencer) = runtime.block_on(async {
            let (chat, engines) = compose::open(config, store.clone()).await?;
            anyhow::Ok((chat, runtime::spawn(engines.sequencer.run())))
        })?;
        Ok(Self { runtime, store, chat, sequencer })
    }
}

fn tell(stream: &mut BufReader<UnixStream>, order: &Order) -> anyhow::Result<Answer> {
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    stream.get_mut().write_all(&line)?;
    let mut answer = String::new();
    if stream.read_line(&mut answer)? == 0 {
        bail!("it closed the connection");
    }
    Ok(serde_json::from_str(&answer)?)
}
