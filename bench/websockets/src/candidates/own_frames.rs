use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use parlor_wire::websocket::{Event, Handshake, Messages, Opcode, encode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc};

use super::{GREETING, Hall};

/// Bytes that are read at once: on the stack, so that an idle connection has none.
const READ_BYTES: usize = 4096;

/// What a slow connection may have unsent before it is closed, in bytes.
const UNSENT_BYTES_MAX: usize = 1 << 20;

/// Posts on their way to the task that delivers.
const POSTS_MAX: usize = 64;

/// What parlor does, without the chat: one task writes to every connection, whose own tasks only read.
pub(super) async fn inline(listener: TcpListener) -> Result<()> {
    let (posts, mut posted) = mpsc::channel::<Bytes>(POSTS_MAX);
    let seats = Arc::new(Seats::default());
    let audience = seats.clone();
    tokio::spawn(async move {
        let mut round = Vec::new();
        while let Some(frame) = posted.recv().await {
            round.clear();
            round.extend_from_slice(&frame);
            while let Ok(frame) = posted.try_recv() {
                round.extend_from_slice(&frame);
            }
            for seat in audience.lock().iter() {
                seat.put(&round);
            }
        }
    });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (seats, posts) = (seats.clone(), posts.clone());
        tokio::spawn(async move {
            if let Some((stream, early)) = upgraded(stream).await {
                // A task of its own, so that what HTTP needed is not kept.
                tokio::spawn(sit(stream, early, seats, posts));
            }
        });
    }
}

/// The same frames, but a task for each connection is woken to write them: what the mechanism is worth without the library.
pub(super) async fn tasks(listener: TcpListener) -> Result<()> {
    let hall = Hall::new();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let hall = hall.clone();
        tokio::spawn(async move {
            if let Some((stream, early)) = upgraded(stream).await {
                tokio::spawn(async move {
                    // How it ended is seen by the client.
                    let _ = stand(stream, early, hall).await;
                });
            }
        });
    }
}

/// Speaks HTTP until it is a WebSocket; answers the bare socket, and what came behind the handshake.
async fn upgraded(stream: TcpStream) -> Option<(TcpStream, Bytes)> {
    let taken = Arc::new(Mutex::new(None));
    let slot = taken.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let answer = accept(&mut request, &slot);
        async move { answer }
    });
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await.ok()?;
    let upgrade: OnUpgrade = lock(&taken).take()?;
    let parts = upgrade.await.ok()?.downcast::<TokioIo<TcpStream>>().ok()?;
    Some((parts.io.into_inner(), parts.read_buf))
}

fn accept(
    request: &mut Request<Incoming>,
    slot: &Mutex<Option<OnUpgrade>>,
) -> hyper::http::Result<Response<Empty<Bytes>>> {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let Ok(handshake) = Handshake::read(headers) else {
        return Response::builder().status(StatusCode::BAD_REQUEST).body(Empty::new());
    };
    let answer = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, handshake.accept_key)
        .body(Empty::new());
    *lock(slot) = Some(hyper::upgrade::on(request));
    answer
}

/// The connections that are written to.
#[derive(Default)]
struct Seats(Mutex<Vec<Arc<Seat>>>);

impl Seats {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        lock(&self.0)
    }
}

struct Seat {
    stream: TcpStream,
    /// What the socket did not take; empty nearly always.
    unsent: Mutex<Vec<u8>>,
    /// Wakes its own task, to go on.
    behind: Notify,
    /// It did not keep up, and misses something.
    lost: AtomicBool,
}

impl Seat {
    /// Writes without waiting; what the socket does not take is left to the connection's own task.
    fn put(&self, bytes: &[u8]) {
        let mut unsent = lock(&self.unsent);
        // A broken socket tells the one who reads from it.
        let taken = if unsent.is_empty() { self.stream.try_write(bytes).unwrap_or(0) } else { 0 };
        if taken == bytes.len() {
            return;
        }
        if unsent.len() + bytes.len() > UNSENT_BYTES_MAX {
            self.lost.store(true, Ordering::Release);
        } else {
            unsent.extend_from_slice(&bytes[taken..]);
        }
        self.behind.notify_one();
    }

