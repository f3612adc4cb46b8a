use anyhow::Result;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{Message, ServerBuilder, WebSocketStream};

use super::{GREETING, Hall};

/// tokio-websockets with its own handshake, straight on the socket. Its buffers cannot be told their sizes.
pub(super) async fn serve(listener: TcpListener) -> Result<()> {
    let hall = Hall::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let hall = hall.clone();
        tokio::spawn(async move {
            if let Ok((_, socket)) = ServerBuilder::new().accept(stream).await {
                // A task of its own, so that what the handshake needed is not kept.
                tokio::spawn(session(socket, hall));
            }
        });
    }
}

async fn session(mut socket: WebSocketStream<TcpStream>, hall: Hall<Message>) {
    let mut said = hall.listen();
    if socket.send(Message::text(GREETING)).await.is_err() {
        return;
    }
    loop {
        tokio::select! {
            heard = socket.next() => match heard {
                Some(Ok(message)) if message.is_text() => hall.say(message),
                Some(Ok(message)) if message.is_ping() || message.is_pong() => {}
                _ => return,
            },
            message = said.recv() => {
                let Ok(message) = message else { return };
                if socket.send(message).await.is_err() {
                    return;
                }
            }
        }
    }
}
