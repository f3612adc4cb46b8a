//! Hostile texts (PROMISES 3.10): whatever is accepted comes back as it was, by text, by JSON, and on the page.

use super::pages::messages;
use super::support::http::{Connection, get, post, post_form};
use super::support::person::Person;
use super::support::server::Server;

/// Texts that have broken somebody's protocol, page or terminal.
const CORPUS: &[&str] = &[
    "",
    " ",
    "\t \n",
    "\0",
    "a\0b",
    "\r",
    "a\rb",
    "\n\r",
    "\r\n",
    "a\r\nb",
    "\n",
    "\n\nx",
    "x\n\n",
    "\u{2028}",
    "a\u{2028}b\u{2029}c",
    "a\u{85}b",
    "\u{feff}x",
    "x\u{feff}",
    "\u{202e}evil\u{202c}",
    "\u{2066}x\u{2069}",
    "\u{200f}x\u{200e}",
    "👩‍👩‍👧‍👦",
    "🏳️‍🌈 🇩🇪 👍🏽",
    "é",
    "e\u{301}",
    "ﬁ ① ｆｕｌｌ",
    "\u{1d11e}\u{10fffd}",
    "\u{e000}\u{f8ff}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{fdd0}",
    "\u{1fffe}",
    "مرحبا",
    "עברית",
    "]]>",
    "<![CDATA[x]]>",
    "<!--",
    "--><b>",
    "</script>",
    "<script>alert(1)</script>",
    "</textarea></template></p>",
    "<img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "' onclick='x",
    "javascript:alert(1)",
    "<a href=\"javascript:alert(1)\">x</a>",
    "&#0;",
    "&amp;",
    "&lt;b&gt;",
    "&#x27;",
    "&",
    "&&",
    "&bogus;",
    "<",
    ">",
    "\"",
    "'",
    "`",
    "=",
    "text=x",
    "a=b&text=c",
    "%41",
    "%",
    "%%",
    "%zz",
    "%00",
    "+",
    "a+b",
    "data: x",
    "event: x",
    "id: 1",
    "retry: 0",
    ": comment",
    "x\n\ndata: y",
    "x\n\nid: 9\n\n",
    ".",
    "..",
    "\n.\n",
    "../../etc/passwd",
    "/",
    "//",
    "\\",
    "\\\\",
    "\\n",
    "\\u0000",
    "\\x1b",
    ")",
    "(",
    ",",
    ")send(",
    "4,test",
    "send(1,2,3,hi)",
    "name()",
    "[1,2]",
    "{}",
    "{\"text\":\"x\"}",
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "(a . b)",
    "#|",
    "|#",
    "|",
    ";",
    "#;",
    "#.(system)",
    "#0=(#0#)",
    "'(quote x)",
    "\u{1b}[2J",
    "\u{1b}]52;c;eA==\u{7}",
    "\u{1b}]8;;http://x\u{1b}\\",
    "\u{1b}P",
    "\u{9b}2J",
    "\u{9d}",
    "\u{7}",
    "\u{8}",
    "\u{7f}",
    "\u{c}",
    "\u{b}",
    "\u{1}",
    "\u{1f}",
    "\u{80}",
    "\u{9f}",
    "%s%n",
    "%s%s%s%s",
    "{0}",
    "{{x}}",
    "{% x %}",
    "${x}",
    "$(x)",
    "`x`",
    "; rm -rf /",
    "=cmd|' /C calc'!A0",
    "@SUM(1)",
    "+1",
    "-1+1",
    "CHAT/1.0 200 OK",
    "SEND x CHAT/1.0",
    "hi\r\n\r\nSEND bob CHAT/1.0\r\nContent-Length: 1\r\n\r\nx",
    "PRIVMSG #x :y",
    "hi\r\nQUIT\r\n",
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/1.1 200 OK\r\nSet-Cookie: x=y\r\n\r\n",
    "bc hi",
    "~root: hi",
    "root: hi",
    "[server] closing",
    "a: b: c",
    "--x--",
    "--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nx",
    "x\n> quoted",
    "\tindented",
    "trailing ",
    " leading",
    "a\u{a0}b",
    "\u{200b}x",
    "\u{ad}x",
    "\u{34f}x",
    "' OR 1=1 --",
    "\"; DROP TABLE events; --",
    "x' UNION SELECT 1",
    "NaN",
    "Infinity",
    "undefined",
    "\u{130}i ıI ß",
    "ＡＤＭＩＮ",
    "аdmin",
];

