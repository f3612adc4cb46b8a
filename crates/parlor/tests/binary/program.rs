//! Running the binary in a world of its own: a fresh home, and no variable of whoever runs the tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A home directory with the program in it.
pub(crate) struct Home(TempDir);

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None`: a signal.
    pub(crate) code: Option<i32>,
    /// What it printed.
    pub(crate) out: String,
    /// What it complained.
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("tests may write temporary files"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The program with these words, not yet started. A server's doors with ports of their own are off unless a flag opens
    /// them: tests run at the same time, and would fight for the ports.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
        command.args(words).env_clear().env("HOME", self.path()).current_dir(self.path());
        if words.first() == Some(&"serve") {
            command.env("PARLOR_TERM", "off").env("PARLOR_CHAT", "off");
        }
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.finish(self.command(words))
    }

    /// Runs the program to its end with this input; it may not print more than a pipe holds.
    pub(crate) fn run_with(&self, words: &[&str], input: &str) -> Ended {
        let mut command = self.command(words);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        // It may have ended before it read anything.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        until(&format!("{words:?} has ended"), || child.try_wait().expect("it is our child").is_some());
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it has ended");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
        Ended { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// Runs a command to its end; this home's path is shown as `HOME`.
    pub(crate) fn finish(&self, mut command: Command) -> Ended {
        let Output { status, stdout, stderr } = command.output().expect("the binary starts");
        let home = self.path().display().to_string();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8").replace(&home, "HOME");
        Ended { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

/// A running server; killed with the test if it was not stopped.
pub(crate) struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    banner: String,
    url: String,
}

impl Server {
    /// Runs `parlor serve` with these flags until its banner is out.
    pub(crate) fn start(home: &Home, flags: &[&str]) -> Self {
        Self::spawn(home.command(&[&["serve"], flags].concat()))
    }

    /// The same from a shell that did something before, such as lowering a limit. It runs without rates.
    pub(crate) fn start_in_shell(home: &Home, before: &str, flags: &[&str]) -> Self {
        let program = env!("CARGO_BIN_EXE_parlor");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("{before} && exec \"$0\" serve \"$@\""), program]).args(flags);
        shell
            .env_clear()
            .env("HOME", home.path())
            .env("PARLOR_TERM", "off")
            .env("PARLOR_CHAT", "off")
            .current_dir(home.path());
        for variable in ["POSTS_BURST", "POSTS_PER_SECOND", "POSTS_PER_SECOND_PER_ADDRESS"] {
            shell.env(format!("PARLOR_LIMITS_{variable}"), "0");
        }
        Self::spawn(shell)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut banner = String::new();
        // The warning beyond loopback comes after it, in the same write.
        while !banner.contains("stop it") {
            let bytes = out.read_line(&mut banner).expect("the program speaks UTF-8");
            if bytes == 0 {
                let output = child.wait_with_output().expect("it ended");
                panic!("the server did not open: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
        banner.push_str(&String::from_utf8_lossy(out.buffer()));
        Self { url: url_in(&banner), child, out, banner }
    }

    pub(crate) fn banner(&self) -> &str {
        &self.banner
    }

    /// Where it listens, for example `http://127.0.0.1:40123/`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The status of the answer to a GET.
    pub(crate) fn get(&self, path: &str) -> u16 {
        status(&format!("{}{}", self.url.trim_end_matches('/'), path))
    }

    /// The lobby's key: the first room's page is linked from the first page.
    pub(crate) fn lobby(&self) -> String {
        let mut page = ureq::get(&self.url).call().expect("the first page is there");
        let html = page.body_mut().read_to_string().expect("it is UTF-8");
        let (_, after) = html.split_once("/chat/").expect("it links to the lobby");
        after[..32].to_owned()
    }

    /// Asks it to stop, and how it ended.
    pub(crate) fn stop(self) -> Ended {
        self.stop_by(Signal::TERM)
    }

    /// The same by another signal.
    pub(crate) fn stop_by(self, signal: Signal) -> Ended {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
        self.wait()
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> Ended {
        until("the server has ended", || self.child.try_wait().expect("it is our child").is_some());
        let code = self.child.wait().expect("it is our child").code();
        let mut err = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut err).expect("the program speaks UTF-8");
        let mut out = std::mem::take(&mut self.banner);
        self.out.read_to_string(&mut out).expect("the program speaks UTF-8");
        Ended { code, out, err }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill, and waiting twice does no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in a banner.
pub(crate) fn url_in(banner: &str) -> String {
    let words = banner.split_whitespace();
    words.into_iter().find(|word| word.starts_with("http://")).expect("the banner says where to go").to_owned()
}

/// The status of the answer to a GET.
pub(crate) fn status(url: &str) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    agent.get(url).call().unwrap_or_else(|error| panic!("{url}: {error}")).status().as_u16()
}

/// The status of the answer to a POST; `None`: the connection broke.
pub(crate) fn post(url: &str, text: &str) -> Option<u16> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    agent.post(url).send(text).ok().map(|answer| answer.status().as_u16())
}

/// Waits until something is so, at most 30 seconds: long enough for a busy machine, short enough to tell a hang.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("in 30 seconds it was not so that {what}");
}
