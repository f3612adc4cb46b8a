//! Somebody who posts and, without an answer, posts the same again until there is one.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parlor_client::history::Act;
use parlor_wire::http_chat::{CHAT_DUPLICATE, CHAT_NUMBER, FormFields, IDEMPOTENCY_KEY};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use ureq::Agent;

use crate::recorder::Pen;
use crate::world::{Room, World};

/// Posters wait for readers that are so far behind: a reader at the head is what notices a message that was shown
/// before it was durable.
const LAG_MAX: u64 = 16;
/// Between attempts while the server is away.
const PAUSE: Duration = Duration::from_millis(10);
const FILLER_CHARACTERS_MAX: usize = 120;
const FILLER: [char; 10] = ['a', 'Z', ' ', '=', '%', '&', '\n', 'é', '語', '👍'];

/// Posts until it is told to stop, and then until the last message is acknowledged.
pub(crate) fn run(world: &World, pen: &Pen, index: usize, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut poster = Poster { world, pen, name: format!("w{index}"), agent: World::agent(), cookie: None, posted: 0 };
    while !world.stop_posting.load(Ordering::SeqCst) && !world.is_ended() {
        let room = &world.rooms[random.random_range(0..world.rooms.len())];
        if room.lag() > LAG_MAX {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        poster.say(room, &mut random);
    }
}

struct Poster<'a> {
    world: &'a World,
    pen: &'a Pen,
    name: String,
    agent: Agent,
    /// By which the server knows us again: the scope of a message's key.
    cookie: Option<String>,
    posted: u64,
}

enum Told {
    Stored(u64),
    /// Nobody knows whether it is stored.
    Nothing,
    /// Nobody was there to be told.
    NobodyThere,
    /// It is not, but may be later.
    NotNow,
}

impl Poster<'_> {
    fn say(&mut self, room: &Room, random: &mut StdRng) {
        let key = format!("{}-{}", self.name, self.posted);
        let filler: String = (0..random.random_range(0..FILLER_CHARACTERS_MAX))
            .map(|_| FILLER[random.random_range(0..FILLER.len())])
            .collect();
        // The key makes the text unique, by which the checker finds duplicates; the end is no white space.
        let text = format!("{key} {filler}.");
        let record = |act| self.pen.write(&self.name, &room.key, act);
        while !self.world.is_ended() {
            // Without a cookie every attempt would be another guest's, and the key would protect from nothing.
            let Some(cookie) = self.cookie.clone().or_else(|| self.become_somebody(room)) else {
                std::thread::sleep(PAUSE);
                continue;
            };
            self.cookie = Some(cookie.clone());
            record(Act::Invoke { key: key.clone(), author: format!("~{}", self.name), text: text.clone() });
            match self.post(room, &cookie, &key, &text) {
                Told::Stored(number) => {
                    record(Act::Ack { key, number });
                    self.world.acked.fetch_add(1, Ordering::SeqCst);
                    room.posted.fetch_max(number, Ordering::Relaxed);
                    self.posted += 1;
                    return;
                }
                Told::Nothing => {
                    record(Act::Unknown { key: key.clone() });
                    self.world.unknown.fetch_add(1, Ordering::SeqCst);
                }
                Told::NobodyThere => {
                    record(Act::Unknown { key: key.clone() });
                    std::thread::sleep(PAUSE);
                }
                Told::NotNow => record(Act::Err { key: key.clone() }),
            }
        }
    }

    /// Opens the room's page, which gives a guest's cookie; `None`: no answer.
    fn become_somebody(&self, room: &Room) -> Option<String> {
        let page = self.agent.head(format!("{}/chat/{}", self.world.url, room.key)).call().ok()?;
        let cookies = page.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
        let guest = cookies.filter_map(|cookie| cookie.split(';').next()).find(|pair| pair.starts_with("guest="));
        if guest.is_none() {
            self.world.fail(format!("the page gives no guest cookie: {page:?}"));
        }
        guest.map(str::to_owned)
    }

    fn post(&self, room: &Room, cookie: &str, key: &str, text: &str) -> Told {
        let request = self.agent.post(format!("{}/send/{}", self.world.url, room.key));
        let request = request.header("cookie", cookie).header(IDEMPOTENCY_KEY, key);
        // The name is given with every second message; between, the server must remember it.
        let answer = if self.posted.is_multiple_of(2) {
            let form = FormFields::encode(&[("nick", &self.name), ("text", text)]);
            request.content_type("application/x-www-form-urlencoded").send(form)
        } else {
            request.content_type("text/plain; charset=utf-8").send(text)
        };
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(ureq::Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => return Told::NobodyThere,
            Err(_) => return Told::Nothing,
        };
        let number = answer.headers().get(CHAT_NUMBER).and_then(|value| value.to_str().ok()?.parse().ok());
        if answer.headers().get(CHAT_DUPLICATE).is_some() {
            self.world.duplicates.fetch_add(1, Ordering::SeqCst);
        }
        match (answer.status().as_u16(), number) {
            (200, Some(number)) => Told::Stored(number),
            (503, _) => Told::Nothing,
            (429, _) => Told::NotNow,
            (status, _) => {
                let body = answer.body_mut().read_to_string();
                let what = format!("{} posted {key} and was told {status}: {body:?}", self.name);
                if status >= 500 {
                    self.world.fault(what)
                } else {
                    self.world.fail(what)
                }
                Told::Nothing
            }
        }
    }
}
