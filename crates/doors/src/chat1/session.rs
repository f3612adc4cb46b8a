//! A connection's life.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parlor_core::connections::{Connection, Ended};
use parlor_core::limits;
use parlor_core::sessions::Grant;
use parlor_wire::chat1::{BadRequest, Framing, Method, Request, RequestReader, Status, Wait};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::limits::BODY_START_SECONDS;
use super::listening::Listening;
use super::messages::Addressed;
use super::replies::{No, Reply};
use super::sending::Sending;
use super::{Chat1, NAME};
use crate::accept::{hear_out, stopped};
use crate::live::{CaughtUp, Dead, Event, Outlet};

/// A connection, and in whose name it speaks.
pub(super) struct Session {
    pub(super) door: Arc<Chat1>,
    pub(super) connection: Connection,
    pub(super) peer: IpAddr,
    /// The session that it is bound to.
    pub(super) grant: Option<Grant>,
    pub(super) outlet: Arc<Outlet>,
    /// Where to go on pushing, for who asked for that.
    pub(super) listening: Option<Box<Listening>>,
    /// Whom it wrote to last.
    pub(super) addressed: Option<Addressed>,
    sending: Option<Box<Sending>>,
    requests: RequestReader,
    /// When something came last.
    heard: Instant,
    /// Until when its first request must have come; `None`: it has.
    silent_until: Option<Instant>,
    pub(super) stopping: watch::Receiver<bool>,
}

/// How a connection ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// The client says no more, and has its answers.
    Left,
    /// The client is gone.
    Broke,
    /// The client reads nothing.
    Stalled,
    /// What it sent can't be read on from.
    Lost,
    /// No request came.
    Silent,
    /// The server stops.
    Stopping,
}

/// What a connection's task is woken for.
enum Told {
    Stopping,
    Ended(Ended),
    Socket(io::Result<Event>),
    Arrived,
    Answers(Vec<u8>),
    Quiet,
}

/// From the connect to the end.
pub(super) async fn run(door: Arc<Chat1>, stream: TcpStream, peer: SocketAddr, stopping: watch::Receiver<bool>) {
    let connection = door.chat.connect(NAME, Some(peer.ip().into()));
    let outlet = Outlet::new(stream, connection.id(), connection.actor());
    let mut session = Session {
        requests: RequestReader::new(door.body_bytes_max()),
        door,
        connection,
        peer: peer.ip(),
        grant: None,
        outlet,
        listening: None,
        addressed: None,
        sending: None,
        heard: Instant::now(),
        silent_until: Some(Instant::now() + Duration::from_secs(limits::FIRST_WORD_SECONDS)),
        stopping,
    };
    let ending = session.live().await;
    Box::pin(session.end(ending)).await;
}

impl Drop for Session {
    /// Also when its task was cut off or panicked: audiences may still list the outlet, and the socket must not outlive its
    /// connection.
    fn drop(&mut self) {
        self.outlet.close();
    }
}

impl Session {
    async fn live(&mut self) -> Ending {
        loop {
            // Boxed, like all that an idle connection does not need.
            let done = if self.is_idle() { self.rest().await } else { Box::pin(self.work()).await };
            if let Err(ending) = done {
                return ending;
            }
        }
    }

    /// Whether nothing is under way, and it has all the time in the world.
    fn is_idle(&self) -> bool {
        self.silent_until.is_none() && self.sending.is_none() && self.requests.wait() == Wait::Byte
    }

