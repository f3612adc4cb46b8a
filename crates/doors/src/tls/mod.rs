//! TLS before any door with a port of its own: it ends here, and the door speaks plainly with a socket of this machine.
//!
//! - [`Tls`]: what the server proves itself with; [`Tls::guard`] stands before a door.
//! - `identity`: the certificate and its key; `relay`: a connection's bytes, both ways.
//!
//! # How it works
//! A connection's task shakes hands, and then gives its door one end of a pair of sockets and relays between the other end and
//! the client. So a door, and the live delivery that writes past its task, is the same with and without TLS: a socket that
//! takes only a part means that the reader is slow, and the kernel holds what is on its way.

mod identity;
mod relay;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Pair;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use parlor_core::limits;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use identity::{Identity, IdentityError};

use crate::accept::{Life, Serve, TurnedAway, hear_out, stopped};
use crate::live::set_options;
use crate::stalled::Stalled;

/// A handshake may take so long, as the first byte of any connection.
const HANDSHAKE_SECONDS: u64 = limits::FIRST_BYTE_SECONDS;

/// A client that takes nothing for so long is cut off. The door judges first and may say why; that is given as long again to be
/// heard (PROMISES 2.5).
const STALLED_SECONDS: u64 = 2 * limits::STALLED_WRITE_SECONDS + limits::FAREWELL_SECONDS;

/// Bytes that may wait in the TLS of a connection, either way: a record (RFC 8446, section 5.1).
const RECORD_BYTES: usize = 16 * 1024;

/// What the server proves itself with to whoever connects.
pub struct Tls {
    // Held to copy or replace a pointer.
    identity: RwLock<Identity>,
}

/// A client's end of a connection.
type Client = TlsStream<Stalled<TcpStream>>;

impl Tls {
    /// TLS with this certificate.
    #[must_use]
    pub fn new(identity: Identity) -> Arc<Tls> {
        Arc::new(Tls { identity: RwLock::new(identity) })
    }

    /// Proves itself with another certificate from the next handshake on.
    pub fn renew(&self, identity: Identity) {
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = identity;
    }

    /// The same door for clients that speak TLS.
    #[must_use]
    pub fn guard(self: &Arc<Self>, door: Arc<dyn Serve>) -> Arc<dyn Serve> {
        Arc::new(Guarded { tls: self.clone(), door })
    }

    fn acceptor(&self) -> TlsAcceptor {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).config().into()
    }
}

/// A door behind TLS.
struct Guarded {
    tls: Arc<Tls>,
    door: Arc<dyn Serve>,
}

impl Serve for Guarded {
    fn trusts(&self, peer: IpAddr) -> bool {
        self.door.trusts(peer)
    }

    fn turned_away(&self, why: &TurnedAway) -> Bytes {
        // A sentence would need a handshake, which is dear; so it is an alert (RFC 8446, sections 5.1 and 6): a record of two
        // bytes, a fatal "internal error" or "access denied".
        Bytes::from_static(match why {
            TurnedAway::Full => &[21, 3, 3, 0, 2, 2, 80],
            TurnedAway::OfAddress(_) => &[21, 3, 3, 0, 2, 2, 49],
        })
    }

    fn descriptors(&self) -> u32 {
        // The client's socket, and both ends of the pair.
        self.door.descriptors() + 2
    }

    fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, mut stopping: watch::Receiver<bool>) -> Life {
        Box::pin(async move {
            // Boxed, for a connection needs it once.
            let client = tokio::select! {
                // Both arms only wait; who has not shaken hands has nothing to lose.
                client = Box::pin(shake_hands(self.tls.acceptor(), stream)) => client,
                () = stopped(&mut stopping) => return,
            };
            let ended = match client.and_then(|client| Ok((client, pair()?))) {
                Ok((client, (near, far))) => {
                    let life = self.door.clone().serve(far, peer, stopping);
                    relay::relay(client, near, life).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                // The client's doing, as in HTTP: no TLS, or a connection that went away.
                tracing::debug!(%error, %peer, "a TLS connection ended early");
            }
        })
    }
}

async fn shake_hands(acceptor: TlsAcceptor, stream: TcpStream) -> io::Result<Client> {
    set_options(&stream)?;
    let stream = Stalled::new(stream, Duration::from_secs(STALLED_SECONDS));
    let accepting = acceptor.accept_with(stream, |session| session.set_buffer_limit(Some(RECORD_BYTES)));
    match timeout(Duration::from_secs(HANDSHAKE_SECONDS), accepting.into_fallible()).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err((error, stream))) => {
            // It was told why by an alert, which the close must not take away.
            let stream = stream.into_inner();
            if rustix::net::shutdown(&stream, rustix::net::Shutdown::Write).is_ok() {
                hear_out(stream).await;
            }
            Err(error)
        }
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long")),
    }
}

/// The relay's end and the door's. Doors know TCP alone, so theirs is called that; what a door asks of its socket (to read, to
/// write, to wait for either, to end one way) is the same for both. Only the options of TCP it does not have.
fn pair() -> io::Result<(UnixStream, TcpStream)> {
    let (near, far) = Pair::pair()?;
    near.set_nonblocking(true)?;
    far.set_nonblocking(true)?;
    let far = std::net::TcpStream::from(OwnedFd::from(far));
    Ok((UnixStream::from_std(near)?, TcpStream::from_std(far)?))
}
