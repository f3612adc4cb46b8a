//! What a bare hyper server needs for the same requests: the yardstick that runs beside parlor.
//!
//! It knows one message, the last that was posted, and keeps it in a watch channel. It runs as a process of its own
//! (`parlor-bench baseline PORT`), so that its CPU time and memory are measured like parlor's, and ends when its
//! standard input does, that is with the process that started it.

use std::convert::Infallible;
use std::io::Read;
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, COOKIE, HeaderValue, LOCATION, SET_COOKIE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// The newest message and its number.
#[derive(Clone, Default)]
struct Head {
    number: u64,
    text: Bytes,
}

/// Serves on 127.0.0.1:`port` until standard input ends.
///
/// # Errors
/// When the port cannot be had.
pub(crate) fn serve(port: u16) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_io().build()?;
    end_with_standard_input();
    runtime.block_on(accept(port))
}

/// Ends this process when its standard input does, that is with the process that started it.
pub(crate) fn end_with_standard_input() {
    std::thread::spawn(|| {
        // The parent never writes: the end, or an error, means that it is gone.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
}

async fn accept(port: u16) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let head = Arc::new(watch::Sender::new(Head::default()));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let head = Arc::clone(&head);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&head)));
            let connection =
                http1::Builder::new().max_buf_size(8 * 1024).serve_connection(TokioIo::new(stream), service);
            // A client that breaks off is no concern of a yardstick.
            let _ = connection.await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    head: Arc<watch::Sender<Head>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    if *request.method() == Method::POST && path.starts_with("/send/") {
        let is_new = !request.headers().contains_key(COOKIE);
        let text = request.into_body().collect().await.map_or_else(|_| Bytes::new(), |body| body.to_bytes());
        return Ok(posted(&head, text, is_new));
    }
    if let Some(number) = path.strip_prefix("/msg/").and_then(|rest| rest.split('/').nth(1)) {
        let Ok(number) = number.parse::<u64>() else { return Ok(with_status(StatusCode::BAD_REQUEST)) };
        // The request holds hyper's read buffer; kept while hanging, it would cost a second buffer for each that waits,
        // and the yardstick shall be as good as its simplicity allows.
        drop(request);
        let mut receiver = head.subscribe();
        let text = match receiver.wait_for(|head| head.number >= number).await {
            Ok(head) => head.text.clone(),
            Err(_) => Bytes::new(),
        };
        let mut response = Response::new(Full::new(text));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        return Ok(response);
    }
    if path == "/chat_create" {
        let mut response = with_status(StatusCode::SEE_OTHER);
        response.headers_mut().insert(LOCATION, HeaderValue::from_static("/chat/00000000000000000000000000000000"));
        return Ok(response);
    }
    Ok(with_status(if path == "/healthz" { StatusCode::OK } else { StatusCode::NOT_FOUND }))
}

/// Moves the head; the answer carries what parlor's does: the number, and a cookie for someone new.
fn posted(head: &watch::Sender<Head>, text: Bytes, is_new: bool) -> Response<Full<Bytes>> {
    let mut number = 0;
    head.send_modify(|head| {
        head.number += 1;
        head.text = text;
        number = head.number;
    });
    let mut response = with_status(StatusCode::OK);
    response.headers_mut().insert("chat-number", HeaderValue::from(number));
    if is_new {
        response.headers_mut().insert(SET_COOKIE, HeaderValue::from_static("guest=baseline; Path=/"));
    }
    response
}

fn with_status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}
