//! Who is at the other end: the guest that the cookies prove.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use cookie::{Cookie, SameSite, time::Duration};
use parlor_core::ids::{ConnectionId, GuestId, RoomKey};
use parlor_core::text::DisplayName;
use parlor_core::{Actor, Chat, Who};

use crate::http::Caller;

/// The same person in every room, after a reload and next year.
const GUEST: &str = "guest";
/// This view of a page.
const CLIENT: &str = "client";
/// The nickname that the room pages remember (protocols/chaton.md).
const NICKNAME: &str = "chaton-nickname";

/// What a request's cookies prove.
#[derive(Debug, Clone, Default)]
pub(super) struct Cookies {
    /// The guest, by either of the two cookies.
    pub(super) guest: Option<GuestId>,
    /// The page's view.
    pub(super) connection: Option<ConnectionId>,
    /// A nickname to begin with.
    pub(super) nickname: Option<DisplayName>,
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
                CLIENT => client = client.or_else(|| chat.client_of(cookie.value())),
                NICKNAME => cookies.nickname = cookies.nickname.or_else(|| nickname(cookie.value())),
                _ => {}
            }
        }
        cookies.connection = client.map(|(_, connection)| connection);
        cookies.guest = cookies.guest.or(client.map(|(guest, _)| guest));
        cookies
    }

    /// Who asks.
    pub(super) fn actor(&self, caller: Caller) -> Actor {
        Actor { who: self.guest.map_or(Who::Stranger, Who::Guest), origin: Some(caller.origin) }
    }
}

/// The cookie that makes a guest the same person again.
pub(super) fn set_guest(chat: &Chat, headers: &mut HeaderMap, guest: GuestId, secure: bool) {
    let cookie = Cookie::build((GUEST, chat.guest_token(guest))).path("/").max_age(Duration::days(365));
    set(headers, cookie.secure(secure).build());
}

/// A new client identifier, for each of the paths that a page uses.
pub(super) fn set_client(chat: &Chat, headers: &mut HeaderMap, guest: GuestId, room: RoomKey, secure: bool) {
    let token = chat.client_token(guest);
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
