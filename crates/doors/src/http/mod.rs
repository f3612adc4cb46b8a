//! What all HTTP doors share: the listener, the front that every request passes, addresses, refusals in HTTP's words.

mod answers;
pub mod assets;
mod front;
pub mod head_scan;
mod listener;
mod origin;
pub mod pages;
mod spoken;
mod stalled;

pub use answers::{Answer, Face, NO_STORE, refuse};
pub use front::{Front, WholeBody, check_same_site};
pub use listener::Listener;
pub use origin::TrustedProxies;

use std::sync::Arc;
use std::time::Duration;

use parlor_core::Chat;
use parlor_core::rates::{Occupancy, Origin};
use tokio::sync::watch;

/// How the HTTP doors behave, from the configuration.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Messages that a page shows when it opens.
    pub history_on_join: usize,
    /// How long a request for a message that does not exist yet may hang.
    pub long_poll_timeout: Duration,
    /// Whose word on the client's address is taken.
    pub trusted_proxies: TrustedProxies,
}

/// What every HTTP door is given.
pub struct Http {
    /// The chat.
    pub chat: Arc<Chat>,
    /// The configuration.
    pub options: HttpOptions,
    /// Hanging polls by address.
    pub polls: Arc<Occupancy>,
    /// Becomes true when the server stops: who hangs is answered.
    pub stopping: watch::Receiver<bool>,
}

impl Http {
    /// What core refused or failed at, in HTTP's words; a fault gets a number that the log has too.
    #[must_use]
    pub fn refuse(&self, error: parlor_core::Error) -> Answer {
        refuse(error, || format!("{:x}", self.chat.clock().wall().0))
    }
}

/// What the front found out about a request, for the routes: in its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// From where it comes, proxies that we trust aside.
    pub origin: Origin,
    /// Whether the client's own connection is TLS, by the word of a proxy that we trust.
    pub secure: bool,
}

/// Waits until the server stops. Cancel safe.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error says that whoever could stop the server is gone, which is the same to who waits.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
