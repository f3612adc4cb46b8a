//! The real binary, serving on a free port over a data directory of its own.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::http::{Answer, Connection, Request, get};
use super::wait_for;

/// Switches off every rate and every limit per address.
const UNLIMITED: [(&str, &str); 8] = [
    ("PARLOR_LIMITS_POSTS_BURST", "0"),
    ("PARLOR_LIMITS_POSTS_PER_SECOND", "0"),
    ("PARLOR_LIMITS_POSTS_PER_SECOND_PER_ADDRESS", "0"),
    ("PARLOR_LIMITS_ROOMS_PER_HOUR_PER_ADDRESS", "0"),
    ("PARLOR_LIMITS_CONNECTIONS_PER_ADDRESS", "0"),
    ("PARLOR_LIMITS_POLLS_PER_ADDRESS", "0"),
    ("PARLOR_LIMITS_LOGINS_PER_MINUTE_PER_ADDRESS", "0"),
    ("PARLOR_LIMITS_REGISTRATIONS_PER_HOUR_PER_ADDRESS", "0"),
];

/// A server that is ready. It is killed when dropped, and its data goes with it.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    variables: Vec<(String, String)>,
    home: TempDir,
}

impl Server {
    /// A server without rates and limits per address.
    pub(crate) fn start() -> Server {
        Server::unlimited_with(&[])
    }

    /// The same with these variables.
    pub(crate) fn unlimited_with(variables: &[(&str, &str)]) -> Server {
        Server::with(&[&UNLIMITED, variables].concat())
    }

    /// A server with the default limits, but for what these variables change.
    pub(crate) fn with(variables: &[(&str, &str)]) -> Server {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let home = tempfile::tempdir().expect("tests may write temporary files");
        let child = spawn(&home, &variables);
        let mut server = Server { child, address: ([127, 0, 0, 1], 0).into(), variables, home };
        server.wait_until_open();
        server
    }

    /// Where it listens. A server that was started again has another port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its terminal door listens, as the banner says it.
    pub(crate) fn term_address(&self) -> SocketAddr {
        self.address_of("term")
    }

    /// Where the door listens whose addresses begin with this, as the banner says it.
    pub(crate) fn address_of(&self, scheme: &str) -> SocketAddr {
        let banner = fs::read_to_string(self.home.path().join("stdout")).expect("the banner is UTF-8");
        let (_, rest) =
            banner.split_once(&format!(" {scheme}://")).unwrap_or_else(|| panic!("no such door in {banner}"));
        let end = rest.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(rest.len());
        rest[..end].parse().expect("the banner names an address")
    }

    /// Where its CHAT/1.0 door listens, as the banner says it.
    pub(crate) fn chat_address(&self) -> SocketAddr {
        self.address_of("chat")
    }

    /// Where it keeps what lasts.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// What it has said on its standard output, since the last start.
    pub(crate) fn banner(&self) -> String {
        fs::read_to_string(self.home.path().join("stdout")).expect("the banner is UTF-8")
    }

    /// What it has logged so far, since the last start.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("stderr")).expect("the log is UTF-8")
    }

    /// Asks over a connection of its own.
    pub(crate) fn ask(&self, request: Request) -> Answer {
        Connection::open(self.address).ask(request)
    }

    /// Makes a room that is not listed, and answers its key.
    pub(crate) fn room(&self) -> String {
        self.created("/chat_create")
    }

    /// Asks for a room at this address of `/chat_create`, and answers its key.
    pub(crate) fn created(&self, target: &str) -> String {
        self.ask(get(target)).room_key()
    }

    /// The key of the room that every server has.
    pub(crate) fn lobby(&self) -> String {
        self.ask(get("/chat/lobby")).room_key()
    }

    /// The text of the message with this number, as `/msg` shows it.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn line(&self, key: &str, number: u64) -> String {
        self.ask(get(format!("/msg/{key}/{number}?wait=0"))).expect(200).text()
    }

    /// How many messages a room has.
    pub(crate) fn count(&self, key: &str) -> u64 {
        let page = self.ask(get(format!("/chat/{key}"))).expect(200);
        page.header("chat-number").expect("a chat page names the newest number").parse().expect("a number")
    }

    /// Asks it to stop (SIGTERM) without waiting for it.
    pub(crate) fn terminate(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("the process is ours");
    }

    /// Waits until the process has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        wait_for("the end of the process", || child.try_wait().expect("it is our child"))
    }

    /// Kills the process (SIGKILL) and starts another over the same data.
    pub(crate) fn kill_and_start(&mut self) {
        self.child.kill().expect("it is our child");
        let status = self.child.wait().expect("it is our child");
        assert_eq!(status.signal(), Some(9), "it ended before it was killed");
        self.start_again();
    }

    /// Sets a variable for the next start.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Starts another process over the same data, once the last has ended.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(&self.home, &self.variables);
        self.wait_until_open();
    }

    fn wait_until_open(&mut self) {
        let banner = self.home.path().join("stdout");
        let (child, home) = (&mut self.child, &self.home);
        self.address = wait_for("the banner of the server", || {
            if let Some(status) = child.try_wait().expect("it is our child") {
                let log = fs::read_to_string(home.path().join("stderr")).unwrap_or_default();
                panic!("the server ended ({status}) before it was open:\n{log}");
            }
            address(&fs::read_to_string(&banner).ok()?)
        });
        wait_for("/healthz", || (self.ask(get("/healthz")).status == 200).then_some(()));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(home: &TempDir, variables: &[(String, String)]) -> Child {
    let file = |name: &str| File::create(home.path().join(name)).expect("tests may write temporary files");
    Command::new(env!("CARGO_BIN_EXE_parlor"))
        .args(["serve", "--http", "127.0.0.1:0", "--data-dir"])
        .arg(home.path().join("data"))
        .env_clear()
        .env("HOME", home.path())
        // Tests run at the same time, and would fight for its port.
        .env("PARLOR_TERM", "off")
        .env("PARLOR_CHAT", "off")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .current_dir(home.path())
        .stdin(std::process::Stdio::null())
        .stdout(file("stdout"))
        .stderr(file("stderr"))
        .spawn()
        .expect("the binary starts")
}

/// The address that a banner says to go to, once the line is there whole.
fn address(banner: &str) -> Option<SocketAddr> {
    let (_, rest) = banner.split_once("http://")?;
    let (address, _) = rest.split_once('/')?;
    Some(address.parse().expect("the banner names an address"))
}
