//! Thousands of requests that hang for the next message of one room, and the post that answers them all.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::Setup;
use crate::http_client::{Client, post_request};
use crate::http_load::Fleet;
use crate::procfs::resident_kib;
use crate::report::{Figure, Wanted};
use crate::server::Server;
use crate::stats::Series;
use crate::writers::{TEXT_BYTES, texts};

/// Times that all are answered and ask again, for each start of a server.
const ROUNDS: usize = 5;

/// Connections made without a pause, and the pause: a full accept queue (1,024 here as a rule) drops the next
/// connection, and the kernel tries that again only after a second. Nothing is measured meanwhile.
const ACCEPT_STRIDE: usize = 256;
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

const PATIENCE: Duration = Duration::from_secs(60);

/// Measures parlor and the baseline in turn, each freshly started `setup.runs` times.
pub(crate) fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let needed = setup.waiters as u64 + 200;
    ensure!(
        setup.open_files >= needed,
        "{} waiting requests need {needed} open files, the limit is {}; raise it (ulimit -Hn) or lower --waiters",
        setup.waiters,
        setup.open_files
    );
    let folder = setup.scratch()?;
    let (mut ours, mut theirs) = (Columns::default(), Columns::default());
    for run in 1..=setup.runs {
        eprintln!("polls: run {run} of {}", setup.runs);
        let text = texts()[run % 100].clone();
        let parlor = Server::start_parlor(&setup.server, &folder.path().join(format!("polls-{run}")))?;
        let answer_bytes = pass(&parlor, setup.waiters, &text, &mut ours)?;
        parlor.stop()?;
        let bare = Server::start_baseline(folder.path())?;
        let text = text_for(&bare, answer_bytes)?;
        let bare_bytes = pass(&bare, setup.waiters, &text, &mut theirs)?;
        ensure!(bare_bytes == answer_bytes, "the baseline answers {bare_bytes} bytes, parlor {answer_bytes}");
    }
    let n = setup.waiters;
    let figure = |name: String, unit, ours, theirs| Figure::new("polls", name, unit, ours).beside(theirs);
    let memory = |figure: Figure| figure.wanted(Wanted::AtMost(16.0)).wanted(Wanted::RatioAtMost(1.5));
    Ok(vec![
        memory(figure(format!("memory of each of {n} waiting"), "KiB", ours.first_kib, theirs.first_kib)),
        memory(figure(format!("the same after {ROUNDS} answers each"), "KiB", ours.later_kib, theirs.later_kib)),
        figure("server CPU per answered request".into(), "us", ours.answer_us, theirs.answer_us)
            .wanted(Wanted::RatioAtMost(1.5)),
        figure("server CPU to ask again and hang".into(), "us", ours.ask_us, theirs.ask_us),
        figure("from the post to the last answer".into(), "ms", ours.last_ms, theirs.last_ms),
        figure("bytes of an answer".into(), "B", ours.answer_bytes, theirs.answer_bytes),
    ])
}

/// The same quantities for either server.
#[derive(Default)]
struct Columns {
    first_kib: Series,
    later_kib: Series,
    answer_us: Series,
    ask_us: Series,
    last_ms: Series,
    answer_bytes: Series,
}

/// Lets all wait, answers them, lets them ask again, [`ROUNDS`] times; answers the bytes of one answer.
fn pass(server: &Server, waiters: usize, text: &str, columns: &mut Columns) -> Result<usize> {
    let mut client = Client::connect(server.address())?;
    let key = client.make_room()?;
    let cookie = client.become_guest(&key)?;
    let post = post_request(&format!("/send/{key}"), &cookie, text);
    let mut number = client.send(&post)?.expect_status(200)?.chat_number()?;
    let answer_bytes = client.get(&format!("/msg/{key}/{number}"))?.expect_status(200)?.bytes();
    columns.answer_bytes.push(answer_bytes as f64);

    let mut cpu = server.cpu();
    let mut before = cpu.settle(PATIENCE)?;
    let empty_kib = resident_kib(server.pid())?;
    let per_waiter = |amount: f64| amount / waiters as f64;
    let micros = |time: Duration| per_waiter(time.as_secs_f64() * 1e6);

    let mut fleet = Fleet::new()?;
    for round in 0..=ROUNDS {
        number += 1;
        let ask = format!("GET /msg/{key}/{number} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        for waiter in 0..waiters {
            if round == 0 {
                fleet.connect(server.address())?;
                if waiter % ACCEPT_STRIDE == ACCEPT_STRIDE - 1 {
                    std::thread::sleep(ACCEPT_PAUSE);
                }
            }
            fleet.send(waiter, ask.as_bytes())?;
        }
        let hanging = cpu.settle(PATIENCE)?;
        let kib = per_waiter(resident_kib(server.pid())? - empty_kib);
        match round {
            0 => columns.first_kib.push(kib),
            // The first round has the cost of the connections too, which is not of asking.
            _ => columns.ask_us.push(micros(hanging - before)),
        }
        if round == ROUNDS {
            columns.later_kib.push(kib);
            break;
        }
        if round == 0 {
            fleet.connect(server.address())?;
        }
        let posted_at = Instant::now();
        fleet.send(waiters, &post)?;
        let last_at = fleet.collect(waiters + 1, 200, PATIENCE)?;
        columns.last_ms.push((last_at - posted_at).as_secs_f64() * 1e3);
        before = cpu.settle(PATIENCE)?;
        columns.answer_us.push(micros(before - hanging));
    }
    Ok(answer_bytes)
}

/// A text that makes the baseline's answer as long as parlor's, whose head says more.
fn text_for(bare: &Server, answer_bytes: usize) -> Result<String> {
    let mut client = Client::connect(bare.address())?;
    let number = client.post("/send/any", "", &"x".repeat(TEXT_BYTES))?.expect_status(200)?.chat_number()?;
    let reply = client.get(&format!("/msg/any/{number}"))?;
    let length = (answer_bytes + TEXT_BYTES).checked_sub(reply.bytes());
    let length = length.filter(|&length| length >= TEXT_BYTES);
    // With 100 to 999 bytes the Content-Length has three digits, as it had in the probe.
    let length =
        length.filter(|&length| length < 1_000).context("parlor's answer is too long or too short to match")?;
    Ok("x".repeat(length))
}
