//! The real binary: started on one port and one data directory again and again.

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use ureq::Agent;

use crate::recorder::Clock;
use crate::world::World;

const READY_SECONDS_MAX: u64 = 60;
const STOP_SECONDS_MAX: u64 = 30;

/// Below the ports that the kernel gives to clients: while the server is dead, a client that connects to its port could
/// otherwise be given that very port, reach itself, and keep the next server from listening.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Rates and limits per address are off: all posters come from one address and are many people.
const UNLIMITED: [&str; 6] = [
    "POSTS_BURST",
    "POSTS_PER_SECOND",
    "POSTS_PER_SECOND_PER_ADDRESS",
    "CONNECTIONS_PER_ADDRESS",
    "POLLS_PER_ADDRESS",
    "ROOMS_PER_HOUR_PER_ADDRESS",
];

/// Where every server of this test lives.
pub(crate) struct Site {
    dir: TempDir,
    address: SocketAddr,
}

/// A server that runs; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
    ready_ms: u64,
}

impl Site {
    pub(crate) fn new(random: &mut StdRng) -> Site {
        let dir = tempfile::tempdir().expect("tests may write temporary files");
        let free = (0..1_000).find_map(|_| {
            let address = SocketAddr::from(([127, 0, 0, 1], random.random_range(PORTS)));
            TcpListener::bind(address).is_ok().then_some(address)
        });
        Site { dir, address: free.expect("of a thousand ports one is free") }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn command(&self, words: &[&str]) -> Command {
        let log = OpenOptions::new().create(true).append(true).open(self.log()).expect("the log can be written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
        command.args(words).arg("--data-dir").arg(self.dir.path().join("data"));
        command.env_clear().env("HOME", self.dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
    }

    /// Starts a server and waits until its store can be reached.
    pub(crate) fn start(&self) -> Server {
        let mut command = self.command(&["serve", "--http", &self.address.to_string(), "--term", "off"]);
        for limit in UNLIMITED {
            command.env(format!("PARLOR_LIMITS_{limit}"), "0");
        }
        let clock = Clock::start();
        let mut server = Server { child: command.spawn().expect("the binary starts"), url: self.url(), ready_ms: 0 };
        let (agent, ready) = (World::agent(), format!("{}/readyz", self.url()));
        while !agent.get(&ready).call().is_ok_and(|answer| answer.status() == 200) {
            let ended = server.child.try_wait().expect("it is our child");
            assert!(ended.is_none(), "the server ended with {ended:?}:\n{}", self.last_words());
            assert!(clock.us() < READY_SECONDS_MAX * 1_000_000, "never ready:\n{}", self.last_words());
            std::thread::sleep(Duration::from_millis(1));
        }
        server.ready_ms = clock.us() / 1_000;
        server
    }

    /// Lets the program read its whole store; the server must be down.
    pub(crate) fn check_store(&self) {
        let mut command = self.command(&["check"]);
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("the binary starts");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the store is damaged: {said}");
    }

    /// The end of the servers' log.
    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Server {
    /// How long it took from the start of the process to the first answer of `/readyz`.
    pub(crate) fn ready_ms(&self) -> u64 {
        self.ready_ms
    }

    pub(crate) fn make_rooms(&self, count: usize) -> Vec<String> {
        let agent: Agent = World::agent();
        let make = |index: usize| {
            let answer = agent.get(format!("{}/chat_create?subject=room{index}", self.url)).call();
            let answer = answer.expect("the server answers");
            let location = answer.headers().get("location").and_then(|value| value.to_str().ok());
            let key = location.and_then(|location| location.strip_prefix("/chat/"));
            key.unwrap_or_else(|| panic!("no room was made: {answer:?}")).to_owned()
        };
        (0..count).map(make).collect()
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(&mut self) {
        let clock = Clock::start();
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it is our child");
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                assert!(status.success(), "stopped with {status}");
                return;
            }
            assert!(clock.us() < STOP_SECONDS_MAX * 1_000_000, "it does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
