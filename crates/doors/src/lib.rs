//! The doors of parlor: each protocol's session and rendering, one module each.
//!
//! # Map
//! - [`DOORS`]: the one table of them.
//! - [`accept`]: the accept loop of every TCP door; [`tls`]: TLS before it; `stalled`: gives readers up that take nothing.
//! - [`http`]: what all HTTP doors share: connections, front, addresses, refusals in HTTP's words.
//! - [`http_chat`]: HTTP long-poll chat.
//! - [`term`]: the terminal door; [`chat1`]: CHAT/1.0.
//! - [`live`]: delivery to connections that are told what happens, for the doors that need it.
//! - `json`, `formats`: the event as JSON; which encoding lies in which cell of a slot.
//!
//! # Invariants
//! - A door turns bytes into one call of [`parlor_core::Chat`] and its answer into bytes. It decides no right, keeps no
//!   history, and numbers nothing.
//! - Doors never import each other.
//! - What is encoded for all readers never depends on who reads.
//!
//! # Absent on purpose
//! SQL, the configuration's grammar, signals and the environment. Tasks are spawned through the runtime handle that comes in.

pub mod accept;
pub mod chat1;
mod formats;
pub mod http;
pub mod http_chat;
mod json;
pub mod live;
mod stalled;
pub mod term;
pub mod tls;
pub mod wscmd;

use std::sync::Arc;
use std::time::Duration;

use parlor_core::Chat;
use tokio::runtime::Handle;

use crate::accept::Serve;
use crate::http::{Front, Http, Routes};

/// A protocol that people come in by.
#[derive(Debug)]
pub struct Door {
    /// Its name in configuration, logs and docs.
    pub name: &'static str,
    /// How it is reached.
    pub mount: Mount,
}

/// How a door is reached.
#[derive(Debug)]
pub enum Mount {
    /// By routes on the HTTP port.
    Http(fn(Arc<Http>) -> Routes),
    /// By a TCP port of its own, whose address is the configuration's key of the door's name.
    Stream(fn(&Streams) -> Arc<dyn Serve>),
}

/// What every door with a port of its own is given.
pub struct Streams {
    /// The chat.
    pub chat: Arc<Chat>,
    /// Messages that are shown to who comes in.
    pub history_on_join: usize,
    /// How long nothing must come behind a request that does not say where it ends (chat1).
    pub quiet: Duration,
    /// Where what outlives a connection runs.
    pub tasks: Handle,
}

/// Every door there is. A new one is a line here; a test looks for its document and its fuzz target.
pub const DOORS: [Door; 4] = [
    Door { name: "http-chat", mount: Mount::Http(http_chat::routes) },
    Door { name: "term", mount: Mount::Stream(term::open) },
    Door { name: "chat1", mount: Mount::Stream(chat1::open) },
    Door { name: "wscmd", mount: Mount::Http(wscmd::routes) },
];

/// The front of all HTTP doors.
pub fn http_front(http: &Arc<Http>) -> Front {
    let routes = DOORS.iter().filter_map(|door| match door.mount {
        Mount::Http(mount) => Some(mount(http.clone())),
        Mount::Stream(_) => None,
    });
    Front::new(http.clone(), routes, wscmd::reroute)
}
