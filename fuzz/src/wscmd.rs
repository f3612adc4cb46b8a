//! The grammars of the WebSocket door: frames, commands, messages.

use parlor_wire::websocket::{Event, MESSAGE_BYTES_MAX, Messages, Opcode, encode};
use parlor_wire::wscmd::{Command, Counting, Message};

/// Commands of a client. Oracles: what is read is written and read again, no longer than it came; a refusal is a sentence.
pub fn text_commands(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Command::read(text) {
        Ok((command, told)) => {
            let mut written = String::new();
            command.write(told.unwrap_or_default(), &mut written);
            // Zeros in front, a comma at the end and the plain answer of `addchatroom` are not written again.
            assert!(written.len() <= text.len());
            assert!(text.starts_with(command.name()));
            let Ok((again, again_told)) = Command::read(&written) else {
                panic!("{written:?} was written and cannot be read");
            };
            assert_eq!(again, command);
            assert!(!text.is_ascii() || (told.is_none() && again_told.is_none()));
        }
        Err(error) => assert!(error.to_string().contains(' ')),
    }
}

/// What a server sends, in both countings. Oracle: what is read is written and read again.
pub fn server_messages(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for counting in [Counting::Utf16, Counting::Utf8] {
        if let Ok(message) = Message::read(text, counting) {
            let written = message.to_text(counting);
            assert_eq!(Message::read(&written, counting), Ok(message));
        }
    }
}

/// A stream of frames; the first byte is the size of the pieces, and its lowest bit the direction. Oracles: every size of
/// piece gives the same, all bytes are taken, nothing follows an end, and what was read is written and read again.
pub fn websocket(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let from_client = size % 2 == 0;
    let whole = events(from_client, stream, stream.len());
    assert_eq!(events(from_client, stream, usize::from(*size)), whole);
    assert_eq!(events(from_client, stream, 1), whole);
    for (place, found) in whole.iter().enumerate() {
        let is_last = place + 1 == whole.len();
        let (opcode, content) = match found {
            Found::Whole(opcode, content) => (*opcode, content),
            Found::Close | Found::Broken => {
                assert!(is_last);
                continue;
            }
        };
        assert!(content.len() <= MESSAGE_BYTES_MAX);
        let mut written = Vec::new();
        encode(opcode, content, from_client.then_some([1, 2, 3, *size]), &mut written);
        assert_eq!(events(from_client, &written, written.len()), whole[place..=place]);
    }
}

#[derive(Debug, PartialEq)]
enum Found {
    Whole(Opcode, Vec<u8>),
    Close,
    Broken,
}

fn events(from_client: bool, stream: &[u8], size: usize) -> Vec<Found> {
    let mut messages = if from_client { Messages::from_client() } else { Messages::from_server(MESSAGE_BYTES_MAX) };
    let mut found = Vec::new();
    for mut piece in stream.to_vec().chunks_mut(size.max(1)) {
        while let Some(event) = messages.next(&mut piece) {
            found.push(match event {
                Ok(Event::Text(text)) => Found::Whole(Opcode::Text, text.into_owned().into_bytes()),
                Ok(Event::Binary(content)) => Found::Whole(Opcode::Binary, content.into_owned()),
                Ok(Event::Ping(content)) => Found::Whole(Opcode::Ping, content.into_owned()),
                Ok(Event::Pong(content)) => Found::Whole(Opcode::Pong, content.into_owned()),
                Ok(Event::Close(reason)) => {
                    assert!(reason.is_none_or(|(code, _)| code.is_allowed()));
                    Found::Close
                }
                Err(violation) => {
                    assert!(matches!(violation.close_code().0, 1002 | 1007 | 1009));
                    Found::Broken
                }
            });
        }
        assert!(piece.is_empty());
    }
    found
}
