//! Compares WebSocket libraries with parlor's own frames (docs/adr/0005-websocket-framing.md).
//!
//! It starts each server as a process of its own, one after the other, again and again, so that what else the machine does
//! falls on all alike; connects to it, and reads its memory and CPU time from `/proc`. It prints a table.
//!
//! Map: [`candidates`] are the servers; [`crowd`] connects and checks every byte that it hears; [`measure`] does the runs
//! and the table; [`process`] starts a server and reads the kernel's accounts.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and runs the servers' tasks and threads")]

mod candidates;
mod crowd;
mod measure;
mod process;

use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::candidates::{CANDIDATES, Candidate};
use crate::measure::Plan;

/// The same for all, and the one that parlor has.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const USAGE: &str = "usage: parlor-websockets [--runs N] [--idle N] [--listeners N] [--messages N]";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut plan = Plan { runs: 5, idle: 5_000, listeners: 1_000, messages: 200 };
    while let Some(argument) = arguments.next() {
        let value = arguments.next().context(USAGE)?;
        let number = || value.parse().ok().filter(|number| *number > 0).context(USAGE);
        match argument.as_str() {
            // What the benchmark starts itself with.
            "serve" => return serve(&value),
            "--runs" => plan.runs = number()?,
            "--idle" => plan.idle = number()?,
            "--listeners" => plan.listeners = number()?,
            "--messages" => plan.messages = number()?,
            _ => bail!(USAGE),
        }
    }
    plan.carry_out()
}

/// Is one of the servers, until standard input ends. The first line that it prints is its port.
fn serve(name: &str) -> Result<()> {
    let candidate = CANDIDATES.iter().find(|candidate| candidate.name == name).context("no such server")?;
    let runtime = Builder::new_multi_thread().enable_io().build()?;
    println!("{}", start(&runtime, candidate)?);
    // With an error or without: whoever started it is gone.
    let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    Ok(())
}

/// Starts a server; answers its port on 127.0.0.1.
fn start(runtime: &Runtime, candidate: &Candidate) -> Result<u16> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    listener.set_nonblocking(true)?;
    let _inside = runtime.enter();
    runtime.spawn((candidate.serve)(TcpListener::from_std(listener)?));
    Ok(port)
}
