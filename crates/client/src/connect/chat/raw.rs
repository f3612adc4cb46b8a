//! Requests and answers as one line each, for scripts: `\n` in a line is a line end, `\\` a backslash.

use std::fmt::Write as _;

use parlor_wire::chat1::{Answered, Push, Pushed, Reply, Sender};

/// Reads a line as a request. The version may be left out of it, and the length is counted here.
///
/// # Errors
/// The sentence for whoever wrote it.
pub(crate) fn request(line: &str) -> Result<String, String> {
    let text = unescaped(line)?;
    let (head, body) = match text.split_once("\n\n") {
        Some((head, body)) => (head, body),
        None => (text.trim_end_matches('\n'), ""),
    };
    let (first, headers) = head.split_once('\n').unwrap_or((head, ""));
    let has_length = headers.lines().any(|header| {
        header.split_once(':').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("content-length"))
    });
    if has_length {
        return Err("leave Content-Length out; it is counted".to_owned());
    }
    let mut request = first.to_owned();
    let has_version = first.split(' ').next_back().is_some_and(|word| word.starts_with("CHAT/"));
    if !has_version {
        request.push_str(" CHAT/1.0");
    }
    request.push('\n');
    if !headers.is_empty() {
        request.push_str(headers);
        request.push('\n');
    }
    push(&mut request, format_args!("Content-Length: {}\n\n{body}", body.len()));
    Ok(request)
}

/// What came as one line, without its end and without any control character.
pub(crate) fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Answer(answer) => escaped(&answered(answer)),
        Reply::Push(pushed) => escaped(&self::pushed(pushed)),
    }
}

fn answered(answer: &Answered) -> String {
    let mut text = format!("CHAT/1.0 {} {}\n", answer.status, answer.reason);
    if let Some(session) = answer.session {
        push(&mut text, format_args!("Set-Cookie: SESSIONID={session}\n"));
    }
    if let Some(seconds) = answer.retry_after_s {
        push(&mut text, format_args!("Retry-After: {seconds}\n"));
    }
    push(&mut text, format_args!("Content-Length: {}\n\n{}", answer.body.len(), answer.body));
    text
}

fn pushed(pushed: &Pushed) -> String {
    let sender = Sender { name: &pushed.sender, is_guest: pushed.is_guest };
    let push = Push { sender, group: pushed.group.as_deref(), id: &pushed.id, time: pushed.time, text: &pushed.text };
    let mut bytes = Vec::new();
    push.write(&mut bytes);
    String::from_utf8(bytes).expect("a push of texts is text")
}

fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            character if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => {
                push(&mut line, format_args!("\\u{{{:x}}}", u32::from(character)));
            }
            character => line.push(character),
        }
    }
    line
}

fn unescaped(line: &str) -> Result<String, String> {
    let wrong = || "in a line, \\n is a line end, \\\\ a backslash and \\u{9} the character of that number".to_owned();
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        rest = match after.chars().next() {
            Some('\\') => {
                text.push('\\');
                &after[1..]
            }
            Some('n') => {
                text.push('\n');
                &after[1..]
            }
            Some('u') => {
                let (digits, after) =
                    after[1..].strip_prefix('{').and_then(|after| after.split_once('}')).ok_or_else(wrong)?;
                let number = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
                text.push(char::from_u32(number).ok_or_else(wrong)?);
                after
            }
            _ => return Err(wrong()),
        };
    }
    text.push_str(rest);
    Ok(text)
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).expect("writing to a String does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_wire::chat1::ReplyReader;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_a_request_with_its_length() {
        let cases = [
            ("PING", "PING CHAT/1.0\nContent-Length: 0\n\n"),
            ("PING CHAT/1.0\\n", "PING CHAT/1.0\nContent-Length: 0\n\n"),
            ("NONSENSE x CHAT/9\\nA:b", "NONSENSE x CHAT/9\nA:b\nContent-Length: 0\n\n"),
            ("SEND josie\\n\\nHey\\\\n\\nyou\\n", "SEND josie CHAT/1.0\nContent-Length: 10\n\nHey\\n\nyou\n"),
            ("SEND josie\\nCookie: x\\n\\n\\u{e9}", "SEND josie CHAT/1.0\nCookie: x\nContent-Length: 2\n\né"),
        ];
        for (line, expected) in cases {
            assert_eq!(request(line).as_deref(), Ok(expected), "{line}");
        }
        for line in ["a\\", "a\\x", "\\u{", "\\u{d800}", "\\u{g}", "PING\\ncontent-length : 3"] {
            assert!(request(line).is_err(), "{line}");
        }
    }

    #[test]
    fn what_comes_is_one_line() {
        let came = "CHAT/1.0 201 Created\nSet-Cookie: SESSIONID=00000000-0000-4000-8000-000000000000\nContent-Length: 5\n\na\n\u{1b}\\b\
                    MESSAGE ~Zo%C3%AB CHAT/1.0\nGroup: chat\nFrom: Zoë\nId: i\nTime: 1970-01-01T00:00:00.000000Z\nContent-Length: 2\n\nhi";
        let (mut reader, mut bytes, mut lines) = (ReplyReader::new(100), came.as_bytes(), Vec::new());
        while let Some(read) = reader.next(&mut bytes) {
            lines.push(reply(&read.unwrap()));
        }
        let session = "Set-Cookie: SESSIONID=00000000-0000-4000-8000-000000000000";
        assert_eq!(lines[0], format!("CHAT/1.0 201 Created\\n{session}\\nContent-Length: 5\\n\\na\\n\\u{{1b}}\\\\b"));
        let push = "MESSAGE ~Zo%C3%AB CHAT/1.0\\nGroup: chat\\nFrom: Zoë\\nId: i\\nTime: 1970-01-01T00:00:00.000000Z\\n\
                    Content-Length: 2\\n\\nhi";
        assert_eq!(lines[1..], [push]);
    }

    proptest! {
        #[test]
        fn a_line_comes_back_as_it_was(text in "(\\PC|\\p{Cc}|\n|\\\\|\u{2028}){0,40}") {
            let line = escaped(&text);
            prop_assert!(!line.contains(char::is_control));
            prop_assert_eq!(unescaped(&line), Ok(text));
        }
    }
}
