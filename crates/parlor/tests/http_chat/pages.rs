//! Reading the server's HTML: only as much of it as the tests ask for.

/// The texts of the messages that a chat page shows, by their numbers, as a browser would show them.
pub(crate) fn messages(html: &str) -> Vec<(u64, String)> {
    // What the script clones stands in a template and is no message.
    let (shown, _) = html.split_once("<template").expect("a chat page has a template");
    let message = |article: &str| {
        let number = attribute(article, "data-number").parse().expect("a number");
        (number, unescaped(between(article, "<p class=\"text\" dir=\"auto\">", "</p>").expect("a message has a text")))
    };
    shown.split("<article").skip(1).map(message).collect()
}

/// The numbers of the messages that a chat page shows.
pub(crate) fn numbers(html: &str) -> Vec<u64> {
    messages(html).into_iter().map(|(number, _)| number).collect()
}

/// The part of the front page about this room; `None` if it is not listed.
pub(crate) fn listing<'a>(index: &'a str, key: &str) -> Option<&'a str> {
    between(index, &format!("href=\"/chat/{key}\""), "</a>")
}

/// The value of the first attribute of this name.
pub(crate) fn attribute(html: &str, name: &str) -> String {
    let value = between(html, &format!(" {name}=\""), "\"");
    unescaped(value.unwrap_or_else(|| panic!("no {name} in {html}")))
}

/// The names and values of a form's inputs.
pub(crate) fn inputs(form: &str) -> Vec<(String, Option<String>)> {
    let input = |tag: &str| {
        let tag = tag.split('>').next().expect("a tag ends");
        (attribute(tag, "name"), between(tag, " value=\"", "\"").map(unescaped))
    };
    form.split("<input").skip(1).map(input).collect()
}

/// What stands between two marks.
pub(crate) fn between<'a>(html: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = html.split_once(begin)?;
    rest.split_once(end).map(|(found, _)| found)
}

/// Text as a browser reads it from HTML.
pub(crate) fn unescaped(html: &str) -> String {
    let mut parts = html.split('&');
    let mut text = parts.next().unwrap_or("").to_owned();
    assert!(!html.contains(['<', '>', '"']), "{html:?} is not escaped");
    for part in parts {
        let (entity, rest) = part.split_once(';').unwrap_or_else(|| panic!("a bare & in {html:?}"));
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let character = match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match entity.strip_prefix('#') {
                Some(code) => code.strip_prefix('x').map_or_else(|| number(code, 10), |hex| number(hex, 16)),
                None => None,
            },
        };
        text.push(character.unwrap_or_else(|| panic!("an unknown entity &{entity};")));
        text.push_str(rest);
    }
    text
}
