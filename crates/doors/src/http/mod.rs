//! What all HTTP doors share: the listener, the front that every request passes, addresses, refusals in HTTP's words.

mod answers;
pub mod assets;
mod connection;
mod front;
pub mod head_scan;
mod origin;
pub mod pages;
mod server_password;
mod spoken;
pub mod takeover;

pub use answers::{Answer, Face, NO_STORE, refuse, sentence};
pub use front::{Front, Reroute, WholeBody, check_same_site};
pub use origin::TrustedProxies;
pub use server_password::ServerPassword;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::Chat;
use parlor_core::rates::{Occupancy, Origin};
use tokio::runtime::Handle;
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
    /// What proves that a command comes from whoever runs the server.
    pub server_password: ServerPassword,
}

/// What a door answers on the HTTP port.
pub struct Routes {
    /// By the router.
    pub router: Router,
    /// Before the router looks.
    pub shortcut: Option<Arc<dyn Shortcut>>,
}

impl From<Router> for Routes {
    fn from(router: Router) -> Routes {
        Routes { router, shortcut: None }
    }
}

/// What thousands wait for: what the router would keep of each of them is spared.
pub trait Shortcut: Send + Sync {
    /// Whether it answers this.
    fn takes(&self, method: &Method, path: &str) -> bool;

    /// Answers it.
    fn answer(&self, request: Parts) -> Answering;
}

/// An answer on its way.
pub type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// What every HTTP door is given.
pub struct Http {
    /// The chat.
    pub chat: Arc<Chat>,
    /// The configuration.
    pub options: HttpOptions,
    /// Hanging polls by address.
    pub polls: Arc<Occupancy>,
    /// Where tasks that outlive a request run.
    pub tasks: Handle,
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
