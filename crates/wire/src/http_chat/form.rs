//! Bodies and queries in `application/x-www-form-urlencoded`, read strictly.
//!
//! Strictly: the lenient reading of browsers turns bytes that are no UTF-8 into U+FFFD and takes
//! a stray `%` as it is, so that a message would be stored other than it was sent.

/// The most fields that one form may have; the doors' forms have at most a dozen.
pub const FIELDS_MAX: usize = 64;

/// What the body of `POST /send/KEY` says when its type is a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendBody<'a> {
    /// The body has no `=` at all: it is the message, taken as it is, so that
    /// `curl -d 'hello' URL` works.
    Message(&'a str),
    /// The fields of a form.
    Form(FormFields),
}

impl<'a> SendBody<'a> {
    /// Reads the body of a post that came as an urlencoded form.
    ///
    /// # Errors
    /// [`FormError`] where it is neither a message in UTF-8 nor a correct form.
    pub fn parse(body: &'a [u8]) -> Result<Self, FormError> {
        if body.contains(&b'=') {
            return FormFields::parse(body).map(SendBody::Form);
        }
        match std::str::from_utf8(body) {
            Ok(message) => Ok(SendBody::Message(message)),
            Err(error) => Err(FormError::NotUtf8 { offset: error.valid_up_to() }),
        }
    }
}

/// The fields of a form or of a query, in the order in which they came, each name once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FormFields {
    fields: Vec<(String, String)>,
}

/// Why a form cannot be read. Offsets count bytes of the form from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// `%` without two hexadecimal digits after it.
    #[error("the form has a % without two hexadecimal digits at byte {offset}; write %25 for %")]
    BadEscape {
        /// Where the `%` stands.
        offset: usize,
    },
    /// A name, a value or a plain message is not UTF-8.
    #[error("the form is not UTF-8 in what begins at byte {offset}; send text as UTF-8")]
    NotUtf8 {
        /// Where the name or value begins; in a plain message, where the wrong byte stands.
        offset: usize,
    },
    /// The same field twice. Neither wins: two programs that pick differently would disagree
    /// about what was said.
    #[error("the form has the field {name:?} twice; send it once")]
    DuplicateField {
        /// The field's name.
        name: String,
    },
    /// More than [`FIELDS_MAX`] fields.
    #[error("the form has more than {FIELDS_MAX} fields; send fewer")]
    TooManyFields,
}

impl FormFields {
    /// Reads an urlencoded body or a URL's query (without its `?`). Empty fields (`&&`) are
    /// skipped; a field without `=` has an empty value, as browsers read it.
    ///
    /// # Errors
    /// [`FormError`], see there.
    pub fn parse(form: &[u8]) -> Result<Self, FormError> {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut offset = 0;
        for pair in form.split(|&byte| byte == b'&') {
            let (name, value) = split_pair(pair);
            let (name_offset, value_offset) = (offset, offset + name.len() + 1);
            offset += pair.len() + 1;
            if pair.is_empty() {
                continue;
            }
            if fields.len() == FIELDS_MAX {
                return Err(FormError::TooManyFields);
            }
            let name = decode(name, name_offset)?;
            if fields.iter().any(|(earlier, _)| *earlier == name) {
                return Err(FormError::DuplicateField { name });
            }
            fields.push((name, decode(value, value_offset)?));
        }
        Ok(Self { fields })
    }

    /// Writes fields as [`FormFields::parse`] reads them.
    #[must_use]
    pub fn encode(fields: &[(&str, &str)]) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    }

    /// The value of a field, if the form has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    /// The fields as (name, value), in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|&byte| byte == b'=') {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, b""),
    }
}

fn decode(encoded: &[u8], offset: usize) -> Result<String, FormError> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        let at = encoded.len() - rest.len();
        rest = after;
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let (value, after) = hex_pair(rest).ok_or(FormError::BadEscape { offset: offset + at })?;
                decoded.push(value);
                rest = after;
            }
            other => decoded.push(other),
        }
    }
    String::from_utf8(decoded).map_err(|_| FormError::NotUtf8 { offset })
}

