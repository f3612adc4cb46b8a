//! `parlor send`, `parlor tail` and `parlor check-history`: the client's commands, with this process around them.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use anyhow::Context;
use parlor_client::{ClientError, Surroundings, history, send, tail};
use parlor_core::ports::Entropy;

use crate::cli::{SendArguments, TailArguments};
use crate::failure::Failure;
use crate::runtime::SystemEntropy;

/// Posts a message and prints its number.
///
/// # Errors
/// What the client says; it knows its exit code.
pub(crate) fn send(arguments: SendArguments) -> Result<(), ClientError> {
    let SendArguments { room, text, nick, server } = arguments;
    let args = send::SendArgs { room, text, nick, server: server.url };
    surrounded(|surroundings| send::run(&args, surroundings, &mut io::stdin().lock(), &mut io::stdout().lock()))
}

/// Prints a room's messages for as long as somebody reads them.
///
/// # Errors
/// What the client says; it knows its exit code.
pub(crate) fn tail(arguments: TailArguments) -> Result<(), ClientError> {
    let TailArguments { room, since, json, server } = arguments;
    let args = tail::TailArgs { room, since, json, server: server.url };
    surrounded(|surroundings| tail::run(&args, surroundings, &mut io::stdout().lock()))
}

/// Judges a recorded history and prints the report.
///
/// # Errors
/// The history cannot be read, or it has anomalies, which the report names.
pub(crate) fn check_history(path: &Path) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let clean = history::run(&mut BufReader::new(file), &mut io::stdout().lock())?;
    if clean { Ok(()) } else { Err(Failure::Anomalies.into()) }
}

fn surrounded<T>(command: impl FnOnce(&mut Surroundings<'_>) -> T) -> T {
    command(&mut Surroundings { random: &mut random, sleep: &mut std::thread::sleep, notice: &mut notice })
}

/// The text that standard input holds.
///
/// # Errors
/// It cannot be read, is too long for a message, or is not UTF-8.
pub(crate) fn read_text() -> Result<String, ClientError> {
    send::read_text(&mut io::stdin().lock())
}

/// 64 random bits.
pub(crate) fn random() -> u64 {
    let mut bytes = [0; 8];
    SystemEntropy.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Tells the person what goes on beside the output.
pub(crate) fn notice(sentence: &str) {
    // Nobody may be listening there, which is no reason to stop.
    drop(writeln!(io::stderr(), "parlor: {sentence}"));
}