    async fn rest(&mut self) -> Result<(), Ending> {
        // Every arm only waits.
        let told = tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => Told::Stopping,
            ended = self.connection.ended() => Told::Ended(ended),
            event = self.outlet.event() => Told::Socket(event),
            () = arrival(self.listening.as_deref()) => Told::Arrived,
        };
        Box::pin(self.meet(told)).await
    }

    /// The same while an answer is due, or a request may be whole when nothing comes.
    async fn work(&mut self) -> Result<(), Ending> {
        let quiet = self.quiet_from();
        let chat = &self.door.chat;
        let told = tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => Told::Stopping,
            ended = self.connection.ended() => Told::Ended(ended),
            answers = due(chat, self.sending.as_deref_mut()) => Told::Answers(answers),
            // Before the clock: what has come and was not read yet is no quiet.
            event = self.outlet.event() => Told::Socket(event),
            () = arrival(self.listening.as_deref()) => Told::Arrived,
            () = async { sleep_until(quiet.unwrap_or_else(Instant::now)).await }, if quiet.is_some() => Told::Quiet,
        };
        self.meet(told).await
    }

    /// From when on nothing that came counts as nothing to come.
    fn quiet_from(&self) -> Option<Instant> {
        match self.requests.wait() {
            Wait::Quiet => Some(self.heard + self.door.quiet),
            Wait::BodyStart => Some(self.heard + Duration::from_secs(BODY_START_SECONDS)),
            Wait::Byte => self.silent_until,
        }
    }

    async fn meet(&mut self, told: Told) -> Result<(), Ending> {
        match told {
            Told::Stopping => Err(Ending::Stopping),
            Told::Ended(ended) => {
                self.session_ended(ended).await;
                Ok(())
            }
            Told::Socket(Ok(Event::Readable)) => self.read().await,
            Told::Socket(Ok(Event::Behind)) => self.catch_up().await,
            Told::Socket(Err(_)) => Err(Ending::Broke),
            Told::Arrived => self.push_arrived().await,
            Told::Answers(answers) => {
                self.outlet.say(answers);
                self.sending.take_if(|sending| sending.is_empty());
                Ok(())
            }
            Told::Quiet => match self.requests.quiet() {
                Some(outcome) => self.take(outcome).await,
                None => Err(Ending::Silent),
            },
        }
    }

    /// Reads what there is, and does it.
    async fn read(&mut self) -> Result<(), Ending> {
        let mut buffer = [0; limits::READ_BYTES];
        let mut bytes = match self.outlet.try_read(&mut buffer) {
            Ok(0) => return self.end_of_input().await,
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(_) => return Err(Ending::Broke),
        };
        self.heard = Instant::now();
        while let Some(outcome) = self.requests.next(&mut bytes) {
            self.take(outcome).await?;
        }
        Ok(())
    }

    /// The client says no more: what it said last is whole, and is answered.
    async fn end_of_input(&mut self) -> Result<(), Ending> {
        while let Some(outcome) = self.requests.end_of_input() {
            self.take(outcome).await?;
        }
        self.settle().await;
        self.flush().await?;
        Err(Ending::Left)
    }

    async fn take(&mut self, outcome: Result<Request, BadRequest>) -> Result<(), Ending> {
        self.silent_until = None;
        match outcome {
            Ok(request) => Box::pin(self.perform(request)).await?,
            Err(bad) => {
                self.settle().await;
                self.say(&self.door.refusal(bad.fault), bad.framing);
                if bad.is_last {
                    return Err(Ending::Lost);
                }
            }
        }
        // Who takes no answers gets none to further questions: they would pile up here.
        if self.outlet.is_behind() {
            self.catch_up().await?;
        }
        self.heard = Instant::now();
        Ok(())
    }

    async fn perform(&mut self, request: Request) -> Result<(), Ending> {
        let framing = request.framing();
        if request.method() == Method::Send && framing == Framing::Framed {
            return self.send_along(&request).await;
        }
        self.settle().await;
        if request.method() == Method::Listen {
            return self.listen(&request).await;
        }
        let reply = self.reply_to(&request).await.unwrap_or_else(|no| no_reply(&self.door, no));
        self.say(&reply, framing);
        Ok(())
    }

    async fn reply_to(&mut self, request: &Request) -> Result<Reply, No> {
        match request.method() {
            Method::Reg => self.register(request).await,
            Method::Use => self.log_in(request).await,
            Method::Logout => self.log_out(request).await,
            Method::Password => self.change_password(request).await,
            Method::ListUser => self.list_users(request).await,
            Method::ListGroup => self.list_groups(request).await,
            Method::MkGroup => self.make_group(request).await,
            Method::AddUser => self.add_users(request).await,
            Method::RmUser => self.remove_user(request).await,
            Method::RmGroup => self.remove_group(request).await,
            Method::Leave => self.leave_group(request).await,
            Method::Send => self.send(request).await,
            Method::Recv => self.receive(request).await,
            Method::History => self.history(request).await,
            Method::Ping | Method::Listen => {
                // What it does for somebody who brings a session is to bind the connection to it.
                self.authenticate(request).await?;
                Ok(Reply::ok())
            }
            Method::Other => Ok(unknown_method()),
        }
    }

    /// Hands a post in, and goes on with the next request while it is being stored.
    async fn send_along(&mut self, request: &Request) -> Result<(), Ending> {
        if self.sending.as_ref().is_some_and(|sending| sending.is_full()) {
            self.answer_due().await;
        }
        let submitted = self.submit(request).await;
        let sending = self.sending.get_or_insert_default();
        match submitted {
            Ok(posting) => sending.post(posting),
            Err(no) => sending.reply(no_reply(&self.door, no)),
        }
        Ok(())
    }

    /// Waits until no answer is due.
    async fn settle(&mut self) {
        while self.sending.is_some() {
            self.answer_due().await;
        }
    }

    async fn answer_due(&mut self) {
        let answers = due(&self.door.chat, self.sending.as_deref_mut()).await;
        self.outlet.say(answers);
        self.sending.take_if(|sending| sending.is_empty());
    }

    pub(super) fn say(&self, reply: &Reply, framing: Framing) {
        self.outlet.say(reply.bytes(framing));
    }

    /// Goes on with what the other side did not take yet, until it has all.
    async fn catch_up(&mut self) -> Result<(), Ending> {
        loop {
            let caught_up = tokio::select! {
                biased;
                () = stopped(&mut self.stopping) => return Err(Ending::Stopping),
                ended = self.connection.ended() => Err(ended),
                caught_up = self.door.live.catch_up(&self.outlet) => Ok(caught_up?),
            };
            match caught_up {
                Ok(CaughtUp::Level) => return Ok(()),
                Ok(CaughtUp::Ended(seat, _)) => self.group_ended(&seat),
                Err(ended) => self.session_ended(ended).await,
            }
        }
    }

    /// Waits until all that was said is with the kernel, or the session has ended.
    async fn flush(&mut self) -> Result<(), Ending> {
        tokio::select! {
            biased;
            () = stopped(&mut self.stopping) => Err(Ending::Stopping),
            flushed = self.door.live.flush(&self.outlet) => Ok(flushed?),
        }
    }

    /// The connection speaks in nobody's name any more.
    async fn session_ended(&mut self, ended: Ended) {
        tracing::debug!(?ended, "a connection is anonymous again");
        self.be_nobody().await;
    }

    async fn end(&mut self, ending: Ending) {
        let second = Duration::from_secs(limits::FAREWELL_SECONDS);
        // What was handed in is being stored, and its readers hear of it when that is known; who is there gets the answer.
        let _ = timeout(second, self.settle()).await;
        match ending {
            Ending::Broke => {}
            Ending::Stalled => tracing::info!(reason = %Dead::Stalled, "a connection is closed"),
            Ending::Left | Ending::Lost | Ending::Silent => {}
            Ending::Stopping => {
                if let Some(framing) = self.requests.at_hand() {
                    let reply =
                        Reply::of(Status::Unavailable).saying("the server is going away; come back in a moment");
                    self.say(&reply, framing);
                }
            }
        }
        if !matches!(ending, Ending::Broke | Ending::Stalled) {
            // Who takes nothing does not hear it; a second is enough for those who read.
            let _ = timeout(second, self.door.live.flush(&self.outlet)).await;
        }
        self.stop_listening().await;
        if let Some(stream) = self.outlet.hang_up().filter(|_| !matches!(ending, Ending::Broke | Ending::Stalled)) {
            hear_out(stream).await;
        }
    }
}

