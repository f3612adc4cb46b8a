//! What a line of a play may say, and what is done then. Texts stand in quotation marks; a person's name begins with a
//! capital letter and is in small letters the name that the person takes.

use crate::actors::Door;
use crate::actors::commands::Counting;

use super::script::{Filled, Line, fill};
use super::stage::{Came, Done, Stage};

type Act = fn(&mut Stage, &Filled) -> Done;

/// Every sentence there is. `sees|see` is either word.
pub(crate) const SENTENCES: &[(&str, Act)] = &[
    // Coming and going.
    ("{who} comes in at {door}", |stage, line| stage.come_in(&line["who"], door(line)?, &line["who"].to_lowercase())),
    ("{who} comes in at {door} under the name {name}", |stage, line| {
        stage.come_in(&line["who"], door(line)?, &line["name"])
    }),
    ("nobody may come in at {door} under the name {name}", |stage, line| {
        stage.may_not_come_in(door(line)?, &line["name"])
    }),
    ("{who} leaves", |stage, line| stage.leave(&line["who"])),
    ("the connection of {who} breaks", |stage, line| stage.break_off(&line["who"])),
    ("{all} sees|see {whom} come", |stage, line| each(line, |who| stage.sees(who, &line["whom"], Came::In))),
    ("{all} sees|see {whom} leave", |stage, line| each(line, |who| stage.sees(who, &line["whom"], Came::Out))),
    ("{all} sees|see the connection of {whom} break", |stage, line| {
        each(line, |who| stage.sees(who, &line["whom"], Came::Off))
    }),
    ("{all} saw {whom} come before {text}", |stage, line| {
        each(line, |who| stage.saw_before(who, &line["whom"], &line["text"]))
    }),
    ("{who} finds {all} here", |stage, line| stage.finds_here(&line["who"], line.all("all"))),
    // Talking.
    ("{who} says {text}", |stage, line| stage.say(&line["who"], &line["text"], None)),
    ("{who} says {text} as number {number}", |stage, line| {
        stage.say(&line["who"], &line["text"], Some(line.number("number")?))
    }),
    ("{who} may not say {text} because {reason}", |stage, line| {
        stage.refused(&line["who"], &line["text"], &line["reason"])
    }),
    ("{all} reads|read {text} from {whom}", |stage, line| {
        each(line, |who| stage.reads(who, &line["text"], &line["whom"], None))
    }),
    ("{all} reads|read {text} from {whom} as number {number}", |stage, line| {
        each(line, |who| stage.reads(who, &line["text"], &line["whom"], Some(line.number("number")?)))
    }),
    ("{who} finds {text} from {whom} in what was said before", |stage, line| {
        stage.finds(&line["who"], &line["text"], &line["whom"], false)
    }),
    ("{who} finds {text} from the former {whom} in what was said before", |stage, line| {
        stage.finds(&line["who"], &line["text"], &line["whom"], true)
    }),
    ("{all} say {number} texts each at the same time", |stage, line| {
        stage.say_at_once(line.all("all"), line.number("number")?)
    }),
    ("{all} have read the same in the same order", |stage, line| stage.have_read_the_same(line.all("all"))),
    ("the operator announces {text}", |stage, line| stage.announce(&line["text"])),
    ("{all} hears|hear {text} announced", |stage, line| each(line, |who| stage.hears_announced(who, &line["text"]))),
    // Whispering.
    ("{who} whispers {text} to {whom}", |stage, line| stage.whisper(&line["who"], &line["text"], &line["whom"], false)),
    ("{who} whispers {text} to {whom} , who is away", |stage, line| {
        stage.whisper(&line["who"], &line["text"], &line["whom"], true)
    }),
    ("{who} may not whisper to {whom}", |stage, line| stage.may_not_whisper(&line["who"], &line["whom"])),
    ("{who} hears {text} whispered by {whom}", |stage, line| stage.hears(&line["who"], &line["text"], &line["whom"])),
    ("{who} finds {text} whispered by {whom} meanwhile", |stage, line| {
        stage.finds_whispered(&line["who"], &line["text"], &line["whom"], false)
    }),
    ("{who} finds {text} whispered by the former {whom} meanwhile", |stage, line| {
        stage.finds_whispered(&line["who"], &line["text"], &line["whom"], true)
    }),
    ("{all} has|have heard nothing of {text}", |stage, line| each(line, |who| stage.not_heard(who, &line["text"]))),
    // Rooms.
    ("{who} makes the room {room}", |stage, line| stage.make_room(&line["who"], &line["room"], None, false)),
    ("{who} makes the room {room} for as long as somebody is there", |stage, line| {
        stage.make_room(&line["who"], &line["room"], None, true)
    }),
    ("{who} makes the room {room} with the question {question} and the answer {answer}", |stage, line| {
        stage.make_room(&line["who"], &line["room"], Some((&line["question"], &line["answer"])), false)
    }),
    ("{all} is|are told that there is {room}", |stage, line| each(line, |who| stage.told_opened(who, &line["room"]))),
    ("{who} enters {room}", |stage, line| stage.enter(&line["who"], &line["room"], None)),
    ("{who} enters {room} with the answer {answer}", |stage, line| {
        stage.enter(&line["who"], &line["room"], Some(&line["answer"]))
    }),
    ("{who} is kept out of {room}", |stage, line| stage.kept_out(&line["who"], &line["room"], None)),
    ("{who} is kept out of {room} with the answer {answer}", |stage, line| {
        stage.kept_out(&line["who"], &line["room"], Some(&line["answer"]))
    }),
    ("{who} goes out of {room}", |stage, line| stage.go_out(&line["who"], &line["room"])),
    ("{who} deletes the room {room}", |stage, line| stage.remove_room(&line["who"], &line["room"])),
    ("{who} takes {whom} into {room}", |stage, line| stage.take_in(&line["who"], &line["whom"], &line["room"])),
    ("{who} may not take {whom} into {room}", |stage, line| {
        stage.may_not_take_in(&line["who"], &line["whom"], &line["room"])
    }),
    ("{who} puts {whom} out of {room}", |stage, line| stage.put_out(&line["who"], &line["whom"], &line["room"])),
    ("{all} is|are told that {room} is gone", |stage, line| each(line, |who| stage.told_gone(who, &line["room"]))),
    ("there is no room {room} any more", |stage, line| stage.no_room(&line["room"])),
    // Accounts and names.
    ("{who} has an account with the password {password}", |stage, line| {
        stage.add_account(&line["who"], &line["password"])
    }),
    ("{who} comes in at {door} with the password {password}", |stage, line| {
        stage.come_in_with(&line["who"], door(line)?, &line["who"], &line["password"])
    }),
    ("{who} comes in at {door} as {whom} with the password {password}", |stage, line| {
        stage.come_in_with(&line["who"], door(line)?, &line["whom"], &line["password"])
    }),
    ("{who} comes in at {door} as {whom}", |stage, line| stage.come_in_as(&line["who"], door(line)?, &line["whom"])),
    ("{who} logs in with the password {password}", |stage, line| stage.log_in(&line["who"], &line["password"])),
    ("{who} may not log in with the password {password}", |stage, line| {
        stage.may_not_log_in(&line["who"], &line["password"])
    }),
    ("{who} changes the password to {password}", |stage, line| {
        stage.player(&line["who"])?.actor.change_password(&line["password"])
    }),
    ("{all} is|are cut off", |stage, line| each(line, |who| stage.cut_off(who))),
    ("{who} logs out", |stage, line| stage.log_out(&line["who"])),
    ("{number} strangers may not have the name of {whom} with the password {password}", |stage, line| {
        stage.strangers_are_kept_out(line.number("number")?, &line["whom"], &line["password"])
    }),
    ("{number} strangers ask for the name {name} at the terminal at the same time and one gets it", |stage, line| {
        stage.race_for_a_name(line.number("number")?, &line["name"])
    }),
    // The server.
    ("the server is stopped and started", |stage, _| stage.restart(false)),
    ("the server is killed and started", |stage, _| stage.restart(true)),
    ("the server is killed and started while {all} say as much as they can", |stage, line| {
        stage.kill_while_saying(line.all("all"))
    }),
    ("{all} comes|come back", |stage, line| each(line, |who| stage.come_back(who))),
    ("nothing that was acknowledged is lost", |stage, _| stage.nothing_is_lost()),
];

