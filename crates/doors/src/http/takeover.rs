//! How a route takes its connection over: it answers `101 Switching Protocols`, and then speaks another protocol on it.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::head_scan::Scanned;
use super::spoken::Spoken;
use crate::accept::Life;
use crate::stalled::Stalled;

/// Where a route leaves what shall become of its connection: in the extensions of a request that asks for another protocol.
#[derive(Clone, Default)]
pub struct Takeover(Arc<Mutex<Option<Successor>>>);

/// What goes on with the socket: it is given what the client has sent already.
type Next = Box<dyn FnOnce(TcpStream, Bytes) -> Life + Send>;

struct Successor {
    upgrade: OnUpgrade,
    next: Next,
}

/// The layers that HTTP reads and writes through.
pub(super) type Layers = TokioIo<Scanned<Spoken<Stalled<TcpStream>>>>;

impl Takeover {
    /// Says what follows once the answer is on its way. It holds the connection's place among all connections.
    pub fn then(&self, upgrade: OnUpgrade, next: impl FnOnce(TcpStream, Bytes) -> Life + Send + 'static) {
        let successor = Successor { upgrade, next: Box::new(next) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(successor);
    }

    /// What the connection goes on with, if a route wanted that. To be called when HTTP has ended on it.
    pub(super) async fn follow(self) -> Option<Life> {
        let Successor { upgrade, next } = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        // An error says that the connection ended before the answer was written.
        let upgraded = upgrade.await.ok()?;
        match upgraded.downcast::<Layers>() {
            Ok(parts) => Some(next(parts.io.into_inner().into_inner().into_inner().into_inner(), parts.read_buf)),
            Err(_) => {
                tracing::error!("a connection was taken over with other layers than HTTP's");
                None
            }
        }
    }
}
