//! What the cookies prove of who is at the other end.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use cookie::{Cookie, SameSite, time::Duration};
use parlor_core::Chat;
use parlor_core::ids::{ConnectionId, GuestId, RoomKey};
use parlor_core::sessions::SessionToken;
use parlor_core::text::DisplayName;

/// The same person in every room, after a reload and next year.
const GUEST: &str = "guest";
/// A log-in, at every door.
const SESSION: &str = "session";
/// This view of a page.
const CLIENT: &str = "client";
/// The nickname that the room pages remember (protocols/chaton.md).
const NICKNAME: &str = "chaton-nickname";

/// Guests' numbers begin at 1, so a client identifier of this one proves a view of a page, and nobody: an account's.
const NO_GUEST: GuestId = GuestId(0);

/// Days that a browser keeps a session's cookie, which is as long as browsers keep any: when it ends is the server's to say.
const SESSION_DAYS: i64 = 400;

/// What a request's cookies prove.
#[derive(Debug, Clone, Default)]
pub(super) struct Cookies {
    /// The guest, by either of the two cookies.
    pub(super) guest: Option<GuestId>,
    /// The page's view.
    pub(super) connection: Option<ConnectionId>,
    /// A nickname to begin with.
    pub(super) nickname: Option<DisplayName>,
    /// What may be a session's token. Not to be shown.
    pub(super) session: Option<SessionCookie>,
    /// Whether the page's view was an account's.
    pub(super) is_of_account: bool,
}

/// A session's token as a browser sent it.
#[derive(Clone)]
pub(super) struct SessionCookie(pub(super) String);

impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // It is as good as a password.
        out.write_str("SessionCookie(..)")
    }
}

impl Cookies {
    /// Reads the cookies. What is not ours, or is damaged, counts as not there: whoever sent it is a new guest.
    pub(super) fn of(chat: &Chat, headers: &HeaderMap) -> Cookies {
        let mut cookies = Cookies::default();
        let mut client = None;
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        for cookie in lines.flat_map(Cookie::split_parse).flatten() {
            match cookie.name() {
                GUEST => cookies.guest = cookies.guest.or_else(|| chat.guest_of(cookie.value())),
                SESSION => cookies.session = cookies.session.or_else(|| Some(SessionCookie(cookie.value().to_owned()))),
                CLIENT => client = client.or_else(|| chat.client_of(cookie.value())),
                NICKNAME => cookies.nickname = cookies.nickname.or_else(|| nickname(cookie.value())),
                _ => {}
            }
        }
        cookies.connection = client.map(|(_, connection)| connection);
        cookies.is_of_account = client.is_some_and(|(guest, _)| guest == NO_GUEST);
        cookies.guest = cookies.guest.or(client.map(|(guest, _)| guest)).filter(|guest| *guest != NO_GUEST);
        cookies
    }
}

/// The cookie that makes somebody logged in.
pub(super) fn set_session(headers: &mut HeaderMap, token: &SessionToken, secure: bool) {
    let cookie = Cookie::build((SESSION, token.to_string())).path("/").max_age(Duration::days(SESSION_DAYS));
    set(headers, cookie.secure(secure).build());
}

/// Takes that cookie away.
pub(super) fn drop_session(headers: &mut HeaderMap, secure: bool) {
    set(headers, Cookie::build((SESSION, "")).path("/").max_age(Duration::ZERO).secure(secure).build());
}

/// Whoever was a guest is none any more.
pub(super) fn drop_guest(headers: &mut HeaderMap, secure: bool) {
    set(headers, Cookie::build((GUEST, "")).path("/").max_age(Duration::ZERO).secure(secure).build());
}

/// The cookie that makes a guest the same person again.
pub(super) fn set_guest(chat: &Chat, headers: &mut HeaderMap, guest: GuestId, secure: bool) {
    let cookie = Cookie::build((GUEST, chat.guest_token(guest))).path("/").max_age(Duration::days(365));
    set(headers, cookie.secure(secure).build());
}

/// A new client identifier, for each of the paths that a page uses.
pub(super) fn set_client(chat: &Chat, headers: &mut HeaderMap, guest: Option<GuestId>, room: RoomKey, secure: bool) {
    let token = chat.client_token(guest.unwrap_or(NO_GUEST));
    for path in ["/chat/", "/msg/", "/send/"] {
        set(headers, Cookie::build((CLIENT, token.clone())).path(format!("{path}{room}")).secure(secure).build());
    }
}

fn set(headers: &mut HeaderMap, mut cookie: Cookie<'static>) {
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    if cookie.secure() == Some(false) {
        cookie.set_secure(None);
    }
    // Tokens are digits, hex and dots, keys are `[0-9a-z]`: always a header's value.
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        headers.append(SET_COOKIE, value);
    }
}

fn nickname(value: &str) -> Option<DisplayName> {
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(value).collect();
    DisplayName::new(&decoded).ok()
}
