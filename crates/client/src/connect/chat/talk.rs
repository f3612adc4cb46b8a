//! The loop of a conversation at a CHAT/1.0 door.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::tz::TimeZone;
use parlor_wire::chat1::{Reply, SessionId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::super::address::DoorAddress;
use super::super::pump::Console;
use super::ask::{Ask, Secrets};
use super::connection::{Connection, End};
use super::cookies::Cookies;
use super::seen::Seen;
use super::source::Source;
use super::{ChatArgs, Lent, output, raw, told};
use crate::backoff::Backoff;
use crate::{ClientError, shown};

/// What is typed while nobody answers; the input waits when there is more.
const QUEUE_MAX: usize = 64;
/// After this silence an answer without a length is whole: servers of other makers may give one.
const QUIET: Duration = Duration::from_millis(300);
/// After this silence a connection with an open question is taken for dead.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How often a connection that listens is asked whether it is still ours: another one may have taken the session.
const CHECK_EVERY: Duration = Duration::from_secs(30);
/// How often a script's connection is made again in a row. With the pauses between, this outlasts a restart.
const ATTEMPTS_MAX: u32 = 10;
/// A person who left waits so long for what they said last.
const FAREWELL: Duration = Duration::from_secs(5);

/// A conversation.
pub(super) struct Talk<'a, 'c> {
    pub(super) args: &'a ChatArgs,
    pub(super) address: DoorAddress,
    pub(super) cookies: Cookies,
    pub(super) console: &'a mut Console<'c>,
    pub(super) source: Source<'c>,
    pub(super) zone: TimeZone,
    /// Who we are, and what proves it.
    pub(super) session: Option<(String, SessionId)>,
    /// What is to be asked, in order.
    pub(super) queue: VecDeque<Waiting>,
    /// Whether it is not settled yet who we are on this connection: only what settles that is asked then.
    pub(super) is_entering: bool,
    /// Whether we ever came in: then a session that ends is no reason to ask for a password.
    pub(super) was_in: bool,
    /// Whether what comes shall be pushed to us.
    pub(super) listens: bool,
    /// What was pushed to who we are and is shown.
    pub(super) seen: Seen,
    /// When the session was taken by another connection, lately.
    pub(super) moved: Vec<Duration>,
    pub(super) backoff: Backoff,
    /// It was told that the connection broke, and not yet that there is one again.
    pub(super) is_missed: bool,
    /// Nothing is asked before this.
    pub(super) pause_until: Duration,
    /// What a script asked for in vain: how often, and why at last.
    pub(super) refusals: (usize, String),
    pub(super) lent: &'a mut Lent<'c>,
    connection: Option<Connection>,
    flight: Option<(Waiting, Duration)>,
    /// When bytes came last.
    heard_at: Duration,
    /// When something was answered last.
    answered_at: Duration,
    /// Whom lines are said to.
    pub(super) target: String,
    /// The input has ended, or the person leaves: since when.
    pub(super) left: Option<Duration>,
}

/// Something that was not answered yet.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) ask: Ask,
    pub(super) secrets: Secrets,
    pub(super) message_id: String,
    /// Whether a person asked, who wants to see what became of it.
    pub(super) is_shown: bool,
    /// Whether it settles who we are on this connection.
    pub(super) is_entry: bool,
    /// Whether it brings the session along, to bind it to this connection.
    pub(super) binds: bool,
    /// How often it was answered with "too fast".
    pub(super) tries: u32,
}

/// What there is to do.
struct Ready {
    leave: bool,
    connection: bool,
    source: bool,
}

impl<'a, 'c> Talk<'a, 'c> {
    pub(super) fn new(
        args: &'a ChatArgs,
        address: DoorAddress,
        cookies: Cookies,
        connection: Connection,
        console: &'a mut Console<'c>,
        lent: &'a mut Lent<'c>,
    ) -> Self {
        Self {
            args,
            address,
            cookies,
            console,
            lent,
            source: Source::Nothing,
            zone: TimeZone::system(),
            session: None,
            queue: VecDeque::new(),
            is_entering: true,
            was_in: false,
            listens: false,
            seen: Seen::default(),
            moved: Vec::new(),
            backoff: Backoff::default(),
            is_missed: false,
            pause_until: Duration::ZERO,
            refusals: (0, String::new()),
            connection: Some(connection),
            flight: None,
            heard_at: Duration::ZERO,
            answered_at: Duration::ZERO,
            target: "lobby".to_owned(),
            left: None,
        }
    }

    pub(super) fn run(mut self) -> Result<(), ClientError> {
        self.find_session()?;
        self.enter()?;
        loop {
            if self.connection.is_none() && self.is_time() {
                self.reconnect()?;
            }
            self.send()?;
            if let Some(ended) = self.ended() {
                return ended;
            }
            let ready = self.wait()?;
            if ready.leave {
                return Ok(());
            }
            if ready.connection {
                self.heard_at = (self.console.now)();
                self.receive(Connection::receive)?;
            }
            if ready.source {
                self.read()?;
            }
            self.look_at_clock()?;
        }
    }

