use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, getsid, kill_process};

use crate::program::{Ended, Home, status, until, url_in};

/// A daemon, ended with the test.
struct Daemon {
    pid: Pid,
    url: String,
    data_dir: PathBuf,
}

impl Daemon {
    fn start(home: &Home) -> (Self, Ended) {
        let started = home.run(&["serve", "-d", "-p", "0", "--data-dir", "data"]);
        assert_eq!(started.code, Some(0), "{started:?}");
        let data_dir = home.path().join("data");
        let pid = fs::read_to_string(data_dir.join("parlor.pid")).expect("the pid file is there when the parent ends");
        let pid = pid.trim().parse().ok().and_then(Pid::from_raw).expect("the pid file holds a number");
        (Self { pid, url: url_in(&started.out), data_dir }, started)
    }

    /// A daemon that nobody waits for, in a container without an init, stays in the table of processes when it has ended.
    fn runs(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid.as_raw_nonzero()));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    fn stop(&self) {
        kill_process(self.pid, Signal::TERM).expect("it runs");
        until("the daemon has ended", || !self.runs());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.runs() {
            // Gone in between is as good.
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

#[test]
fn a_daemon_serves_when_its_parent_ends_in_a_session_of_its_own() {
    let home = Home::new();
    let (daemon, started) = Daemon::start(&home);
    assert_eq!(status(&format!("{}healthz", daemon.url)), 200);
    assert_eq!(getsid(Some(daemon.pid)).unwrap(), daemon.pid, "it leads its session");
    assert!(started.out.contains(&format!("kill {}", daemon.pid.as_raw_nonzero())), "{started:?}");
    assert!(started.out.ends_with('\n') && !started.out.contains('\u{6}'), "{started:?}");
    assert_eq!(started.err, "");
}

#[test]
fn a_daemon_logs_to_its_data_directory_and_takes_its_pid_file_with_it() {
    let home = Home::new();
    let (daemon, _) = Daemon::start(&home);
    daemon.stop();
    assert!(!daemon.data_dir.join("parlor.pid").exists());
    let log = fs::read_to_string(daemon.data_dir.join("parlor.log")).unwrap();
    assert!(log.contains("open") && log.contains("stopped"), "{log}");
}

#[test]
fn what_keeps_a_daemon_from_starting_is_told_by_its_parent_with_its_exit_code() {
    let home = Home::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let refused = home.run(&["serve", "-d", "--http", &address, "--data-dir", "data"]);
    assert_eq!(refused.code, Some(71), "{refused:?}");
    assert!(refused.err.contains(&format!("{address} is in use")), "{refused:?}");
    assert!(!home.path().join("data/parlor.pid").exists());
}

#[test]
fn a_second_daemon_leaves_the_first_one_alone() {
    let home = Home::new();
    let (daemon, _) = Daemon::start(&home);
    let refused = home.run(&["serve", "-d", "-p", "0", "--data-dir", "data"]);
    assert_eq!(refused.code, Some(73), "{refused:?}");
    let pid = fs::read_to_string(daemon.data_dir.join("parlor.pid")).unwrap();
    assert_eq!(pid.trim(), daemon.pid.as_raw_nonzero().to_string());
    assert_eq!(status(&format!("{}healthz", daemon.url)), 200);
}