/// Takes two hexadecimal digits off the front.
pub(super) fn hex_pair(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = bytes.split_first_chunk::<2>()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(high)? * 16 + digit(low)?;
    Some((u8::try_from(value).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(form: &[u8]) -> Vec<(String, String)> {
        FormFields::parse(form).unwrap().fields
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn forms_are_read() {
        assert_eq!(fields(b""), []);
        assert_eq!(fields(b"text=a+b%2Bc&nick=Zo%C3%AB"), [pair("text", "a b+c"), pair("nick", "Zoë")]);
        assert_eq!(fields(b"&&text=a=b&flag&"), [pair("text", "a=b"), pair("flag", "")]);
        assert_eq!(fields("text=ü".as_bytes()), [pair("text", "ü")]);
        assert_eq!(fields(b"=x"), [pair("", "x")]);
        let form = FormFields::parse(b"text=hi&nick=").unwrap();
        assert_eq!((form.get("text"), form.get("nick"), form.get("x")), (Some("hi"), Some(""), None));
    }

    #[test]
    fn wrong_forms_are_refused_with_the_place() {
        let cases: [(&[u8], FormError); 9] = [
            (b"text=100%", FormError::BadEscape { offset: 8 }),
            (b"text=%4", FormError::BadEscape { offset: 5 }),
            (b"a=b&text=%zz", FormError::BadEscape { offset: 9 }),
            (b"text=%+4", FormError::BadEscape { offset: 5 }),
            (b"te%xt=1", FormError::BadEscape { offset: 2 }),
            (b"a=b&text=\xff", FormError::NotUtf8 { offset: 9 }),
            (b"text=%ff", FormError::NotUtf8 { offset: 5 }),
            (b"text=%ED%A0%80", FormError::NotUtf8 { offset: 5 }),
            (b"text=a&t%65xt=b", FormError::DuplicateField { name: "text".to_owned() }),
        ];
        for (form, error) in cases {
            assert_eq!(FormFields::parse(form), Err(error), "{form:?}");
        }
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        let form = |count: usize| {
            let fields: Vec<String> = (0..count).map(|i| format!("f{i}=")).collect();
            fields.join("&")
        };
        assert_eq!(fields(form(FIELDS_MAX).as_bytes()).len(), FIELDS_MAX);
        assert_eq!(FormFields::parse(form(FIELDS_MAX + 1).as_bytes()), Err(FormError::TooManyFields));
    }

    #[test]
    fn a_body_without_an_equals_sign_is_the_message_as_it_is() {
        let cases = ["hello", "", "a+b", "100% & more", "%41", "ü"];
        for text in cases {
            assert_eq!(SendBody::parse(text.as_bytes()), Ok(SendBody::Message(text)));
        }
        assert_eq!(SendBody::parse(b"ab\xff"), Err(FormError::NotUtf8 { offset: 2 }));
        let SendBody::Form(form) = SendBody::parse(b"text=%41").unwrap() else {
            panic!("a form has fields");
        };
        assert_eq!(form.get("text"), Some("A"));
    }

    proptest! {
        #[test]
        fn any_fields_read_back(map in prop::collection::btree_map(any::<String>(), any::<String>(), 0..8)) {
            let sent: Vec<(&str, &str)> = map.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let form = FormFields::parse(FormFields::encode(&sent).as_bytes()).unwrap();
            prop_assert_eq!(form.iter().collect::<Vec<_>>(), sent);
        }

        #[test]
        fn percent_encoding_every_byte_changes_nothing(value in any::<String>()) {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let form = FormFields::parse(format!("v={encoded}").as_bytes()).unwrap();
            prop_assert_eq!(form.get("v"), Some(value.as_str()));
        }

        #[test]
        fn no_replacement_character_comes_from_nowhere(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(SendBody::Form(form)) = SendBody::parse(&bytes) {
                let sent = bytes.windows(3).any(|window| window == "\u{fffd}".as_bytes());
                let got = form.iter().any(|(name, value)| name.contains('\u{fffd}') || value.contains('\u{fffd}'));
                prop_assert!(sent || !got || bytes.contains(&b'%'));
            }
        }
    }
}
