use anyhow::Result;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

use super::{Buffers, GREETING, Hall, SMALL_READ_BYTES, SMALL_WRITE_BYTES};

/// tokio-tungstenite with its own handshake, straight on the socket.
pub(super) async fn serve(listener: TcpListener, buffers: Buffers) -> Result<()> {
    let hall = Hall::new();
    let settings = match buffers {
        Buffers::Default => WebSocketConfig::default(),
        Buffers::Small => {
            WebSocketConfig::default().read_buffer_size(SMALL_READ_BYTES).write_buffer_size(SMALL_WRITE_BYTES)
        }
    };
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let hall = hall.clone();
        tokio::spawn(async move {
            if let Ok(socket) = accept_async_with_config(stream, Some(settings)).await {
                // A task of its own, so that what the handshake needed is not kept.
                tokio::spawn(session(socket, hall));
            }
        });
    }
}

async fn session(mut socket: WebSocketStream<TcpStream>, hall: Hall<Utf8Bytes>) {
    let mut said = hall.listen();
    if socket.send(Message::Text(GREETING.into())).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            heard = socket.next() => match heard {
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
