//! The life of an HTTP connection: how slow it may be, what it holds, how it ends with the server.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use parlor_core::limits;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::front::Front;
use super::head_scan::{HeadScan, Scanned};
use super::spoken::Spoken;
use super::takeover::Takeover;
use crate::accept::{Life, Serve, TurnedAway, stopped};
use crate::stalled::Stalled;

impl Serve for Front {
    fn trusts(&self, peer: IpAddr) -> bool {
        Front::trusts(self, peer)
    }

    fn turned_away(&self, why: &TurnedAway) -> Bytes {
        let status = match why {
            TurnedAway::Full => "503 Service Unavailable",
            TurnedAway::OfAddress(_) => "429 Too Many Requests",
        };
        let sentence = format!("{why}\n");
        let head = "Content-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\nConnection: close";
        format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n{sentence}", sentence.len()).into()
    }

    fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, stopping: watch::Receiver<bool>) -> Life {
        // Boxed by itself, so that a connection that speaks another protocol for hours does not carry what HTTP needed.
        let speaking = Box::pin(async move {
            let takeover = Takeover::default();
            speak_http(stream, peer, self, takeover.clone(), stopping).await;
            takeover.follow().await
        });
        Box::pin(go_on(speaking))
    }
}

/// Speaks HTTP, and then what the connection was taken over for, if it was.
async fn go_on(speaking: Pin<Box<dyn Future<Output = Option<Life>> + Send>>) {
    if let Some(next) = speaking.await {
        next.await;
    }
}

async fn speak_http(
    stream: TcpStream,
    peer: SocketAddr,
    front: Arc<Front>,
    takeover: Takeover,
    mut stopping: watch::Receiver<bool>,
) {
    let first_byte = timeout(Duration::from_secs(limits::FIRST_BYTE_SECONDS), stream.readable());
    // Both arms only wait.
    let spoke = tokio::select! {
        spoke = first_byte => spoke.is_ok_and(|readable| readable.is_ok()),
        () = stopped(&mut stopping) => false,
    };
    // An answer is one write; waiting for more to send along would only delay it.
    if !spoke || stream.set_nodelay(true).is_err() {
        return;
    }
    let scan = Arc::new(HeadScan::default());
    let service = front.service(peer.ip(), scan.clone(), takeover);
    let stalled = Stalled::new(stream, Duration::from_secs(limits::STALLED_WRITE_SECONDS));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits::HTTP_HEAD_SECONDS))
        .max_headers(limits::HTTP_HEADERS)
        .max_buf_size(limits::HTTP_BUFFER_BYTES)
        .serve_connection(TokioIo::new(Scanned::new(Spoken::new(stalled), scan.clone())), service)
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        biased;
        ended = serving.as_mut() => ended,
        // Of a request only a part came: the rest may take as long as a slow client likes, and nothing of it was done.
        () = stopped(&mut stopping) => if scan.is_within_head() { Ok(()) } else {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        // The client's doing: a broken head, a connection that went away. Not worth more than a trace.
        tracing::debug!(%error, %peer, "an HTTP connection ended early");
    }
}
