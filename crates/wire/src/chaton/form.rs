//! Bodies of forms, in either of the two types that a form can have.

use super::multipart::{MultipartError, multipart_fields, parameter};
use crate::http_chat::{FormError as UrlencodedError, FormFields};

/// The fields of a posted form (`nick`, `text`, `cid`, `who`, `s`), each name once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
}

/// Why a body is no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The content type is none of a form.
    #[error("a form has the type application/x-www-form-urlencoded or multipart/form-data")]
    UnknownType,
    /// An urlencoded form is wrong.
    #[error(transparent)]
    Urlencoded(#[from] UrlencodedError),
    /// A multipart form is wrong.
    #[error(transparent)]
    Multipart(#[from] MultipartError),
}

impl Form {
    /// Reads a whole body by its `Content-Type`; without one it is taken as urlencoded, as small programs send it.
    ///
    /// # Errors
    /// [`FormError`], see there. Text is never repaired: what is not UTF-8 is an error.
    pub fn parse(content_type: Option<&str>, body: &[u8]) -> Result<Self, FormError> {
        let Some(content_type) = content_type else {
            return Self::urlencoded(body);
        };
        let kind = content_type.split(';').next().unwrap_or("").trim();
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Self::urlencoded(body);
        }
        if !kind.eq_ignore_ascii_case("multipart/form-data") {
            return Err(FormError::UnknownType);
        }
        let boundary = parameter(content_type, "boundary").ok_or(MultipartError::NoBoundary)?;
        Ok(Self { fields: multipart_fields(body, &boundary)? })
    }

    fn urlencoded(body: &[u8]) -> Result<Self, FormError> {
        let fields = FormFields::parse(body)?;
        Ok(Self { fields: fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect() })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(content_type: &str, body: &str) -> Result<Vec<(String, String)>, FormError> {
        Form::parse(Some(content_type), body.as_bytes()).map(|form| form.fields)
    }

    const MULTIPART: &str = "\r\n--b\r\ncontent-disposition: form-data; name=text\r\n\r\nhi\r\n--b--\r\n";

    #[test]
    fn both_types_give_the_same_fields() {
        let expected = Ok(vec![("text".to_owned(), "hi".to_owned())]);
        for kind in ["multipart/form-data; boundary=b", "Multipart/Form-Data;charset=utf-8 ; Boundary=\"b\""] {
            assert_eq!(parse(kind, MULTIPART), expected, "{kind}");
        }
        for kind in ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8"] {
            assert_eq!(parse(kind, "text=hi"), expected, "{kind}");
        }
        let form = Form::parse(None, b"nick=a&text=b+c").unwrap();
        assert_eq!((form.get("nick"), form.get("text"), form.get("cid")), (Some("a"), Some("b c"), None));
    }

    #[test]
    fn other_types_and_wrong_bodies_are_refused() {
        for kind in ["text/plain", "", "application/json", "multipart/mixed; boundary=b"] {
            assert_eq!(parse(kind, MULTIPART), Err(FormError::UnknownType), "{kind}");
        }
        assert_eq!(parse("multipart/form-data", MULTIPART), Err(MultipartError::NoBoundary.into()));
        assert_eq!(parse("multipart/form-data; boundary=", MULTIPART), Err(MultipartError::NoBoundary.into()));
        assert_eq!(
            parse("application/x-www-form-urlencoded", "a=%"),
            Err(UrlencodedError::BadEscape { offset: 2 }.into())
        );
    }
}
