//! `GET /chat/KEY`: the chat page, with a new client identifier at every call.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use parlor_core::event::{Author, Body};
use parlor_core::guests::unnamed;
use parlor_core::ids::{GuestId, Number};
use parlor_core::limits;
use parlor_core::names::RoomName;
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;
use parlor_core::text::DisplayName;
use parlor_core::{Actor, Error, Fault, Refusal, Who};

use super::cookies::{self, Cookies};
use super::pages::{self, ChatPage, Me, Message, Moment};
use super::sidebar::Sidebar;
use super::{CHAT_NUMBER, Door, create, number, parameter, parts, question};
use crate::http::{Answer, Caller, Face, Http};
use crate::json::author_id;

pub(super) async fn show(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(answer(&door, caller, &request)).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(door: &Door, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let http = &*door.http;
    let cookies = Cookies::of(&http.chat, &request.headers);
    let (key, _) = parts(request);
    if let Some(name) = RoomName::find(key).filter(|_| parlor_core::ids::RoomKey::parse(key).is_none()) {
        let found = http.chat.find(&cookies.actor(caller), RoomRef::Name(name)).await;
        let log = found.map_err(|error| http.refuse(error))?;
        return Ok(create::see_other(&format!("/chat/{}", log.key())));
    }
    let log = super::room(http, &cookies.actor(caller), key).await?;
    let guest = match cookies.guest {
        Some(guest) => Some(guest),
        // Reading goes on when nothing can be stored, not even that another guest number is taken.
        None => match http.chat.new_guest().await {
            Ok(guest) => Some(guest),
            Err(Error::Failed(Fault::DiskFull | Fault::Unavailable(_))) => None,
            Err(error) => return Err(http.refuse(error)),
        },
    };
    let actor = Actor { who: guest.map_or(Who::Stranger, Who::Guest), ..cookies.actor(caller) };
    let mut response = match http.chat.may_read(&actor, &log).await {
        Ok(()) => render(door, &log, &actor, guest, &cookies, request).await?,
        Err(Error::Refused(Refusal::Forbidden)) if log.room().gate().is_some() => question::page(&log, false)?,
        Err(error) => return Err(http.refuse(error)),
    };
    if let Some(guest) = guest {
        let headers = response.headers_mut();
        cookies::set_guest(&http.chat, headers, guest, caller.secure);
        cookies::set_client(&http.chat, headers, guest, log.key(), caller.secure);
    }
    Ok(response)
}

async fn render(
    door: &Door,
    log: &RoomLog,
    actor: &Actor,
    guest: Option<GuestId>,
    cookies: &Cookies,
    request: &Parts,
) -> Result<Response, Answer> {
    let http = &*door.http;
    let refuse = |error| http.refuse(error);
    let query = request.uri.query();
    let before = parameter(query, "before")?.map(|text| number(&text)).transpose()?;
    let limit = parameter(query, "limit")?.map_or(Ok(http.options.history_on_join), |text| page_size(&text))?;
    // Before the messages are read: one that comes meanwhile is waited for by the page and found at once.
    let newest = log.head().number;
    let slots = http.chat.history(actor, log, before, limit).await.map_err(refuse)?;
    let shown = slots.last().map_or(newest, |slot| slot.event().number);
    let looking = Looking::of(http, guest, cookies).await.map_err(refuse)?;
    let parts = (&*http.chat, &*door.people, &*door.lists);
    let sidebar = Sidebar::of(parts, actor, looking.name(), log).await.map_err(refuse)?;
    let (room, key, with) = (log.room(), log.key(), sidebar.with());
    let (chat_url, send_url) = (address(request, "chat", log), address(request, "send", log));
    let page = ChatPage {
        key: key.as_str(),
        subject: with.as_deref().unwrap_or(room.subject.as_str()),
        listed: room.listed,
        share_url: &chat_url,
        send_url: &send_url,
        messages: slots.iter().filter_map(|slot| message(slot)).collect(),
        earlier: slots.first().map(|slot| slot.event().number.0).filter(|first| *first > 1),
        next: before.is_none().then(|| shown.next().0),
        me: Me { id: &looking.id, guest: true, nick: &looking.nick, fallback: &looking.fallback },
        text_bytes_max: http.chat.limits().message_bytes,
        once: &http.chat.draw_token(),
        here: sidebar.here(),
        with: with.as_deref(),
    };
    let mut response = super::page(page.render())?;
    response.headers_mut().insert(CHAT_NUMBER, HeaderValue::from(newest.0.max(shown_if_newest(before, shown).0)));
    Ok(response)
}

/// Who looks at a page.
struct Looking {
    /// `g12`; empty: somebody to whom no number could be given.
    id: String,
    /// The name this person chose; empty if none yet.
    nick: String,
    /// What stands in for it.
    fallback: String,
}

impl Looking {
    async fn of(http: &Http, guest: Option<GuestId>, cookies: &Cookies) -> Result<Looking, Error> {
        let nickname = || cookies.nickname.as_ref().map(DisplayName::as_str).unwrap_or_default().to_owned();
        let Some(guest) = guest else {
            return Ok(Looking { id: String::new(), nick: nickname(), fallback: "guest".to_owned() });
        };
        let name = http.chat.guest_name(guest).await?;
        let fallback = unnamed(guest);
        let nick = if name == fallback { nickname() } else { name.as_str().to_owned() };
        Ok(Looking { id: author_id(Author::Guest(guest)), nick, fallback: fallback.as_str().to_owned() })
    }

    fn name(&self) -> &str {
        if self.nick.is_empty() { &self.fallback } else { &self.nick }
    }
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
        author: pages::Author {
            id: author_id(event.author),
            name: event.name.as_str(),
            guest: event.author.is_guest(),
        },
        text: text.as_str(),
        at: Moment::from_us(event.at.0),
        edited: *state == parlor_core::event::MessageState::Edited,
        deleted: *state == parlor_core::event::MessageState::Redacted,
    })
}
