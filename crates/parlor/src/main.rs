//! parlor: one room, many doors. The binary: it reads the command line, the configuration and the environment, puts the
//! store, the chat and the doors together, and carries errors to people.
//!
//! # Map
//! - [`cli`]: what can be asked; [`config`]: the table of all settings and the places that set them.
//! - [`serve`]: the life of a server; [`compose`]: which part is given to which; [`daemon`], [`signals`], [`banner`].
//! - [`runtime`]: the one place that asks the system for time, randomness, tasks and variables; [`logging`].
//! - [`selftest`]: a private server and a conversation at each of its doors.
//! - [`operate`]: what the operator does to accounts and rooms, on a running server or a stopped one; [`password`].
//! - [`connect`], [`talk`], [`store`], [`show`]: the other commands.
//! - [`failure`]: why the program ends, and its exit code.
//!
//! # Absent on purpose
//! Any rule of the chat, any protocol, any SQL: this crate only connects.

mod banner;
mod certificate;
mod cli;
mod compose;
mod config;
mod connect;
mod daemon;
mod failure;
mod logging;
mod operate;
mod password;
mod runtime;
mod selftest;
mod serve;
mod show;
mod signals;
mod sockets;
mod store;
mod talk;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command, ConfigCommand};

/// A waiting request takes less memory and a post less CPU than with the C library's allocator
/// (docs/performance.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if failure::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed there is nobody to tell; the exit code still speaks.
            let _ = writeln!(io::stderr(), "parlor: {}", failure::sentence(&error));
            failure::exit_code(&error)
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Connect(arguments) => connect::run(arguments),
        Command::User(command) => operate::user(command),
        Command::Room(command) => operate::room(command),
        Command::Send(arguments) => Ok(talk::send(arguments)?),
        Command::Tail(arguments) => Ok(talk::tail(arguments)?),
        Command::CheckHistory { file } => talk::check_history(&file),
        Command::Check(flags) => store::check(&flags),
        Command::Config(ConfigCommand::Check(flags)) => show::check(&flags),
        Command::Config(ConfigCommand::Show { origin, flags }) => show::show(&flags, origin),
        Command::Selftest { what } => selftest::run(&what),
        Command::Version => Ok(writeln!(io::stdout(), "parlor {}", env!("CARGO_PKG_VERSION"))?),
    }
}
