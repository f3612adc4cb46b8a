//! The room pages: S-expressions, answers, archives and forms.

use parlor_wire::chaton::{
    Anchor, ArchiveDay, ArchiveLine, CometAnswer, CometReply, Content, Form, Format, LoginAnswer, ReplyContent,
    multipart_fields,
};
use parlor_wire::http_chat::EventTime;
use parlor_wire::sexpr::{Limits, Value, write_string, write_symbol};

/// S-expressions, in both directions. Oracles: what is read is written on one line and read again; every text is a string and a
/// symbol that read back; larger limits read the same.
pub fn sexpr(data: &[u8]) {
    if let Ok(value) = Value::parse(data, Limits::SMALL) {
        let text = value.to_string();
        assert!(!text.contains(char::is_control));
        assert_eq!(Value::parse(text.as_bytes(), Limits::ANSWER).as_ref(), Ok(&value));
        assert_eq!(Value::parse(data, Limits::ANSWER).as_ref(), Ok(&value));
        if matches!(value, Value::List(_)) {
            assert!(Value::parse(&text.as_bytes()[..text.len() - 1], Limits::SMALL).is_err());
        }
        let _ = value.into_pairs();
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let (mut string, mut symbol) = (String::new(), String::new());
        write_string(text, &mut string);
        write_symbol(text, &mut symbol);
        assert_eq!(Value::parse(string.as_bytes(), Limits::ANSWER), Ok(Value::String(text.to_owned())));
        assert_eq!(Value::parse(symbol.as_bytes(), Limits::ANSWER), Ok(Value::Symbol(text.to_owned())));
    }
}

/// Answers of log-in and comet; the first byte is the format. Oracles: what is read is written and read again as the same.
pub fn chaton_answers(data: &[u8]) {
    let Some((format, body)) = data.split_first() else {
        return;
    };
    let format = [Format::Sexpr, Format::Json, Format::Html][usize::from(*format) % 3];
    if let Ok(login) = LoginAnswer::decode(body, format) {
        let again = LoginAnswer::decode(login.encode(format).as_bytes(), format);
        // A position that no store can hold is a number in JSON alone.
        assert!(again.is_ok_and(|again| again == login) || i64::try_from(login.pos).is_err());
    }
    if let Ok(reply) = CometReply::decode(body, format) {
        let content = match (&reply.content, format) {
            (ReplyContent::Entries(entries), Format::Sexpr) => Content::sexpr(entries.iter().cloned()),
            (ReplyContent::Entries(entries), _) => Content::json(entries.iter().cloned()),
            (ReplyContent::Html(fragment), _) => Content::html(fragment),
        };
        assert_eq!(content.format(), format);
        let CometReply { pos, nc, ref ver, cid, refresh, .. } = reply;
        let answer = CometAnswer { pos, nc, ver, cid, refresh };
        let again = CometReply::decode(answer.encode(&content).as_bytes(), format);
        assert_eq!(again.expect("what was read is written"), reply);
    }
}

/// Lines of an archive, days and anchors. Oracles: what is read is written on one line and read again; names of days and
/// anchors are canonical.
pub fn chaton_archive(data: &[u8]) {
    if let Ok(line) = ArchiveLine::parse(data) {
        let text = line.encode();
        assert!(!text.contains(char::is_control));
        // Escaped, a line may be longer than what is taken.
        assert!(ArchiveLine::parse(text.as_bytes()).is_ok_and(|again| again == line) || text.len() > 65_536);
        let anchor = Anchor(line.time);
        assert_eq!(anchor.to_string().parse(), Ok(anchor));
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let text = text.trim_end();
    if let Ok(anchor) = text.parse::<Anchor>() {
        assert_eq!(anchor.to_string(), text);
        assert_eq!(EventTime::from_unix_us(anchor.0.unix_us()), anchor.0);
    }
    if let Some(day) = ArchiveDay::of_page(text) {
        assert_eq!((day.page(), ArchiveDay::of_file(&day.file())), (text.to_owned(), Some(day)));
    }
    if let Some(day) = ArchiveDay::of_file(text) {
        assert!(text.ends_with(&format!("{}.dat", day.page())));
    }
}

/// Multipart bodies with the boundary `b`. Oracles: line breaks before the first boundary change nothing; what is read is
/// written and read again; cut off before its end, no body is read.
pub fn chaton_multipart(data: &[u8]) {
    let fields = multipart_fields(data, "b");
    for before in [&b"\n"[..], b"\r\n"] {
        let moved = multipart_fields(&[before, data].concat(), "b");
        assert_eq!(moved.is_ok(), fields.is_ok());
        assert!(fields.is_err() || moved == fields);
    }
    let form = Form::parse(Some("multipart/form-data; boundary=b"), data);
    let Ok(fields) = fields else {
        assert!(form.is_err_and(|error| error.to_string().contains(' ')));
        return;
    };
    let form = form.expect("the type names the boundary");
    let mut body = String::new();
    let mut boundary = "x".to_owned();
    while fields.iter().any(|(_, value)| value.contains(&boundary)) {
        boundary.push('x');
    }
    for (name, value) in &fields {
        assert_eq!(form.get(name), Some(value.as_str()));
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        body += &format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += &format!("--{boundary}--");
    if boundary.len() <= 70 {
        assert_eq!(multipart_fields(body.as_bytes(), &boundary), Ok(fields));
        assert!(multipart_fields(&body.as_bytes()[..body.len() - 1], &boundary).is_err());
    }
}
