//! Somebody who follows a room by its numbers, whatever happens to the server.

use std::sync::atomic::Ordering;
use std::time::Duration;

use parlor_client::history::Act;
use parlor_wire::http_chat::{BodyJson, EventJson};
use ureq::Agent;

use crate::recorder::Pen;
use crate::world::{Room, World};

const POLL_SECONDS: u64 = 2;

/// What an answer to `/msg/KEY/N` says.
enum Found {
    Message {
        author: String,
        text: String,
    },
    /// Not yet.
    Nothing,
    /// No answer; the server is away.
    Silence,
}

/// Reads a room from its first message to the last, waiting for what comes.
pub(crate) fn follow(world: &World, pen: &Pen, index: usize) {
    let (name, agent) = (format!("q{index}"), World::agent());
    let room = &world.rooms[index % world.rooms.len()];
    let mut next = 1;
    while next <= room.head.load(Ordering::SeqCst) && !world.is_ended() {
        match ask(world, &agent, room, next, POLL_SECONDS) {
            Found::Message { author, text } => {
                pen.write(&name, &room.key, Act::Observe { number: next, author, text });
                room.read.fetch_max(next, Ordering::Relaxed);
                next += 1;
            }
            Found::Nothing => {}
            Found::Silence => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Reads all rooms whole: the truth against which everything else is judged.
pub(crate) fn read_whole(world: &World, pen: &Pen) {
    let agent = World::agent();
    for room in &world.rooms {
        for number in 1.. {
            match ask(world, &agent, room, number, 0) {
                Found::Message { author, text } => {
                    pen.write("last", &room.key, Act::Final { number, author, text });
                }
                Found::Nothing => break,
                Found::Silence => panic!("the server does not answer at #{number} of {}", room.key),
            }
        }
    }
}

fn ask(world: &World, agent: &Agent, room: &Room, number: u64, wait_seconds: u64) -> Found {
    let url = format!("{}/msg/{}/{number}?wait={wait_seconds}", world.url, room.key);
    let Ok(mut answer) = agent.get(url).header("accept", "application/json").call() else { return Found::Silence };
    let status = answer.status().as_u16();
    // A body that breaks off is a server that was killed while it wrote.
    let Ok(body) = answer.body_mut().read_to_string() else { return Found::Silence };
    match (status, EventJson::from_json(&body)) {
        (200, Ok(EventJson { number: told, author, body: BodyJson::Message { text, .. }, .. })) if told == number => {
            Found::Message { author: author.shown_name(), text }
        }
        (204, _) => Found::Nothing,
        (503, _) => Found::Silence,
        (500.., _) => {
            world.fault(format!("asked for #{number} of {} and was told {status}: {body}", room.key));
            Found::Silence
        }
        (status, _) => {
            world.fail(format!("asked for #{number} of {} and was told {status}: {body}", room.key));
            Found::Nothing
        }
    }
}
