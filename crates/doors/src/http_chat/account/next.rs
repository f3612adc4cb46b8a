//! Where somebody goes on who had to log in first: a path of this server and nothing else.

use parlor_wire::http_chat::FormFields;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Where to go who does not say.
pub(super) const HOME: &str = "/";

/// Bytes of such a path: the longest of ours has 80.
const BYTES_MAX: usize = 256;

/// What need not be escaped in a query's value.
const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path that a form or a query names, if browsers would stay here with it.
pub(super) fn named(fields: &FormFields) -> String {
    local(fields.get("next")).to_owned()
}

/// The same of a query; what can't be read names nothing.
pub(super) fn named_in(query: Option<&str>) -> String {
    FormFields::parse(query.unwrap_or("").as_bytes()).map_or_else(|_| HOME.to_owned(), |fields| named(&fields))
}

/// A path as the value of a query.
pub(super) fn query(path: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(path, &PLAIN)
}

/// `//host` and `/\host` are addresses of other hosts to a browser.
fn local(next: Option<&str>) -> &str {
    let is_ours = |path: &&str| {
        path.len() <= BYTES_MAX
            && path.starts_with('/')
            && !path[1..].starts_with('/')
            && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~?=&%".contains(&byte))
    };
    next.filter(is_ours).unwrap_or(HOME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_ours_is_gone_to() {
        for (named, goes) in [
            ("/account", "/account"),
            ("/chat/k3y?before=7&limit=5", "/chat/k3y?before=7&limit=5"),
            ("", "/"),
            ("account", "/"),
            ("https://evil.example/", "/"),
            ("//evil.example/", "/"),
            ("/\\evil.example/", "/"),
            ("\\\\evil.example", "/"),
            ("/a\r\nSet-Cookie: x=1", "/"),
            ("/a b", "/"),
            ("/\"><script>", "/"),
            ("/a#b", "/"),
            ("/\t/evil.example", "/"),
            ("javascript:alert(1)", "/"),
            (&format!("/{}", "a".repeat(256)), "/"),
        ] {
            assert_eq!(local(Some(named)), goes, "{named:?}");
        }
        assert_eq!(local(None), "/");
    }

    #[test]
    fn a_path_in_a_query_stays_one_value() {
        assert_eq!(query("/chat/k?before=7&x=%2f").to_string(), "/chat/k%3Fbefore%3D7%26x%3D%252f");
    }
}
