use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use super::{Buffers, GREETING, Hall, SMALL_READ_BYTES, SMALL_WRITE_BYTES};

/// axum's extractor: tungstenite on hyper's upgraded stream.
pub(super) async fn serve(listener: TcpListener, buffers: Buffers) -> Result<()> {
    let app = Router::new().route("/", get(upgrade)).with_state((Hall::new(), buffers));
    let listener = listener.tap_io(|stream| {
        // Only a connection that is gone already refuses it.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, app).await?)
}

async fn upgrade(State((hall, buffers)): State<(Hall<Utf8Bytes>, Buffers)>, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = match buffers {
        Buffers::Default => upgrade,
        Buffers::Small => upgrade.read_buffer_size(SMALL_READ_BYTES).write_buffer_size(SMALL_WRITE_BYTES),
    };
    upgrade.on_upgrade(move |socket| session(socket, hall))
}

async fn session(mut socket: WebSocket, hall: Hall<Utf8Bytes>) {
    let mut said = hall.listen();
    if socket.send(Message::Text(GREETING.into())).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            heard = socket.recv() => match heard {
                Some(Ok(Message::Text(text))) => hall.say(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return,
            },
            text = said.recv() => {
                let Ok(text) = text else { return };
                if socket.send(Message::Text(text)).await.is_err() {
                    return;
                }
            }
        }
    }
}
