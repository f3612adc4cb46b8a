//! The accept loop of HTTP and the life of its connections: how many, how long, how slow.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use parlor_core::limits;
use parlor_core::rates::{Hold, Occupancy};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};

use super::front::Front;
use super::head_scan::{HeadScan, Scanned};
use super::spoken::Spoken;

/// Accepts connections and lets a [`Front`] answer their requests.
pub struct Listener {
    /// Bound already, so that a port in use is told before anything else begins.
    pub socket: TcpListener,
    /// What answers.
    pub front: Arc<Front>,
    /// Where connections run.
    pub tasks: Handle,
    /// Places for connections, of all doors together.
    pub places: Arc<Semaphore>,
    /// Connections by address.
    pub by_address: Arc<Occupancy>,
    /// Becomes true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

/// What a connection holds for as long as it lives.
struct Place {
    _place: OwnedSemaphorePermit,
    _of_address: Option<Hold>,
    /// The last one dropped tells the accept loop that all have ended.
    _alive: mpsc::Sender<()>,
}

impl Listener {
    /// Serves until the server stops, then until every connection has ended, at most [`limits::DRAIN_SECONDS`].
    pub async fn run(mut self) {
        let (alive, mut all_gone) = mpsc::channel(1);
        loop {
            let accepted = tokio::select! {
                biased;
                () = super::stopped(&mut self.stopping) => break,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, &alive),
                Err(error) => {
                    // No descriptor left, or the client is gone already. Established connections go on.
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(limits::ACCEPT_PAUSE_MILLIS)).await;
                }
            }
        }
        drop(self.socket);
        drop(alive);
        if timeout(Duration::from_secs(limits::DRAIN_SECONDS), all_gone.recv()).await.is_err() {
            tracing::warn!("some connections did not end in time and are cut");
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr, alive: &mpsc::Sender<()>) {
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return self.turn_away(stream, "503 Service Unavailable", "too many connections: try again in a moment");
        };
        // A proxy of ours carries everybody; its clients are counted by their requests.
        let of_address = if self.front.trusts(peer.ip()) { None } else { Some(self.by_address.hold(peer.ip().into())) };
        let of_address = match of_address.transpose() {
            Ok(hold) => hold,
            Err(refusal) => {
                return self.turn_away(stream, "429 Too Many Requests", &format!("{refusal} for one address"));
            }
        };
        let place = Place { _place: place, _of_address: of_address, _alive: alive.clone() };
        self.tasks.spawn(connection(stream, peer, self.front.clone(), self.stopping.clone(), place));
    }

    /// Says why, in a task of its own: writing could wait.
    fn turn_away(&self, mut stream: TcpStream, status: &str, sentence: &str) {
        let length = sentence.len() + 1;
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nRetry-After: 5\r\nConnection: close\r\n\r\n{sentence}\n"
        );
        self.tasks.spawn(async move {
            // If it can't even be told, there is nobody to tell.
            let _ = timeout(Duration::from_secs(1), stream.write_all(answer.as_bytes())).await;
        });
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    front: Arc<Front>,
    mut stopping: watch::Receiver<bool>,
    _place: Place,
) {
    if timeout(Duration::from_secs(limits::FIRST_BYTE_SECONDS), stream.readable()).await.is_err() {
        return;
    }
    // An answer is one write; waiting for more to send along would only delay it.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let scan = Arc::new(HeadScan::default());
    let service = front.service(peer.ip(), scan.clone());
    let stalled = super::stalled::Stalled::new(stream, Duration::from_secs(limits::STALLED_WRITE_SECONDS));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits::HTTP_HEAD_SECONDS))
        .max_headers(limits::HTTP_HEADERS)
        .max_buf_size(limits::HTTP_BUFFER_BYTES)
        .serve_connection(TokioIo::new(Scanned::new(Spoken::new(stalled), scan)), service);
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        biased;
        ended = serving.as_mut() => ended,
        () = super::stopped(&mut stopping) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        // The client's doing: a broken head, a connection that went away. Not worth more than a trace.
        tracing::debug!(%error, %peer, "an HTTP connection ended early");
    }
}