    /// Asks for something that a person wants.
    pub(super) fn ask(&mut self, ask: Ask, secrets: Secrets) {
        let waiting = self.waiting(ask, secrets);
        self.queue.push_back(waiting);
    }

    /// Asks for something that nobody typed.
    pub(super) fn ask_unseen(&mut self, ask: Ask) {
        let waiting = Waiting { is_shown: false, ..self.waiting(ask, Secrets::default()) };
        self.queue.push_back(waiting);
    }

    pub(super) fn waiting(&mut self, ask: Ask, secrets: Secrets) -> Waiting {
        let message_id = match ask {
            Ask::Say { .. } => format!("{:016x}{:016x}", (self.lent.random)(), (self.lent.random)()),
            _ => String::new(),
        };
        Waiting { ask, secrets, message_id, is_shown: true, is_entry: false, binds: false, tries: 0 }
    }

    pub(super) fn is_person(&self) -> bool {
        self.console.is_terminal && self.args.send.is_none()
    }

    pub(super) fn show(&mut self, text: String) -> Result<(), ClientError> {
        output::show(text, &mut self.source, self.console)
    }

    pub(super) fn tell(&mut self, sentence: &str) -> Result<(), ClientError> {
        output::tell(sentence, &mut self.source, self.console)
    }

    /// Something was not done.
    pub(super) fn refuse(&mut self, sentence: String) -> Result<(), ClientError> {
        if self.args.send.is_none() {
            self.tell(&sentence)?;
        }
        self.refusals.0 += 1;
        self.refusals.1 = sentence;
        Ok(())
    }

    /// The connection is of no use any more.
    pub(super) fn lose(&mut self, reason: Option<String>) -> Result<(), ClientError> {
        self.connection = None;
        let why = reason.as_ref().map(|reason| format!(" ({})", shown::line(reason))).unwrap_or_default();
        if self.args.raw || !self.is_person() && self.backoff.failures() >= ATTEMPTS_MAX {
            return Err(ClientError::Closed { server: self.address.to_string(), reason });
        }
        if self.backoff.failures() == 0 {
            self.is_missed = true;
            self.tell(&format!("the connection to {} broke{why}; trying again", self.address))?;
        }
        if let Some((waiting, _)) = self.flight.take() {
            if waiting.ask.is_repeatable() {
                if !waiting.is_entry {
                    self.queue.push_front(Waiting { binds: false, ..waiting });
                }
            } else {
                let sentence = format!("{}: no answer came, so look whether it was done", waiting.ask.label());
                self.refuse(sentence)?;
            }
        }
        self.queue.retain(|waiting| !waiting.is_entry);
        let pause = self.backoff.pause(None, (self.lent.random)());
        self.pause_until = (self.console.now)() + pause;
        Ok(())
    }

    fn reconnect(&mut self) -> Result<(), ClientError> {
        match Connection::open(&self.address) {
            Ok(connection) => {
                self.connection = Some(connection);
                self.enter()
            }
            Err(ClientError::NoDoor { reason, .. }) => self.lose(Some(reason)),
            Err(error) => Err(error),
        }
    }

    fn is_time(&mut self) -> bool {
        (self.console.now)() >= self.pause_until
    }

    /// Sends the next request, if the last one was answered.
    fn send(&mut self) -> Result<(), ClientError> {
        while self.flight.is_none() && self.connection.is_some() && self.is_time() {
            let is_entering = self.is_entering;
            let Some(next) = self.queue.pop_front_if(|next| next.is_entry || !is_entering) else { break };
            let session = self.session.as_ref().filter(|_| next.binds).map(|(_, session)| *session);
            let Some(connection) = &mut self.connection else { break };
            match next.ask.write(&next.secrets, &next.message_id, session, connection.outgoing()) {
                Ok(()) => self.flight = Some((next, (self.console.now)())),
                Err(error) if next.is_entry => self.stays_out(format!("{}: {error}", next.ask.label()))?,
                Err(error) => self.refuse(format!("{}: {error}", next.ask.label()))?,
            }
        }
        let flushed = self.connection.as_mut().map(Connection::flush);
        match flushed {
            Some(Err(error)) => self.lose(Some(error.to_string())),
            _ => Ok(()),
        }
    }

    /// How it ended, if nothing is left to do.
    fn ended(&mut self) -> Option<Result<(), ClientError>> {
        let left = self.left?;
        let is_done = self.flight.is_none() && self.queue.is_empty();
        let is_over = self.is_person() && (self.console.now)() >= left + FAREWELL;
        if !is_done && !is_over {
            return None;
        }
        let server = self.address.to_string();
        Some(match std::mem::take(&mut self.refusals) {
            _ if self.is_person() => Ok(()),
            (0, _) => Ok(()),
            (1, _) if self.args.send.is_none() => {
                Err(ClientError::Refused { server, reason: "one request was not carried out".to_owned() })
            }
            (1, reason) => Err(ClientError::Refused { server, reason }),
            (count, _) => {
                Err(ClientError::Refused { server, reason: format!("{count} requests were not carried out") })
            }
        })
    }

