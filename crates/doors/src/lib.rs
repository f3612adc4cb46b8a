//! The doors of parlor: each protocol's session and rendering, one module each.
//!
//! # Map
//! - [`DOORS`]: the one table of them.
//! - [`http`]: what all HTTP doors share: listener, front, addresses, refusals in HTTP's words.
//! - [`http_chat`]: HTTP long-poll chat.
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

mod formats;
pub mod http;
pub mod http_chat;
mod json;

use std::sync::Arc;

use axum::Router;

use crate::http::Http;

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
    Http(fn(Arc<Http>) -> Router),
}

/// Every door there is. A new one is a line here; a test looks for its document and its fuzz target.
pub const DOORS: [Door; 1] = [Door { name: "http-chat", mount: Mount::Http(http_chat::routes) }];

/// The routes of all HTTP doors.
pub fn http_routes(http: &Arc<Http>) -> Router {
    DOORS.iter().fold(Router::new(), |routes, door| match door.mount {
        Mount::Http(mount) => routes.merge(mount(http.clone())),
    })
}
