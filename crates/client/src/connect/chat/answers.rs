//! What an answer means: for who we are, for what was asked, and for what is asked next.

use std::time::Duration;

use parlor_wire::chat1::Answered;

use super::ask::{Ask, Secrets};
use super::cookies::Cookie;
use super::seen::Seen;
use super::talk::{Talk, Waiting};
use super::{editor, told};
use crate::{ClientError, shown};

/// Of so many moves of the session within this time, two clients would take it from each other for ever.
const MOVES_MAX: usize = 3;
const MOVES_WITHIN: Duration = Duration::from_secs(300);
/// How often a script says something again that was too fast.
const TRIES_MAX: u32 = 20;
/// A server may ask for more patience than this, and does not get it.
const PATIENCE_MAX: Duration = Duration::from_secs(60);

const TOO_FAST: u16 = 429;
const UNAUTHORIZED: u16 = 401;
const UNAVAILABLE: u16 = 503;

impl Talk<'_, '_> {
    /// Looks up the session of the last time.
    pub(super) fn find_session(&mut self) -> Result<(), ClientError> {
        if self.args.raw && self.args.user.is_none() {
            return Ok(());
        }
        let Some(cookie) = self.cookies.get(&self.address.authority())? else { return Ok(()) };
        let is_wanted = self.args.user.as_ref().is_none_or(|user| user.eq_ignore_ascii_case(&cookie.user));
        // One that is no session any more is as good as none.
        self.session = cookie.session.parse().ok().filter(|_| is_wanted).map(|session| (cookie.user, session));
        Ok(())
    }

    /// A connection is there: settles who we are on it.
    pub(super) fn enter(&mut self) -> Result<(), ClientError> {
        self.is_entering = true;
        if self.session.is_some() {
            // It asks for nothing that changes anything, and is answered only to somebody who is logged in.
            let hello = self.waiting(Ask::Groups, Secrets::default());
            self.queue.push_front(Waiting { is_shown: false, is_entry: true, binds: true, ..hello });
            return Ok(());
        }
        match self.args.user.clone().filter(|_| !self.was_in) {
            Some(name) => self.log_in(name),
            None => self.entered(),
        }
    }

    /// An answer to what was asked.
    pub(super) fn answered(&mut self, waiting: Waiting, answer: Answered) -> Result<(), ClientError> {
        if answer.status == UNAVAILABLE && waiting.ask.is_repeatable() && !self.args.raw {
            if !waiting.is_entry {
                self.queue.push_front(waiting);
            }
            return self.lose(Some(told::reason(&answer)));
        }
        self.backoff.reset();
        match waiting {
            Waiting { is_entry: true, .. } => self.entry(waiting, &answer),
            Waiting { ask: Ask::Raw(_), .. } if answer.is_success() => Ok(()),
            Waiting { ask: Ask::Raw(_), .. } => {
                self.refusals.0 += 1;
                Ok(())
            }
            _ if answer.is_success() => self.done(waiting, &answer),
            _ => self.not_done(waiting, &answer),
        }
    }

    fn log_in(&mut self, name: String) -> Result<(), ClientError> {
        let password = match &self.args.password {
            Some(password) => Some(password.clone()),
            None if self.console.is_terminal => {
                editor::ask_password(&format!("Password of {} (empty if there is none): ", shown::line(&name)))?
            }
            None => None,
        };
        let login = self.waiting(Ask::Login { name }, Secrets { password, old: None });
        self.queue.push_front(Waiting { is_entry: true, ..login });
        Ok(())
    }

    /// It is settled who we are.
    fn entered(&mut self) -> Result<(), ClientError> {
        self.is_entering = false;
        if !self.was_in {
            self.was_in = true;
            self.open_source()?;
        } else if std::mem::take(&mut self.is_missed) {
            self.tell("connected again")?;
        }
        self.listen();
        Ok(())
    }

    fn listen(&mut self) {
        if self.session.is_some() && self.listens {
            self.ask_unseen(Ask::Listen);
            self.ask_unseen(Ask::Users { group: None });
            self.ask_unseen(Ask::Groups);
        }
    }

    /// The answer to what settles who we are.
    fn entry(&mut self, waiting: Waiting, answer: &Answered) -> Result<(), ClientError> {
        if answer.is_success() {
            if let Ask::Login { name } = waiting.ask {
                self.logged_in(name, answer)?;
            }
            return self.entered();
        }
        if let Ask::Login { name } = &waiting.ask {
            let hint = match (answer.status, &self.args.password) {
                (UNAUTHORIZED, None) if !self.console.is_terminal => "; give a password with --password-stdin",
                _ => "",
            };
            let sentence = format!("not logged in as {}: {}{hint}", shown::line(name), told::reason(answer));
            return self.stays_out(sentence);
        }
        if answer.status != UNAUTHORIZED {
            return self.stays_out(format!("not logged in: {}", told::reason(answer)));
        }
        let user = self.session_ended()?;
        if self.was_in {
            return self.stays_out("your session has ended; /login NAME begins another".to_owned());
        }
        match (self.args.user.clone(), user) {
            (Some(name), _) => self.log_in(name),
            (None, Some(name)) if self.is_person() => {
                self.tell("your session has ended")?;
                self.log_in(name)
            }
            _ => self.stays_out("your session has ended; log in again with --user NAME".to_owned()),
        }
    }