/// The answer to what can't be done.
pub(super) fn no_reply(door: &Chat1, no: No) -> Reply {
    no.into_reply(&door.chat)
}

fn unknown_method() -> Reply {
    let words: Vec<&str> = Method::ALL.iter().filter_map(|method| method.word()).collect();
    Reply::of(Status::NotAllowed).saying(format!("there is no such method; there are {}", words.join(", ")))
}

/// Waits until something may have arrived for who listens; else for ever. Cancel safe.
async fn arrival(listening: Option<&Listening>) {
    match listening {
        Some(listening) => listening.arrival().await,
        None => std::future::pending().await,
    }
}

/// The answers that can be given; waits for ever if none is due. Cancel safe.
async fn due(chat: &parlor_core::Chat, sending: Option<&mut Sending>) -> Vec<u8> {
    match sending {
        Some(sending) => sending.answers(chat).await,
        None => std::future::pending().await,
    }
}

impl From<Dead> for Ending {
    fn from(dead: Dead) -> Ending {
        match dead {
            Dead::Stalled => Ending::Stalled,
            Dead::Stopping => Ending::Stopping,
            Dead::Broken(_) => Ending::Broke,
        }
    }
}

/// What the future of a connection takes, beside what it boxes.
#[cfg(test)]
pub(super) fn size_of_life() -> usize {
    fn size<F: Future>(_: fn(Arc<Chat1>, TcpStream, SocketAddr, watch::Receiver<bool>) -> F) -> usize {
        size_of::<F>()
    }
    size(run)
}
