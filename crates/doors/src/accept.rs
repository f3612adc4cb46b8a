//! The accept loop of every TCP door: how many connections, how many from one address, and how they end with the server.

use std::future::Future;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parlor_core::rates::{Hold, Occupancy};
use parlor_core::{Refusal, limits};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};

/// Accepts the connections of one door.
pub struct Listener {
    /// Bound already, so that a port in use is told before anything else begins.
    pub socket: TcpListener,
    /// What speaks the door's protocol.
    pub door: Arc<dyn Serve>,
    /// Where connections run.
    pub tasks: Handle,
    /// Places for connections, of all doors together.
    pub places: Arc<Semaphore>,
    /// Connections by address, of all doors together.
    pub by_address: Arc<Occupancy>,
    /// Becomes true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

/// A door as its accept loop sees it.
pub trait Serve: Send + Sync + 'static {
    /// Whether this address is that of a proxy of ours, which carries everybody: it is not counted.
    fn trusts(&self, _peer: IpAddr) -> bool {
        false
    }

    /// Descriptors that a connection takes: as many places, because those are what the descriptors leave.
    fn descriptors(&self) -> u32 {
        1
    }

    /// What a connection for which there is no place is told, whole: the door's own bytes.
    fn turned_away(&self, why: &TurnedAway) -> Bytes;

    /// The life of a connection: it ends by itself, and soon when the server stops. How long a client may be silent is the
    /// door's own matter, its first byte included.
    fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, stopping: watch::Receiver<bool>) -> Life;
}

/// A connection's life, as a future of its own.
pub type Life = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Why there is no place for a connection; as text, a sentence for people without a full stop.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TurnedAway {
    /// The server holds all that it may.
    #[error("too many connections: try again in a moment")]
    Full,
    /// The address holds all that it may.
    #[error("{0} for one address")]
    OfAddress(Refusal),
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
        let farewells = Arc::new(Semaphore::new(limits::FAREWELLS));
        loop {
            // Both arms only wait: a connection that was accepted is never dropped with the other arm.
            let accepted = tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => break,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, &alive, &farewells),
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

    fn admit(&self, stream: TcpStream, peer: SocketAddr, alive: &mpsc::Sender<()>, farewells: &Arc<Semaphore>) {
        match self.place(peer, alive) {
            Ok(place) => {
                let life = self.door.clone().serve(stream, peer, self.stopping.clone());
                self.tasks.spawn(async move {
                    life.await;
                    drop(place);
                });
            }
            Err(why) => {
                let farewell = self.door.turned_away(&why);
                if let Some((stream, turn)) =
                    say_at_once(stream, &farewell).zip(farewells.clone().try_acquire_owned().ok())
                {
                    self.tasks.spawn(async move {
                        hear_out(stream).await;
                        drop(turn);
                    });
                }
            }
        }
    }

    fn place(&self, peer: SocketAddr, alive: &mpsc::Sender<()>) -> Result<Place, TurnedAway> {
        let places = self.door.descriptors();
        let place = self.places.clone().try_acquire_many_owned(places).map_err(|_| TurnedAway::Full)?;
        // A proxy of ours carries everybody; its clients are counted by their requests.
        let of_address = if self.door.trusts(peer.ip()) { None } else { Some(self.by_address.hold(peer.ip().into())) };
        let of_address = of_address.transpose().map_err(TurnedAway::OfAddress)?;
        Ok(Place { _place: place, _of_address: of_address, _alive: alive.clone() })
    }
}

/// Writes all of it to a connection that was just made, whose buffer is empty; `None` if that failed. Without waiting: who
/// is turned away takes no place meanwhile.
fn say_at_once(stream: TcpStream, bytes: &[u8]) -> Option<TcpStream> {
    // tokio's own would have to wait for word from the kernel that it may write.
    let mut stream = stream.into_std().ok()?;
    stream.write_all(bytes).ok()?;
    stream.shutdown(std::net::Shutdown::Write).ok()?;
    TcpStream::from_std(stream).ok()
}

/// Reads what a client still sends, for a second at most. A close with unread bytes resets the connection, and that can
/// take away from the client what it was told.
pub(crate) async fn hear_out(mut stream: TcpStream) {
    let mut unheard = [0; 1_024];
    let heard = async { while matches!(stream.read(&mut unheard).await, Ok(1..)) {} };
    // Whoever goes on for longer has had the time to read.
    let _ = timeout(Duration::from_secs(limits::FAREWELL_SECONDS), heard).await;
}

/// Waits until the server stops. Cancel safe.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error says that whoever could stop the server is gone, which is the same to who waits.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