    /// Nobody is logged in: a person may go on, a script would do the rest in vain.
    pub(super) fn stays_out(&mut self, sentence: String) -> Result<(), ClientError> {
        if !self.is_person() {
            return Err(ClientError::Refused { server: self.address.to_string(), reason: sentence });
        }
        self.tell(&sentence)?;
        self.entered()
    }

    fn logged_in(&mut self, name: String, answer: &Answered) -> Result<(), ClientError> {
        let Some(session) = answer.session else {
            let reason = "it logs in without giving a session".to_owned();
            return Err(ClientError::NotParlor { server: self.address.to_string(), reason });
        };
        self.cookies
            .set(&self.address.authority(), Some(&Cookie { user: name.clone(), session: session.to_string() }))?;
        self.session = Some((name, session));
        self.moved.clear();
        // Another one may not have got what this one got.
        self.seen = Seen::default();
        Ok(())
    }

    /// Forgets the session; answers whose it was.
    fn session_ended(&mut self) -> Result<Option<String>, ClientError> {
        let Some((user, session)) = self.session.take() else { return Ok(None) };
        let server = self.address.authority();
        // Another client may have logged in since.
        if self.cookies.get(&server)?.is_some_and(|kept| kept.session == session.to_string()) {
            self.cookies.set(&server, None)?;
        }
        Ok(Some(user))
    }

    fn done(&mut self, waiting: Waiting, answer: &Answered) -> Result<(), ClientError> {
        let list = if self.is_person() { ", " } else { "\n" };
        let told = told::done(&waiting.ask, answer, list, &self.zone).map_err(|reason| ClientError::NotParlor {
            server: self.address.to_string(),
            reason: shown::line(&reason),
        })?;
        if waiting.is_shown {
            self.show(told.text)?;
        }
        self.learn(told.names);
        if let Some(cursor) = told.cursor {
            // Shown, so they need not come again; what follows them is asked for in the same breath.
            self.ask(Ask::Receive { cursor: Some(cursor) }, Secrets::default());
        }
        if waiting.binds && self.listens && !matches!(waiting.ask, Ask::Listen) {
            // The session came back to this connection, and what it is told did not.
            self.ask_unseen(Ask::Listen);
        }
        match waiting.ask {
            Ask::Register { name, .. } => {
                let login = self.waiting(Ask::Login { name }, waiting.secrets);
                self.queue.push_front(login);
            }
            Ask::Login { name } => {
                self.logged_in(name, answer)?;
                self.listen();
            }
            Ask::Logout => drop(self.session_ended()?),
            Ask::Listen => self.listens = true,
            Ask::Make { group } => self.learn(vec![group]),
            _ => {}
        }
        Ok(())
    }

    fn not_done(&mut self, waiting: Waiting, answer: &Answered) -> Result<(), ClientError> {
        let is_login = matches!(waiting.ask, Ask::Login { .. } | Ask::Register { .. });
        if answer.status == UNAUTHORIZED && self.session.is_some() && !is_login {
            if !waiting.binds {
                return self.take_back(waiting);
            }
            if !matches!(waiting.ask, Ask::Password) {
                self.session_ended()?;
                self.tell("your session has ended; /login NAME begins another")?;
            }
        }
        if answer.status == TOO_FAST && !self.is_person() && waiting.tries < TRIES_MAX {
            let patience = Duration::from_secs(answer.retry_after_s.unwrap_or(1).max(1)).min(PATIENCE_MAX);
            self.pause_until = (self.console.now)() + patience;
            self.queue.push_front(Waiting { tries: waiting.tries + 1, ..waiting });
            return Ok(());
        }
        if waiting.is_shown {
            self.refuse(format!("{}: {}", waiting.ask.label(), told::reason(answer)))?;
        }
        Ok(())
    }

    /// Another connection took the session: it comes back with the request that was not carried out.
    fn take_back(&mut self, waiting: Waiting) -> Result<(), ClientError> {
        let now = (self.console.now)();
        self.moved.retain(|moved| now < *moved + MOVES_WITHIN);
        if !waiting.is_shown && self.moved.len() >= MOVES_MAX {
            // Two clients of one session would go on like this for ever.
            self.listens = false;
            return self
                .tell("another program uses this session, too; what comes is shown there (/listen shows it here)");
        }
        self.moved.push(now);
        self.queue.push_front(Waiting { binds: true, ..waiting });
        Ok(())
    }
}