    /// Waits until there is something to do.
    fn wait(&mut self) -> Result<Ready, ClientError> {
        let timeout = self.timeout();
        let reads = self.left.is_none() && !self.is_entering && self.queue.len() < QUEUE_MAX;
        let mut polled = vec![PollFd::from_borrowed_fd(self.console.leave, PollFlags::IN)];
        let source_at = self.source.descriptor().filter(|_| reads).map(|descriptor| {
            polled.push(PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
            polled.len() - 1
        });
        let connection_at = self.connection.as_ref().map(|connection| {
            let write = if connection.is_flushed() { PollFlags::empty() } else { PollFlags::OUT };
            polled.push(PollFd::from_borrowed_fd(connection.descriptor(), PollFlags::IN | write));
            polled.len() - 1
        });
        let timeout = timeout.map(|timeout| Timespec::try_from(timeout).expect("a minute is a time"));
        match poll(&mut polled, timeout.as_ref()) {
            // A signal came: it says itself what it wants.
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(ClientError::Io(error.into())),
        }
        let is_ready = |at: usize| polled[at].revents().intersects(SOMETHING);
        Ok(Ready {
            leave: is_ready(0),
            source: source_at.is_some_and(is_ready),
            connection: connection_at.is_some_and(is_ready),
        })
    }

    /// How long there is nothing to do if nothing happens.
    fn timeout(&mut self) -> Option<Duration> {
        let now = (self.console.now)();
        let answer = self.flight.as_ref().map(|(_, sent)| *sent + ANSWER_MAX);
        // One that has just ended is no reason to sleep on: then there is something to do at once.
        let pause = (self.connection.is_none() || self.has_next()).then_some(self.pause_until);
        let quiet = self.connection.as_ref().filter(|connection| connection.is_quiet()).map(|_| self.heard_at + QUIET);
        let check = self.is_checked().then_some(self.answered_at + CHECK_EVERY);
        let farewell = self.left.filter(|_| self.is_person()).map(|left| left + FAREWELL);
        let next = [answer, pause, quiet, check, farewell].into_iter().flatten().min();
        next.map(|next| next.saturating_sub(now))
    }

    /// Whether somebody waits for messages who would not notice that they go elsewhere.
    fn is_checked(&self) -> bool {
        let is_idle = self.flight.is_none() && self.queue.is_empty() && self.connection.is_some();
        self.listens && self.session.is_some() && is_idle
    }

    /// Whether something could be asked now.
    fn has_next(&self) -> bool {
        self.flight.is_none() && self.queue.front().is_some_and(|next| next.is_entry || !self.is_entering)
    }

    fn look_at_clock(&mut self) -> Result<(), ClientError> {
        let now = (self.console.now)();
        if self.connection.as_ref().is_some_and(Connection::is_quiet) && now >= self.heard_at + QUIET {
            return self.receive(Connection::settle);
        }
        if self.flight.as_ref().is_some_and(|(_, sent)| now >= *sent + ANSWER_MAX) {
            return self.lose(Some(format!("no answer within {} seconds", ANSWER_MAX.as_secs())));
        }
        if self.is_checked() && now >= self.answered_at + CHECK_EVERY {
            self.ask_unseen(Ask::Groups);
        }
        Ok(())
    }

    fn receive(&mut self, from: fn(&mut Connection, &mut Vec<Reply>) -> Option<End>) -> Result<(), ClientError> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let mut replies = Vec::new();
        let end = from(connection, &mut replies);
        let mut goodbye = None;
        for reply in replies {
            if self.args.raw && !self.is_entering {
                self.show(raw::reply(&reply) + "\n")?;
            }
            match reply {
                Reply::Push(pushed) if self.args.raw || !self.seen.is_new(&pushed.id) => drop(pushed),
                Reply::Push(pushed) => {
                    self.show(told::pushed(&pushed, &self.zone))?;
                    self.learn(pushed.group.into_iter().chain((!pushed.is_guest).then_some(pushed.sender)).collect());
                }
                Reply::Answer(answer) => match self.flight.take() {
                    Some((waiting, _)) => {
                        self.answered_at = (self.console.now)();
                        self.answered(waiting, answer)?;
                    }
                    // It says why it goes.
                    None => goodbye = Some(told::reason(&answer)),
                },
            }
        }
        match end {
            Some(End::Broken(error)) => {
                Err(ClientError::NotParlor { server: self.address.to_string(), reason: error.to_string() })
            }
            // An answer may have let it go already.
            Some(End::Closed(reason)) if self.connection.is_some() => self.lose(goodbye.or(reason)),
            _ => Ok(()),
        }
    }
}

/// What `poll` says of something to read, of room to write, of an end or a failure.
const SOMETHING: PollFlags =
    PollFlags::IN.union(PollFlags::OUT).union(PollFlags::HUP).union(PollFlags::ERR).union(PollFlags::NVAL);