/// Does what a line says.
///
/// # Errors
/// What is not as it is written.
pub(crate) fn play(stage: &mut Stage, line: &Line) -> Done {
    let mut read = SENTENCES.iter().filter_map(|(sentence, act)| Some((fill(sentence, line)?, act)));
    let (filled, act) = read.next().ok_or("this is none of the sentences in plays/sentences.rs")?;
    act(stage, &filled)
}

fn each(line: &Filled, mut act: impl FnMut(&str) -> Done) -> Done {
    line.all("all").iter().try_for_each(|who| act(who).map_err(|why| format!("{who}: {why}")))
}

fn door(line: &Filled) -> Result<Door, String> {
    match &line["door"] {
        "page" => Ok(Door::WebPage),
        "terminal" => Ok(Door::Terminal),
        "socket" => Ok(Door::WebSocket(Counting::Utf16)),
        "bytesocket" => Ok(Door::WebSocket(Counting::Bytes)),
        "client" => Ok(Door::Chat1),
        door => Err(format!("{door} is no door: the page, the terminal, the socket, the bytesocket, the client")),
    }
}

#[test]
fn no_line_is_two_sentences() {
    // A place for names is the only one that could begin like another sentence's words.
    let shapes: Vec<Vec<&str>> = SENTENCES.iter().map(|(sentence, _)| sentence.split(' ').collect()).collect();
    for (index, shape) in shapes.iter().enumerate() {
        let same = |other: &&Vec<&str>| {
            other.len() == shape.len()
                && other.iter().zip(shape).all(|(a, b)| a == b || a.starts_with('{') && b.starts_with('{'))
        };
        assert_eq!(shapes[index + 1..].iter().find(same), None, "{shape:?}");
    }
}
