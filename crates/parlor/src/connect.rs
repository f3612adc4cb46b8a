//! `parlor connect`: the client's conversation, with this process's input, output and signals around it.

use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use parlor_client::ClientError;
use parlor_client::connect::chat::{self, ChatArgs, Lent};
use parlor_client::connect::{ConnectArgs, Connected, Console};
use parlor_core::ports::Clock;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::cli::ConnectArguments;
use crate::runtime::{self, SystemClock};
use crate::{password, signals, talk};

/// Talks until the input ends, the person leaves, or the server closes.
///
/// # Errors
/// What the client says; it knows its exit code.
pub(crate) fn run(arguments: ConnectArguments) -> anyhow::Result<()> {
    if arguments.address.starts_with("chat://") {
        return chat(arguments);
    }
    let ConnectArguments { address, raw, ca, user, password_stdin, send } = arguments;
    if user.is_some() || password_stdin || !send.is_empty() {
        let sentence = "--user, --password-stdin and --send are for chat:// addresses".to_owned();
        return Err(ClientError::Usage(sentence).into());
    }
    let (input, output) = (io::stdin(), io::stdout());
    let args = ConnectArgs { address, raw, ca, output_is_terminal: output.is_terminal() };
    let is_terminal = input.is_terminal() && output.is_terminal();
    // Until the connection is there, a signal simply ends the process.
    let connected = Connected::dial(&args)?;
    let (runtime, leave) = leave_at_signal()?;
    let clock = SystemClock::new();
    let mut console = Console {
        input: input.as_fd(),
        output: &mut output.lock(),
        leave: leave.as_fd(),
        is_terminal,
        notice: &mut talk::notice,
        now: &mut || clock.monotonic(),
    };
    let talked = connected.run(&mut console);
    runtime.shutdown_timeout(Duration::ZERO);
    Ok(talked?)
}

/// The same in CHAT/1.0.
fn chat(arguments: ConnectArguments) -> anyhow::Result<()> {
    let ConnectArguments { address, raw, user, password_stdin, send, .. } = arguments;
    let (input, output) = (io::stdin(), io::stdout());
    let password = if password_stdin { Some(password::read_line(input.as_fd())?) } else { None };
    let send = match send.split_first() {
        Some((to, words)) if *words == ["-"] => Some((to.clone(), talk::read_text()?)),
        Some((to, words)) => Some((to.clone(), words.join(" "))),
        None => None,
    };
    let state_dir = runtime::environment().state_dir();
    let args = ChatArgs { address, user, password, send, raw, state_dir };
    let is_terminal = input.is_terminal() && output.is_terminal();
    let (runtime, leave) = leave_at_signal()?;
    let clock = SystemClock::new();
    let mut console = Console {
        input: input.as_fd(),
        output: &mut output.lock(),
        leave: leave.as_fd(),
        is_terminal,
        notice: &mut talk::notice,
        now: &mut || clock.monotonic(),
    };
    let mut lent = Lent { random: &mut talk::random, spawn: &runtime::start_thread };
    let talked = chat::run(&args, &mut console, &mut lent);
    runtime.shutdown_timeout(Duration::ZERO);
    Ok(talked?)
}

/// A socket whose other end is closed by the first signal that asks to stop; the second ends the process.
fn leave_at_signal() -> anyhow::Result<(Runtime, UnixStream)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (leave, held) = UnixStream::pair()?;
    let stop = watch::Sender::new(false);
    let mut stopping = stop.subscribe();
    let inside = runtime.enter();
    signals::listen(stop)?;
    runtime::spawn(async move {
        // Its sender lives until the process ends.
        let _ = stopping.wait_for(|stop| *stop).await;
        drop(held);
    });
    drop(inside);
    Ok((runtime, leave))
}
