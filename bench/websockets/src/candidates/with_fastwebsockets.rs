use anyhow::{Context, Result};
use bytes::Bytes;
use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError, WebSocketWrite};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWrite;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use super::{GREETING, Hall};

/// fastwebsockets with its own upgrade by hyper. Its buffers cannot be told their sizes.
pub(super) async fn serve(listener: TcpListener) -> Result<()> {
    let hall = Hall::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(speak_http(stream, hall.clone()));
    }
}

async fn speak_http(stream: TcpStream, hall: Hall<Bytes>) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        let answer = accept(&mut request, &hall);
        async move { answer }
    });
    // How it ended is seen by the client.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

fn accept(request: &mut Request<Incoming>, hall: &Hall<Bytes>) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (answer, upgraded) = upgrade(request)?;
    let hall = hall.clone();
    tokio::spawn(async move {
        // How it ended is seen by the client.
        let _ = session(upgraded, hall).await;
    });
    Ok(answer)
}

/// Reading and writing are two loops in one task: a read that is given up between a header and its content would lose the
/// header, so it cannot stand in a `select!` beside what is said.
async fn session(upgraded: UpgradeFut, hall: Hall<Bytes>) -> Result<()> {
    let (read, write) = upgraded.await?.split(tokio::io::split);
    let mut read = FragmentCollectorRead::new(read);
    let write = Mutex::new(write);
    let mut said = hall.listen();
    send(&write, Frame::text(Payload::Borrowed(GREETING.as_bytes()))).await?;
    let reading = async {
        loop {
            let frame = read.read_frame(&mut |frame| send(&write, frame)).await?;
            match frame.opcode {
                OpCode::Text => hall.say(Bytes::copy_from_slice(&frame.payload)),
                OpCode::Ping | OpCode::Pong => {}
                _ => return Ok(()),
            }
        }
    };
    let writing = async {
        loop {
            let text = said.recv().await.context("it is too far behind")?;
            send(&write, Frame::text(Payload::Borrowed(&text))).await?;
        }
    };
    tokio::select! {
        ended = reading => ended,
        ended = writing => ended,
    }
}

async fn send<S: AsyncWrite + Unpin>(write: &Mutex<WebSocketWrite<S>>, frame: Frame<'_>) -> Result<(), WebSocketError> {
    write.lock().await.write_frame(frame).await
}
