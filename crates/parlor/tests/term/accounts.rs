//! Names that belong to accounts.

use std::net::SocketAddr;
use std::sync::Arc;

use parlor_core::Chat;
use parlor_core::account::Account;
use parlor_core::chat::{Named, RoomPlan};
use parlor_core::ids::LOBBY;
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_doors::accept::Listener;
use parlor_doors::{DOORS, Mount, Streams};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use super::support::inside::{self, operator};
use super::terminal::Terminal;

/// The doors in this process, the terminal's among them.
pub(crate) struct Inside {
    pub(crate) chat: Arc<Chat>,
    within: inside::Inside,
    term: SocketAddr,
    _stop: watch::Sender<bool>,
}

impl Inside {
    pub(crate) fn start() -> Inside {
        let within = inside::Inside::start();
        let (stop, stopping) = watch::channel(false);
        let chat = within.chat.clone();
        let term = within.run(open(chat.clone(), stopping));
        Inside { chat, within, term, _stop: stop }
    }

    pub(crate) fn run<T>(&self, act: impl Future<Output = T>) -> T {
        self.within.run(act)
    }

    pub(crate) fn lobby(&self) -> Arc<RoomLog> {
        self.run(self.chat.find(&operator(), RoomRef::Id(LOBBY))).unwrap()
    }

    pub(crate) fn connect(&self) -> Terminal {
        Terminal::connect(self.term)
    }

    pub(crate) fn named(&self, name: &str) -> Terminal {
        let mut terminal = self.connect();
        assert!(terminal.ask(name).contains("(you)"));
        terminal
    }

    pub(crate) fn account(&self, handle: &str, password: &str) -> Account {
        self.run(self.chat.add_account(&operator(), None, handle, Some(password))).unwrap()
    }

    /// A listed room that everybody may enter.
    pub(crate) fn room(&self, name: &str, subject: &str) -> Arc<RoomLog> {
        let plan =
            RoomPlan { subject: subject.as_bytes(), named: Named::Asked(name), listed: true, ..RoomPlan::default() };
        self.run(self.chat.open_room(&operator(), plan)).unwrap()
    }

    /// Somebody with an account who has given the password; also what was shown then.
    pub(crate) fn logged_in(&self, handle: &str, password: &str) -> (Terminal, String) {
        let mut terminal = self.connect();
        assert!(terminal.ask(handle).contains("password"));
        let entrance = terminal.ask(password);
        assert!(entrance.contains("(you)"), "{entrance:?}");
        (terminal, entrance)
    }
}

async fn open(chat: Arc<Chat>, stopping: watch::Receiver<bool>) -> SocketAddr {
    let streams = Streams { chat, history_on_join: 50, quiet: std::time::Duration::ZERO, tasks: Handle::current() };
    let door = DOORS.iter().find(|door| door.name == "term").unwrap();
    let Mount::Stream(open) = door.mount else { panic!("the terminal door has a port of its own") };
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let listener = Listener {
        socket,
        door: open(&streams),
        tasks: Handle::current(),
        places: Arc::new(Semaphore::new(1_000)),
        by_address: parlor_core::rates::Occupancy::new("connections", 0),
        stopping,
    };
    Handle::current().spawn(listener.run());
    address
}

#[test]
fn the_name_of_an_account_asks_for_its_password() {
    let inside = Inside::start();
    inside.account("adrian", "correct horse");
    inside.account("x", "of any length");
    let (_adrian, entrance) = inside.logged_in("adrian", "correct horse");
    assert!(entrance.contains("here: adrian (you)"), "{entrance}");
    let (mut x, entrance) = inside.logged_in("x", "of any length");
    assert!(entrance.contains("here: x (you), adrian\n"), "{entrance}");
    x.say("an account is no guest");
    assert!(x.ask("/history").contains(" x to everyone:\n"));
}

#[test]
fn three_wrong_passwords_close_the_connection() {
    let inside = Inside::start();
    inside.account("adrian", "correct horse");
    let mut terminal = inside.connect();
    terminal.ask("adrian");
    assert_eq!(terminal.ask("wrong"), "that is not the password; try again\n> ");
    assert!(terminal.ask("/help").contains("not the password"), "whatever it looks like");
    terminal.send("wrong again");
    assert!(terminal.rest().contains("goodbye"));
    let mut terminal = inside.connect();
    terminal.ask("adrian");
    terminal.ask("wrong");
    assert!(terminal.ask("correct horse").contains("adrian (you)"), "the second try may be right");
}

#[test]
fn who_tries_too_fast_is_never_told_that_the_password_is_wrong() {
    let inside = Inside::start();
    inside.account("adrian", "correct horse");
    // Fewer tries than these are free, and the last of a connection ends it.
    for _ in 0..2 {
        let mut terminal = inside.connect();
        terminal.ask("adrian");
        terminal.ask("wrong");
        terminal.ask("wrong");
        terminal.send("wrong");
        terminal.rest();
    }
    let mut terminal = inside.connect();
    terminal.ask("adrian");
    for _ in 0..2 {
        assert!(terminal.ask("correct horse").starts_with("too fast: try again in "), "it is not looked at");
    }
    terminal.send("correct horse");
    let end = terminal.rest();
    assert!(end.starts_with("too fast: try again in ") && end.ends_with("; goodbye\n"), "{end}");
}

#[test]
fn an_account_may_be_at_several_terminals_and_is_told_of_once() {
    let inside = Inside::start();
    inside.account("adrian", "correct horse");
    let mut berta = inside.named("berta");
    let (first, _) = inside.logged_in("adrian", "correct horse");
    assert_eq!(berta.screen(), "\nadrian is here\n> ");
    let (mut second, entrance) = inside.logged_in("adrian", "correct horse");
    assert!(entrance.contains("here: adrian (you), berta\n"), "{entrance}");
    first.break_off();
    second.say("still here");
    assert_eq!(berta.screen(), "\nadrian to everyone:\n  still here\n> ");
    second.send("");
    assert_eq!(berta.screen(), "\nadrian has left\n> ");
}

#[test]
fn a_guest_never_looks_like_an_account() {
    let inside = Inside::start();
    inside.account("adrian", "correct horse");
    let mut berta = inside.named("berta");
    let key = inside.lobby().key();
    let nick = super::support::http::post_form(format!("/send/{key}"), &[("text", "hi"), ("nick", "adrian")]);
    super::support::http::Connection::open(inside.within.address).ask(nick).expect(200);
    assert_eq!(berta.screen(), "\n~adrian to everyone:\n  hi\n> ");
}
