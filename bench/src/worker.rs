//! A crowd in a process of its own: ten thousand connections fill a process's descriptors, and a crowd that is not
//! told to do anything does not read either, which is how people stall.
//!
//! The process is this binary again (`parlor-bench crowd ...`). It gets an [`Order`] a line on standard input, as JSON,
//! and answers each with a line on standard output: `{"Ok": ...}` or `{"Err": "..."}`. It ends when its input does.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddrV4;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crowd::{Crowd, Heard, Join, Joined, Listened, Talk, Talked, Texts};
use crate::dialect::bare::{Bare, Wrapping};
use crate::dialect::irc::Irc;
use crate::dialect::nats::Nats;
use crate::dialect::plain_ws::PlainWs;
use crate::dialect::term::Term;
use crate::dialect::wscmd::Wscmd;
use crate::dialect::{Dialect, Language};

/// The crowd of one server, in its own process; it leaves when this is dropped.
pub(crate) struct Worker {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    network: u8,
}

/// What a crowd is told when its process starts.
#[derive(Args, Clone, Debug)]
pub(crate) struct Station {
    #[arg(long, value_enum)]
    pub(crate) language: Language,
    #[arg(long)]
    pub(crate) server: SocketAddrV4,
    /// The server's process
    #[arg(long)]
    pub(crate) pid: u32,
    /// Second byte of the source addresses
    #[arg(long)]
    pub(crate) network: u8,
    /// People in each room, where the crowd makes its rooms
    #[arg(long, default_value_t = usize::MAX)]
    pub(crate) per_room: usize,
    /// The room of another crowd, to which this one only listens
    #[arg(long)]
    pub(crate) room: Option<String>,
    /// Hears what another crowd posts
    #[arg(long)]
    pub(crate) listens: bool,
}

/// What a crowd can be told to do.
#[derive(Debug, Serialize, Deserialize)]
enum Order {
    Join(Join),
    Talk(Talk),
    Idle {
        seconds: f64,
    },
    Forget,
    Heard,
    Listen(Heard),
    Wrapping,
    /// Only for the bare loop's crowd.
    Wrap(Wrapping),
}

impl Station {
    /// A crowd that posts, all of it in one room.
    pub(crate) fn new(language: Language, server: SocketAddrV4, pid: u32) -> Self {
        Self { language, server, pid, network: next_network(), per_room: usize::MAX, room: None, listens: false }
    }
}

