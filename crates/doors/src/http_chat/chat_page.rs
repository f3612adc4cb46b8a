//! `GET /chat/KEY`: the chat page, with a new client identifier at every call.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use parlor_core::event::Body;
use parlor_core::ids::{GuestId, Number};
use parlor_core::limits;
use parlor_core::names::RoomName;
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;
use parlor_core::{Actor, Who};

use super::identity::{self, Identity};
use super::pages::{Author, ChatPage, Me, Message, Moment};
use super::{CHAT_NUMBER, create, number, parameter, parts};
use crate::http::{Answer, Caller, Face, Http};
use crate::json::author_id;

pub(super) async fn show(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    answer(&http, caller, &request).await.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let identity = Identity::of(&http.chat, &request.headers);
    let (key, _) = parts(request);
    if let Some(name) = RoomName::find(key).filter(|_| parlor_core::ids::RoomKey::parse(key).is_none()) {
        let found = http.chat.find(&identity.actor(caller), RoomRef::Name(name)).await;
        let log = found.map_err(|error| http.refuse(error))?;
        return Ok(create::see_other(&format!("/chat/{}", log.key())));
    }
    let log = super::room(http, &identity.actor(caller), key).await?;
    let guest = match identity.guest {
        Some(guest) => guest,
        None => http.chat.new_guest().await.map_err(|error| http.refuse(error))?,
    };
    let actor = Actor { who: Who::Guest(guest), ..identity.actor(caller) };
    let mut response = render(http, &log, &actor, guest, &identity, request).await?;
    let headers = response.headers_mut();
    identity::set_guest(&http.chat, headers, guest, caller.secure);
    identity::set_client(&http.chat, headers, guest, log.key(), caller.secure);
    Ok(response)
}

async fn render(
    http: &Http,
    log: &RoomLog,
    actor: &Actor,
    guest: GuestId,
    identity: &Identity,
    request: &Parts,
) -> Result<Response, Answer> {
    let query = request.uri.query();
    let before = parameter(query, "before")?.map(|text| number(&text)).transpose()?;
    let limit = parameter(query, "limit")?.map_or(Ok(http.options.history_on_join), |text| page_size(&text))?;
    // Before the messages are read: one that comes meanwhile is waited for by the page and found at once.
    let newest = log.head().number;
    let slots = http.chat.history(actor, log, before, limit).await.map_err(|error| http.refuse(error))?;
    let shown = slots.last().map_or(newest, |slot| slot.event().number);
    let name = http.chat.guest_name(guest).await.map_err(|error| http.refuse(error))?;
    let fallback = format!("guest-{guest}");
    let nick = if name.as_str() == fallback {
        identity.nickname.as_ref().map_or("", |name| name.as_str())
    } else {
        name.as_str()
    };
    let (room, key) = (log.room(), log.key());
    let (chat_url, send_url) = (address(request, "chat", log), address(request, "send", log));
    let page = ChatPage {
        key: key.as_str(),
        subject: room.subject.as_str(),
        listed: room.listed,
        share_url: &chat_url,
        send_url: &send_url,
        messages: slots.iter().filter_map(|slot| message(slot)).collect(),
        earlier: slots.first().map(|slot| slot.event().number.0).filter(|first| *first > 1),
        next: before.is_none().then(|| shown.next().0),
        me: Me { id: &format!("g{guest}"), guest: true, nick, fallback: &fallback },
        text_bytes_max: http.chat.limits().message_bytes,
        once: &http.chat.draw_token(),
    };
    let mut response = super::page(page.render())?;
    response.headers_mut().insert(CHAT_NUMBER, HeaderValue::from(newest.0.max(shown_if_newest(before, shown).0)));
    Ok(response)
}

/// The page of the newest messages may show one that came after the head was looked at.
fn shown_if_newest(before: Option<Number>, shown: Number) -> Number {
    if before.is_none() { shown } else { Number(0) }
}

fn page_size(text: &str) -> Result<usize, Answer> {
    let bad = || {
        Answer::new(
            StatusCode::BAD_REQUEST,
            "bad_limit",
            format!("limit is a number from 1 to {}", limits::READ_EVENTS),
        )
    };
    let size = number(text).ok().and_then(|number| usize::try_from(number.0).ok());
    size.filter(|size| *size <= limits::READ_EVENTS).ok_or_else(bad)
}

/// The address to hand on, by the host that the client asked.
fn address(request: &Parts, what: &str, log: &RoomLog) -> String {
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let secure = request.extensions.get::<Caller>().is_some_and(|caller| caller.secure);
    format!("{}://{host}/{what}/{}", if secure { "https" } else { "http" }, log.key())
}

fn message(slot: &Slot) -> Option<Message<'_>> {
    let event = slot.event();
    let Body::Message { text, state, .. } = &event.body else { return None };
    Some(Message {
        number: event.number.0,
        author: Author { id: author_id(event.author), name: event.name.as_str(), guest: event.author.is_guest() },
        text: text.as_str(),
        at: Moment::from_us(event.at.0),
        edited: *state == parlor_core::event::MessageState::Edited,
        deleted: *state == parlor_core::event::MessageState::Redacted,
    })
}
