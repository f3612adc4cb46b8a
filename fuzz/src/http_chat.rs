//! The grammars of the HTTP chat door.

use parlor_wire::http_chat::{
    EventJson, FormFields, NUMBER_MAX, SendBody, decode_ext_value, encode_ext_value, is_key, is_message_key,
    parse_number,
};

/// Message numbers, room keys and message keys. Oracle: what is accepted is canonical.
pub fn number_and_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(number) = parse_number(text) {
        assert!((1..=NUMBER_MAX).contains(&number));
        assert_eq!(number.to_string(), text, "one number, one address");
    } else {
        let canonical = text.parse::<u64>().is_ok_and(|number| number.to_string() == text);
        assert!(!canonical || text == "0" || text.parse::<u64>().is_ok_and(|number| number > NUMBER_MAX));
    }
    if is_key(text) {
        assert_eq!(text.chars().filter(|c| matches!(c, '0'..='9' | 'a'..='z')).count(), 32);
        assert!(is_message_key(text));
    }
    if is_message_key(text) {
        assert_eq!(encode_ext_value(text), text, "a message key is its own header value");
    }
}

/// The body of a post as an urlencoded form. Oracles: the lenient reader of the web platform
/// finds the same fields in what the strict one accepts; what is written again reads the same.
pub fn form_body(data: &[u8]) {
    match SendBody::parse(data) {
        Ok(SendBody::Message(message)) => assert_eq!(message.as_bytes(), data),
        Ok(SendBody::Form(form)) => {
            let fields: Vec<(&str, &str)> = form.iter().collect();
            let lenient: Vec<_> = form_urlencoded::parse(data).collect();
            assert_eq!(fields.len(), lenient.len());
            for ((name, value), (lenient_name, lenient_value)) in fields.iter().zip(&lenient) {
                assert_eq!((*name, *value), (&**lenient_name, &**lenient_value));
            }
            let again = FormFields::parse(FormFields::encode(&fields).as_bytes());
            assert_eq!(again.as_ref(), Ok(&form));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Header values by RFC 8187, in both directions. Oracle: round trips, and what is written is
/// safe in a header.
pub fn ext_value(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let value = encode_ext_value(text);
    assert!(value.bytes().all(|byte| (0x20..=0x7e).contains(&byte)));
    assert_eq!(value.trim(), value);
    assert_eq!(decode_ext_value(&value).as_deref(), Ok(text));
    if let Ok(decoded) = decode_ext_value(text) {
        let again = encode_ext_value(&decoded);
        assert_eq!(decode_ext_value(&again), Ok(decoded.clone()));
    }
}

/// An event as JSON. Oracles: what is accepted is written and read back the same, on one line,
/// and every field that was written stood in the input with that value.
pub fn event_json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(event) = EventJson::from_json(text) else {
        return;
    };
    let written = event.to_json();
    assert!(!written.contains('\n'));
    assert_eq!(EventJson::from_json(&written).ok().as_ref(), Some(&event));
    let (Ok(sent), Ok(kept)) =
        (serde_json::from_str::<serde_json::Value>(text), serde_json::from_str::<serde_json::Value>(&written))
    else {
        panic!("what reads as an event is JSON");
    };
    let Some(kept) = kept.as_object() else {
        panic!("an event is an object");
    };
    for (name, value) in kept {
        // A null may have been absent; an author may have had more fields.
        if !value.is_null() && name != "author" {
            assert_eq!(sent.get(name), Some(value), "{name}");
        }
    }
}
