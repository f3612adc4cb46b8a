//! WebSocket text commands (protocols/wscmd.md): `name(parameters)`, one in each message.
//!
//! # Map
//! - `upgrade`: from an HTTP request to a WebSocket; `session`: the life of a connection.
//! - `commands`, `rooms`, `people`: what each command does; `joined`: the rooms of a connection; `replies`: what is answered.
//! - `voice`: what happens in rooms and on the server, as this door says it.
//! - `sweep`: finds connections that are dead.

mod commands;
mod joined;
mod people;
mod replies;
mod rooms;
mod session;
mod sweep;
mod upgrade;
mod voice;

use std::sync::{Arc, Weak};

use askama::Template;
use axum::Router;
use axum::http::header::{SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use axum::http::{HeaderMap, Method};
use axum::routing::get;
use parlor_wire::wscmd::SUBPROTOCOL;
use tokio::sync::watch;

use crate::accept::stopped;
use crate::http::pages::page;
use crate::http::{Face, Http, Routes};
use crate::live::Live;

/// This door's name.
const NAME: &str = "wscmd";

/// The address of the WebSocket.
pub const PATH: &str = "/websocket";

/// What all connections of this door share.
struct Door {
    http: Arc<Http>,
    live: Arc<Live>,
    sweep: Arc<sweep::Sweep>,
}

/// The routes of this door.
pub fn routes(http: Arc<Http>) -> Routes {
    let live = Live::new(http.chat.clone(), Arc::new(voice::Words), http.tasks.clone());
    http.tasks.spawn(tell_of_stop(Arc::downgrade(&live), http.stopping.clone()));
    let sweep = sweep::Sweep::start(&http.tasks);
    let door = Arc::new(Door { http, live, sweep });
    let router = Router::new().route(PATH, get(upgrade::to_websocket).with_state(door)).route(
        "/websocket-example",
        get(|| async { page(ExamplePage.render()).unwrap_or_else(|answer| answer.render(Face::Html, None)) }),
    );
    router.into()
}

/// Waits for the end of the server, for all connections.
async fn tell_of_stop(live: Weak<Live>, mut stopping: watch::Receiver<bool>) {
    stopped(&mut stopping).await;
    if let Some(live) = live.upgrade() {
        live.stop();
    }
}

/// The path of this door for an upgrade at `/` that offers its subprotocol (protocols/wscmd.md).
#[must_use]
pub fn reroute(method: &Method, path: &str, headers: &HeaderMap) -> Option<&'static str> {
    let offers = || {
        let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
        offered.flat_map(|value| value.split(',')).any(|protocol| protocol.trim() == SUBPROTOCOL)
    };
    (path == "/" && *method == Method::GET && headers.contains_key(UPGRADE) && offers()).then_some(PATH)
}

/// `GET /websocket-example`: lets a person try the commands.
#[derive(Template)]
#[template(path = "wscmd/example.html")]
struct ExamplePage;
