//! The socket in the data directory by which other processes of this user give orders: one a line, one answer a line.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parlor_core::Chat;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};

use super::act::act;
use super::order::{Answer, Order};
use crate::runtime;

/// Whoever may use it is the operator; a script that runs wild still has a bound.
const CONNECTIONS: usize = 8;
/// The longest order: a room with hundreds of new members fits.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// How long a connection may say nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// Where the socket of a data directory is.
pub(super) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("operator.sock")
}

/// Connects to it.
pub(super) fn connect(data_dir: &Path) -> io::Result<StdStream> {
    StdStream::connect(path(data_dir))
}

/// The socket, listening. It goes from the directory when this is dropped.
pub(crate) struct Operator {
    listener: UnixListener,
    path: PathBuf,
}

impl Operator {
    /// Opens it in the place of whatever a server left there that was killed. The caller holds the directory's lock.
    ///
    /// # Errors
    /// The system's; among them a path that is too long for a socket (100 bytes or so).
    pub(crate) fn open(data_dir: &Path) -> io::Result<Operator> {
        let path = path(data_dir);
        // Under its own name from the moment on at which nobody else can open it.
        let next = data_dir.join("operator.new");
        match fs::remove_file(&next) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&next)?;
        fs::set_permissions(&next, Permissions::from_mode(0o600))?;
        fs::rename(&next, &path)?;
        Ok(Operator { listener, path })
    }

    /// Takes orders until `stopping` is true. Holds the chat only while it carries one out.
    pub(crate) async fn run(self, chat: Weak<Chat>, mut stopping: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let place = places.clone().acquire_owned().await.expect("nobody closes it");
            // Cancel safe, both: accepting takes no connection that it does not give, and a change that was seen stays.
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = stopping.wait_for(|stopping| *stopping) => return,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the operator's socket could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (chat, mut stopping) = (chat.clone(), stopping.clone());
            runtime::spawn(async move {
                // Cancel safe: what is being carried out when the server stops is stored, or its outcome is unknown.
                tokio::select! {
                    served = serve(stream, &chat) => if let Err(error) = served {
                        tracing::debug!(%error, "a connection of the operator broke");
                    },
                    _ = stopping.wait_for(|stopping| *stopping) => {}
                }
                drop(place);
            });
        }
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, socket = %self.path.display(), "the operator's socket could not be removed");
        }
    }
}

async fn serve(stream: UnixStream, chat: &Weak<Chat>) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    let mut stream = BufReader::new(stream);
    // The file's mode says so as well, but not every system looks at the modes of sockets.
    if peer != 0 && peer != rustix::process::geteuid().as_raw() {
        tracing::warn!(peer, "another user tried to give orders");
        return answer(&mut stream, &Answer::Refused("only the user that runs the server may do this".to_owned()))
            .await;
    }
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut stream).take(LINE_BYTES_MAX);
        let read = tokio::time::timeout(SILENCE, limited.read_until(b'\n', &mut line)).await;
        if read.map_err(|_| io::Error::from(ErrorKind::TimedOut))?? == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') {
            return answer(&mut stream, &Answer::Refused("the order is too long, or its end is missing".to_owned()))
                .await;
        }
        let said = match serde_json::from_slice::<Order>(&line) {
            Ok(order) => match chat.upgrade() {
                Some(chat) => act(&chat, order).await,
                None => Answer::Failed("the server is about to stop".to_owned()),
            },
            // Not with the words of the parser, which repeat what was sent: that may be a password.
            Err(_) => Answer::Refused("this is no order; is the program of the same version as the server?".to_owned()),
        };
        answer(&mut stream, &said).await?;
    }
}

async fn answer(stream: &mut BufReader<UnixStream>, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer).map_err(io::Error::other)?;
    line.push(b'\n');
    stream.get_mut().write_all(&line).await
}