/// The corpus with what is too long to write down.
fn corpus() -> Vec<String> {
    let mut corpus: Vec<String> = CORPUS.iter().map(|text| (*text).to_owned()).collect();
    corpus.extend([
        "\u{301}".repeat(200),
        format!("Z{}", "\u{335}".repeat(1000)),
        "\n".repeat(4095) + "x",
        "x".repeat(4096),
        format!("{}🍵", "x".repeat(4092)),
        format!("{}🍵", "x".repeat(4093)),
        "x".repeat(4097),
        "(".repeat(4096),
        "<b>".repeat(1300),
        "👩‍👩‍👧‍👦".repeat(160),
        "\u{1F3F4}".repeat(1024),
    ]);
    corpus
}

/// The text rule once more, written down apart from the server's: what becomes of a text, or the status of its refusal.
fn expected(text: &str) -> Result<String, u16> {
    let unix = text.replace("\r\n", "\n");
    let forbidden = |c: char| {
        let code = c as u32;
        matches!(code, 0..=8 | 0x0B..=0x1F | 0x7F..=0x9F | 0xFDD0..=0xFDEF) || code % 0x10000 >= 0xFFFE
    };
    if unix.chars().any(forbidden) || unix.trim().is_empty() {
        Err(400)
    } else if unix.len() > 4096 {
        Err(413)
    } else {
        Ok(unix)
    }
}

#[test]
fn what_is_accepted_comes_back_the_same_by_every_way() {
    let server = Server::unlimited_with(&[("PARLOR_HISTORY_ON_JOIN", "500")]);
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.ask(post_form(format!("/send/{key}"), &[("text", "first"), ("nick", "anna")])).expect(200);
    let mut connection = anna.connect();
    let mut accepted = vec![(1, "first".to_owned())];
    for text in corpus() {
        let plain = post(format!("/send/{key}"), text.clone()).header("Content-Type", "text/plain; charset=utf-8");
        for request in [plain, post_form(format!("/send/{key}"), &[("text", &text)])] {
            let answer = connection.ask(anna.with_cookies(request));
            match expected(&text) {
                Ok(text) => accepted.push((answer.expect(200).number(), text)),
                Err(status) => assert_eq!(answer.status, status, "{text:?}"),
            }
        }
    }
    assert!((250..500).contains(&accepted.len()), "the page would not show all {}", accepted.len());
    let mut reader = Connection::open(server.address());
    for (number, text) in &accepted {
        let line = reader.ask(get(format!("/msg/{key}/{number}"))).expect(200).text();
        assert_eq!(line, format!("~anna: {text}"));
        let event =
            reader.ask(get(format!("/msg/{key}/{number}")).header("Accept", "application/json")).expect(200).json();
        assert_eq!((event["text"].as_str(), event["number"].as_u64()), (Some(text.as_str()), Some(*number)));
    }
    let page = server.ask(get(format!("/chat/{key}"))).expect(200).text();
    assert_eq!(messages(&page), accepted);
}

#[test]
fn a_hostile_text_stays_the_same_over_a_restart() {
    let mut server = Server::start();
    let key = server.room();
    let texts: Vec<String> = corpus().iter().filter_map(|text| expected(text).ok()).collect();
    let mut anna = Person::new(&server);
    anna.open(&key);
    let mut connection = anna.connect();
    for text in &texts {
        connection.ask(anna.with_cookies(post(format!("/send/{key}"), text.clone()))).expect(200);
    }
    server.kill_and_start();
    let mut reader = Connection::open(server.address());
    for (number, text) in (1..).zip(&texts) {
        let line = reader.ask(get(format!("/msg/{key}/{number}"))).expect(200).text();
        assert_eq!(line.split_once(": ").map(|(_, said)| said), Some(text.as_str()));
    }
}
