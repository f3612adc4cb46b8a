//! Many who speak at the same time.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::actors::terminal::Terminal;
use crate::actors::{Heard, Message, listen_for};
use crate::support::http::get;
use crate::support::wait_for;

use super::stage::{Done, Player, Stage};
use super::talk::is_own;

/// So many texts are acknowledged before the server is killed.
const ACKNOWLEDGED_BEFORE_THE_KILL: usize = 40;

impl Stage {
    /// Everybody says so many texts, all at the same time.
    pub(crate) fn say_at_once(&mut self, all: &[String], count: u64) -> Done {
        let texts = |who: &str| (1..=count).map(|number| format!("{who} says {number} of {count}")).collect::<Vec<_>>();
        self.crowd.extend(all.iter().flat_map(|who| texts(who)));
        let mut speakers = self.speakers(all)?;
        thread::scope(|scope| {
            let speaking: Vec<_> = speakers
                .iter_mut()
                .map(|(who, player)| {
                    let texts = texts(who);
                    scope.spawn(move || texts.iter().try_for_each(|text| say(player, text)))
                })
                .collect();
            speaking.into_iter().try_for_each(|speaker| speaker.join().unwrap_or_else(|panic| resume_unwind(panic)))
        })
    }

    /// Everybody speaks until the server is gone; then it is started again.
    pub(crate) fn kill_while_saying(&mut self, all: &[String]) -> Done {
        self.lives += 1;
        let Stage { server, players, crowd, acknowledged, lives, .. } = self;
        let lives = *lives;
        let speakers: Vec<_> = players.iter_mut().filter(|(who, _)| all.contains(who)).collect();
        let (count, killed) = (AtomicUsize::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let speaking: Vec<_> = speakers
                .into_iter()
                .map(|(who, player)| {
                    let (name, count, killed) = (format!("{who} in life {lives}"), &count, &killed);
                    (who, scope.spawn(move || say_until(player, &name, count, killed)))
                })
                .collect();
            wait_for("texts that are acknowledged", || {
                let failed = speaking.iter().any(|(_, speaker)| speaker.is_finished());
                (failed || count.load(Ordering::SeqCst) >= ACKNOWLEDGED_BEFORE_THE_KILL).then_some(())
            });
            killed.store(true, Ordering::SeqCst);
            server.kill_and_start();
            for (who, speaker) in speaking {
                let (said, acked) = speaker.join().unwrap_or_else(|panic| resume_unwind(panic));
                crowd.extend(said);
                acknowledged.entry(who.clone()).or_default().extend(acked);
            }
        });
        Ok(())
    }

    /// What the crowd was told is stored stands in the lobby, once, in each author's order.
    pub(crate) fn nothing_is_lost(&mut self) -> Done {
        let lobby = self.lobby();
        for (who, acknowledged) in &self.acknowledged {
            let told: HashSet<&String> = acknowledged.iter().collect();
            let stored: Vec<&String> = lobby.iter().map(|(_, text)| text).filter(|text| told.contains(text)).collect();
            if !stored.iter().copied().eq(acknowledged) {
                return Err(format!("{who} was told that these are stored: {acknowledged:#?}; these are: {stored:#?}"));
            }
        }
        if self.acknowledged.is_empty() { Err("nothing was said".to_owned()) } else { Ok(()) }
    }

    /// Everybody has got the crowd's texts of the others, in the lobby's order.
    pub(crate) fn have_read_the_same(&mut self, all: &[String]) -> Done {
        let lobby = self.lobby();
        let said: Vec<&(String, String)> = lobby.iter().filter(|(_, text)| self.crowd.contains(text)).collect();
        for who in all {
            let player = self.players.get_mut(who).ok_or_else(|| format!("{who} is not in the play yet"))?;
            let (door, own) = (player.actor.door(), player.persona.clone());
            let expected: Vec<&str> =
                said.iter().map(|(_, text)| text.as_str()).filter(|text| !text.starts_with(who.as_str())).collect();
            let got = |heard: &[Heard]| {
                let messages = heard.iter().filter_map(|heard| match heard {
                    Heard::Said { message, .. } if !is_own(&own, door, message) => Some(message.clone()),
                    _ => None,
                });
                let crowd = |message: &Message| expected.iter().any(|text| message.text.ends_with(text));
                let messages: Vec<Message> = messages.filter(crowd).collect();
                (messages.len() >= expected.len()).then_some(messages)
            };
            let got = listen_for(&mut *player.actor, got).map_err(|why| format!("{who}: {why}"))?;
            if got.len() != expected.len() {
                return Err(format!("{who} got {} texts of {}", got.len(), expected.len()));
            }
            self.each_by_its_author(who, &got, &expected)?;
        }
        Ok(())
    }

    fn each_by_its_author(&mut self, who: &str, got: &[Message], expected: &[&str]) -> Done {
        let door = self.players[who].actor.door();
        for (message, text) in got.iter().zip(expected) {
            let author = text.split(' ').next().unwrap_or_default();
            let persona = &mut self.player(author)?.persona;
            persona.said(door, message, text).map_err(|why| format!("{who} got {message:?}: {why}"))?;
        }
        Ok(())
    }

    /// Authors and texts of the lobby, in the order of their numbers.
    fn lobby(&self) -> Vec<(String, String)> {
        let key = self.server.lobby();
        let event = |number: u64| {
            let request = get(format!("/msg/{key}/{number}?wait=0")).header("Accept", "application/json");
            let answer = self.server.ask(request).expect(200).json();
            let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
            (text(&answer["author"]["name"]), text(&answer["text"]))
        };
        (1..=self.server.count(&key)).map(event).collect()
    }

    /// Strangers at terminals want the same name.
    pub(crate) fn race_for_a_name(&mut self, count: u64, name: &str) -> Done {
        let mut strangers: Vec<Terminal> = (0..count).map(|_| Terminal::connect(&self.server)).collect();
        let answers: Vec<Result<(), String>> = thread::scope(|scope| {
            let asking: Vec<_> =
                strangers.iter_mut().map(|stranger| scope.spawn(|| stranger.take_name(name))).collect();
            asking.into_iter().map(|asked| asked.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        let taken = |answer: &Result<(), String>| answer.as_ref().is_err_and(|said| said.contains("taken"));
        let one = answers.iter().filter(|answer| answer.is_ok()).count() == 1;
        let others = answers.iter().filter(|answer| taken(answer)).count() as u64 == count - 1;
        if one && others { Ok(()) } else { Err(format!("they are told {answers:?}")) }
    }

    /// Strangers at terminals try the name of somebody else's account.
    pub(crate) fn strangers_are_kept_out(&mut self, count: u64, whom: &str, password: &str) -> Done {
        for _ in 0..count {
            let mut stranger = Terminal::connect(&self.server);
            if stranger.take_account(&whom.to_lowercase(), password).is_ok() {
                return Err(format!("a stranger is {whom}"));
            }
        }
        Ok(())
    }

    fn speakers(&mut self, all: &[String]) -> Result<BTreeMap<&String, &mut Player>, String> {
        let speakers: BTreeMap<_, _> = self.players.iter_mut().filter(|(who, _)| all.contains(who)).collect();
        if speakers.len() == all.len() { Ok(speakers) } else { Err("not all of them are in the play".to_owned()) }
    }
}

fn say(player: &mut Player, text: &str) -> Done {
    player.actor.say(&player.room.clone(), text).map(drop)
}

/// Speaks until the server is killed; answers what was said, and what of it was acknowledged.
fn say_until(player: &mut Player, who: &str, count: &AtomicUsize, killed: &AtomicBool) -> (Vec<String>, Vec<String>) {
    let (mut said, mut acknowledged) = (vec![], vec![]);
    for number in 1.. {
        let text = format!("{who} goes on with {number}");
        said.push(text.clone());
        match catch_unwind(AssertUnwindSafe(|| say(player, &text))) {
            Ok(Ok(())) => acknowledged.push(text),
            Ok(Err(refused)) => panic!("{who} may not say {text:?}: {refused}"),
            // The connection is gone with the server, and nobody knows what became of this one.
            Err(_) if killed.load(Ordering::SeqCst) => break,
            Err(panic) => resume_unwind(panic),
        }
        count.fetch_add(1, Ordering::SeqCst);
    }
    (said, acknowledged)
}
