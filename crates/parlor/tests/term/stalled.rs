//! Who stops reading.

use parlor_core::sequencer::PostOptions;

use super::accounts::Inside;
use super::support::inside::operator;
use super::terminal::Terminal;

/// Messages of 4 KB: more than the socket buffers of both sides hold.
const MESSAGES: usize = 3_000;

/// Says that many things, each as soon as `reader` has the one before.
fn flood(inside: &Inside, mut reader: Option<&mut Terminal>) {
    let lobby = inside.lobby();
    let text = "x".repeat(4_080);
    for n in 0..MESSAGES {
        let text = format!("{n:05} {text}");
        inside.run(inside.chat.post(&operator(), &lobby, text.as_bytes(), PostOptions::default())).unwrap();
        if let Some(reader) = reader.as_mut() {
            assert_eq!(number(&reader.screen()), Some(n));
        }
    }
}

#[test]
fn who_stops_reading_does_not_hold_up_the_others_and_gets_everything_later() {
    let inside = Inside::start();
    let mut stalled: Vec<Terminal> = (0..5).map(|n| inside.named(&format!("stalled{n}"))).collect();
    let mut reader = inside.named("reader");
    flood(&inside, Some(&mut reader));
    for terminal in &mut stalled {
        let mut expected = 0;
        while expected < MESSAGES {
            // Who came after it is told of, too.
            if let Some(number) = number(&terminal.screen()) {
                assert_eq!(number, expected);
                expected += 1;
            }
        }
    }
    // They are told what happens like anybody else again.
    reader.say("welcome back");
    for terminal in &mut stalled {
        assert_eq!(terminal.screen(), "\nreader to everyone:\n  welcome back\n> ");
    }
}

#[test]
fn what_is_typed_by_who_is_behind_is_done_when_it_has_read_what_came_before() {
    let inside = Inside::start();
    let mut stalled = inside.named("stalled");
    flood(&inside, None);
    stalled.send("bc typed long ago");
    let mut heard = 0;
    while let Some(number) = number(&stalled.screen()) {
        assert_eq!(number, heard);
        heard += 1;
    }
    assert_eq!(heard, MESSAGES);
    assert_eq!(inside.lobby().head().number.0, MESSAGES as u64 + 1);
}

/// The number at the front of what was said to everyone.
fn number(screen: &str) -> Option<usize> {
    let (_, text) = screen.split_once(" to everyone:\n  ")?;
    text.get(..5)?.parse().ok()
}
