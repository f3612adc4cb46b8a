//! Servers of one behaviour: whoever connects is greeted, and each text that somebody sends goes to everybody.

mod axum_ws;
mod own_frames;
mod with_fastwebsockets;
mod with_tokio_websockets;
mod with_tungstenite;

use std::pin::Pin;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// What a connection is told once it hears what is said.
pub(crate) const GREETING: &str = ".";

/// Small buffers for what can be told their sizes, in bytes: a text of a chat fits, and less gains nothing (a page is 4 KiB).
const SMALL_READ_BYTES: usize = 2 * 1024;
const SMALL_WRITE_BYTES: usize = 4 * 1024;

/// Texts that a connection may be behind. Who is further behind is closed, for it would miss some.
const BEHIND_MAX: usize = 64;

/// A server that goes on until its process ends.
type Serving = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// One way to serve.
pub(crate) struct Candidate {
    /// What the table calls it.
    pub(crate) name: &'static str,
    pub(crate) serve: fn(TcpListener) -> Serving,
}

/// Whether a library's buffers have the sizes that it gives them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Buffers {
    Default,
    Small,
}

/// All of them. The first two are ours, the others are compared with the first.
pub(crate) const CANDIDATES: [Candidate; 8] = [
    Candidate { name: "own frames, one task writes inline", serve: |listener| Box::pin(own_frames::inline(listener)) },
    Candidate { name: "own frames, a task each", serve: |listener| Box::pin(own_frames::tasks(listener)) },
    Candidate {
        name: "axum `ws`, small buffers",
        serve: |listener| Box::pin(axum_ws::serve(listener, Buffers::Small)),
    },
    Candidate { name: "axum `ws`, defaults", serve: |listener| Box::pin(axum_ws::serve(listener, Buffers::Default)) },
    Candidate {
        name: "tokio-tungstenite, small buffers",
        serve: |listener| Box::pin(with_tungstenite::serve(listener, Buffers::Small)),
    },
    Candidate {
        name: "tokio-tungstenite, defaults",
        serve: |listener| Box::pin(with_tungstenite::serve(listener, Buffers::Default)),
    },
    Candidate { name: "fastwebsockets", serve: |listener| Box::pin(with_fastwebsockets::serve(listener)) },
    Candidate { name: "tokio-websockets", serve: |listener| Box::pin(with_tokio_websockets::serve(listener)) },
];

/// What is said, for those that have a task for each connection: one copy of a text, and each task is woken to send it.
#[derive(Clone)]
struct Hall<T>(Sender<T>);

impl<T: Clone> Hall<T> {
    fn new() -> Self {
        Hall(broadcast::channel(BEHIND_MAX).0)
    }

    fn listen(&self) -> Receiver<T> {
        self.0.subscribe()
    }

    fn say(&self, text: T) {
        // Who said it hears it too, so there is always somebody unless the connection is just ending.
        let _ = self.0.send(text);
    }
}