    async fn catch_up(&self) -> io::Result<()> {
        while !self.lost.load(Ordering::Acquire) {
            self.stream.writable().await?;
            let mut unsent = lock(&self.unsent);
            let taken = match self.stream.try_write(&unsent) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                taken => taken?,
            };
            unsent.drain(..taken);
            if unsent.is_empty() {
                *unsent = Vec::new();
                return Ok(());
            }
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

async fn sit(stream: TcpStream, early: Bytes, seats: Arc<Seats>, posts: mpsc::Sender<Bytes>) {
    let (unsent, behind, lost) = (Mutex::default(), Notify::new(), AtomicBool::new(false));
    let seat = Arc::new(Seat { stream, unsent, behind, lost });
    seats.lock().push(seat.clone());
    seat.put(&frame(Opcode::Text, GREETING.as_bytes()));
    // How it ended is seen by the client.
    let _ = speak(&seat, early, &posts).await;
    seats.lock().retain(|other| !Arc::ptr_eq(other, &seat));
}

async fn speak(seat: &Seat, early: Bytes, posts: &mpsc::Sender<Bytes>) -> io::Result<()> {
    let mut messages = Messages::from_client();
    let mut heard = hear(&mut messages, &mut early.to_vec());
    drop(early);
    loop {
        seat.put(&heard.answers);
        for post in heard.posts {
            posts.send(post).await.map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        if heard.ended {
            return Ok(());
        }
        heard = tokio::select! {
            ready = seat.stream.readable() => {
                ready?;
                read(&seat.stream, &mut messages)?
            }
            () = seat.behind.notified() => {
                seat.catch_up().await?;
                Heard::default()
            }
        };
    }
}

async fn stand(stream: TcpStream, early: Bytes, hall: Hall<Bytes>) -> io::Result<()> {
    let mut said = hall.listen();
    let mut messages = Messages::from_client();
    write(&stream, &frame(Opcode::Text, GREETING.as_bytes())).await?;
    let mut heard = hear(&mut messages, &mut early.to_vec());
    drop(early);
    loop {
        write(&stream, &heard.answers).await?;
        for post in heard.posts {
            hall.say(post);
        }
        if heard.ended {
            return Ok(());
        }
        heard = tokio::select! {
            ready = stream.readable() => {
                ready?;
                read(&stream, &mut messages)?
            }
            frame = said.recv() => {
                write(&stream, &frame.map_err(io::Error::other)?).await?;
                Heard::default()
            }
        };
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(taken) => bytes = &bytes[taken..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What somebody sent.
#[derive(Default)]
struct Heard {
    /// Texts, as the frames that everybody gets.
    posts: Vec<Bytes>,
    /// Frames for them alone.
    answers: Vec<u8>,
    ended: bool,
}

fn read(stream: &TcpStream, messages: &mut Messages) -> io::Result<Heard> {
    let mut buffer = [0; READ_BYTES];
    match stream.try_read(&mut buffer) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(count) => Ok(hear(messages, &mut buffer[..count])),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Heard::default()),
        Err(error) => Err(error),
    }
}

fn hear(messages: &mut Messages, mut bytes: &mut [u8]) -> Heard {
    let mut heard = Heard::default();
    while let Some(event) = messages.next(&mut bytes) {
        match event {
            Ok(Event::Text(text)) => heard.posts.push(frame(Opcode::Text, text.as_bytes()).into()),
            Ok(Event::Ping(content)) => encode(Opcode::Pong, &content, None, &mut heard.answers),
            Ok(Event::Pong(_)) => {}
            Ok(Event::Binary(_) | Event::Close(_)) | Err(_) => heard.ended = true,
        }
    }
    heard
}

fn frame(opcode: Opcode, content: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(content.len() + 4);
    encode(opcode, content, None, &mut frame);
    frame
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