impl Worker {
    /// Starts the process of a crowd.
    pub(crate) fn start(station: Station) -> Result<Self> {
        let Station { language, server, pid, network, per_room, room, listens } = station;
        let name = clap::ValueEnum::to_possible_value(&language).context("a language without a name")?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["crowd", "--language", name.get_name(), "--server", &server.to_string()]);
        command.args(["--pid", &pid.to_string(), "--network", &network.to_string()]);
        command.args(["--per-room", &per_room.to_string()]);
        if let Some(room) = room {
            command.args(["--room", &room]);
        }
        if listens {
            command.arg("--listens");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting a crowd")?;
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("a crowd without an output")?);
        Ok(Self { child, orders, answers, network })
    }

    pub(crate) fn join(&mut self, join: Join) -> Result<Joined> {
        self.ask(&Order::Join(join))
    }

    pub(crate) fn talk(&mut self, talk: Talk) -> Result<Talked> {
        self.ask(&Order::Talk(talk))
    }

    /// The share of a core that the server uses while nobody says anything.
    pub(crate) fn idle(&mut self, seconds: f64) -> Result<f64> {
        self.ask(&Order::Idle { seconds })
    }

    pub(crate) fn forget(&mut self) -> Result<()> {
        self.ask(&Order::Forget)
    }

    /// What everybody has heard since the crowd last forgot.
    pub(crate) fn heard(&mut self) -> Result<Heard> {
        self.ask(&Order::Heard)
    }

    pub(crate) fn listen(&mut self, expected: Heard) -> Result<Listened> {
        self.ask(&Order::Listen(expected))
    }

    /// Bytes that the kernel keeps for it, because it does not read.
    pub(crate) fn unread_bytes(&self) -> Result<u64> {
        crate::procfs::unread_bytes(self.network)
    }

    /// What the server puts around a text, once the crowd has talked one post at a time.
    pub(crate) fn wrapping(&mut self) -> Result<Wrapping> {
        let wrapping: Option<Wrapping> = self.ask(&Order::Wrapping)?;
        wrapping.context("no message came alone, so it is not known what the server puts around it")
    }

    /// Lets the bare loop send what the door does.
    pub(crate) fn wrap(&mut self, wrapping: Wrapping) -> Result<()> {
        self.ask(&Order::Wrap(wrapping))
    }

    fn ask<T: DeserializeOwned>(&mut self, order: &Order) -> Result<T> {
        let orders = self.orders.as_mut().context("the crowd has left")?;
        writeln!(orders, "{}", serde_json::to_string(order)?)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Result<Value, String> =
            serde_json::from_str(&line).with_context(|| format!("the crowd ended: {line:?}"))?;
        let value = answer.map_err(|error| anyhow!("{error}"))?;
        Ok(serde_json::from_value(value)?)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its orders is its end, even in the middle of one.
        self.orders = None;
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process of a crowd: obeys until there are no more orders.
pub(crate) fn obey(station: &Station) -> Result<()> {
    let Station { per_room, room, .. } = station.clone();
    let wrapping = Wrapping::default();
    match station.language {
        Language::Term => Obeying::begin(Term::new(station.listens), station)?.run(),
        Language::Wscmd => Obeying::begin(Wscmd::new(per_room, room), station)?.run(),
        Language::BareTerm => run_bare(Bare { heard_like: Term::new(false), wrapping }, station),
        Language::BareWscmd => run_bare(Bare { heard_like: Wscmd::new(per_room, None), wrapping }, station),
        Language::Irc => Obeying::begin(Irc, station)?.run(),
        Language::Nats => Obeying::begin(Nats, station)?.run(),
        Language::PlainWs => Obeying::begin(PlainWs, station)?.run(),
    }
}

struct Obeying<D> {
    crowd: Crowd<D>,
    texts: Texts,
}

impl<D: Dialect> Obeying<D> {
    fn begin(dialect: D, station: &Station) -> Result<Self> {
        crate::http_load::raise_open_files()?;
        let crowd = Crowd::new(dialect, station.server, station.pid, station.network, station.listens)?;
        Ok(Self { crowd, texts: Texts::new() })
    }

    fn run(mut self) -> Result<()> {
        each_order(|order| self.obey(&order))
    }

    fn obey(&mut self, order: &Order) -> Result<Value> {
        let crowd = &mut self.crowd;
        Ok(match order {
            Order::Join(join) => serde_json::to_value(crowd.join(join)?)?,
            Order::Talk(talk) => serde_json::to_value(crowd.talk(talk, &mut self.texts)?)?,
            Order::Idle { seconds } => serde_json::to_value(crowd.idle(*seconds)?)?,
            Order::Forget => serde_json::to_value(crowd.forget())?,
            Order::Heard => serde_json::to_value(crowd.heard()?)?,
            Order::Listen(expected) => serde_json::to_value(crowd.listen(*expected)?)?,
            Order::Wrapping => serde_json::to_value(crowd.wrapping())?,
            Order::Wrap(_) => anyhow::bail!("only the bare loop's crowd can be told what to send"),
        })
    }
}

fn run_bare<D: Dialect>(dialect: Bare<D>, station: &Station) -> Result<()> {
    let mut obeying = Obeying::begin(dialect, station)?;
    each_order(|order| match order {
        Order::Wrap(wrapping) => {
            obeying.crowd.dialect().wrapping = wrapping;
            Ok(Value::Null)
        }
        order => obeying.obey(&order),
    })
}

fn each_order(mut obey: impl FnMut(Order) -> Result<Value>) -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        let answer = obey(serde_json::from_str(&line?)?).map_err(|error| format!("{error:#}"));
        println!("{}", serde_json::to_string(&answer)?);
    }
    Ok(())
}

/// Each crowd has source addresses of its own, so that ports of those that have left can rest.
fn next_network() -> u8 {
    static CROWDS: AtomicU8 = AtomicU8::new(0);
    2 + CROWDS.fetch_add(1, Ordering::Relaxed) % 250
}
