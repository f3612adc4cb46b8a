//! `GET /chat/KEY`: the chat page, with a new client identifier at every call.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use parlor_core::event::{Author, Body};
use parlor_core::guests::unnamed;
use parlor_core::ids::Number;
use parlor_core::limits;
use parlor_core::names::RoomName;
use parlor_core::room::{Access, RoomRef};
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;
use parlor_core::text::DisplayName;
use parlor_core::{Actor, Error, Fault, Refusal};

use super::pages::{self, ChatPage, Me, Message, Moment};
use super::sidebar::Sidebar;
use super::visitor::Visitor;
use super::{CHAT_NUMBER, Door, cookies, create, number, parameter, parts, question};
use crate::http::{Answer, Caller, Face, Http};
use crate::json::author_id;

pub(super) async fn show(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(answer(&door, caller, &request)).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(door: &Door, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let http = &*door.http;
    let mut visitor = Visitor::of(http, &request.headers).await?;
    let (key, _) = parts(request);
    if let Some(name) = RoomName::find(key).filter(|_| parlor_core::ids::RoomKey::parse(key).is_none()) {
        let found = http.chat.find(&visitor.actor(caller), RoomRef::Name(name)).await;
        let log = found.map_err(|error| not_found(http.refuse(error), &visitor, request))?;
        return Ok(create::see_other(&format!("/chat/{}", log.key())));
    }
    let log = super::room(http, &visitor.actor(caller), key).await;
    let log = log.map_err(|answer| not_found(answer, &visitor, request))?;
    if visitor.is_new() {
        visitor.cookies.guest = match http.chat.new_guest().await {
            Ok(guest) => Some(guest),
            // Reading goes on when nothing can be stored, not even that another guest number is taken.
            Err(Error::Failed(Fault::DiskFull | Fault::Unavailable(_))) => None,
            Err(error) => return Err(http.refuse(error)),
        };
    }
    let actor = visitor.actor(caller);
    let mut response = match http.chat.may_read(&actor, &log).await {
        Ok(()) => render(door, &log, &actor, &visitor, request).await?,
        Err(Error::Refused(Refusal::Forbidden)) if log.room().gate().is_some() => question::page(&log, false)?,
        Err(error) => return Err(http.refuse(error)),
    };
    let (headers, guest) = (response.headers_mut(), visitor.guest());
    visitor.settle(headers, caller);
    if let Some(guest) = guest {
        cookies::set_guest(&http.chat, headers, guest, caller.secure);
    }
    if guest.is_some() || visitor.grant.is_some() {
        cookies::set_client(&http.chat, headers, guest, log.key(), caller.secure);
    }
    Ok(response)
}

/// Whoever is not logged in may be a member of what looks like no room.
fn not_found(answer: Answer, visitor: &Visitor, request: &Parts) -> Answer {
    if answer.status != StatusCode::NOT_FOUND || visitor.grant.is_some() {
        return answer;
    }
    Answer { log_in: Some(format!("/login?next={}", request.uri.path())), ..answer }
}

async fn render(
    door: &Door,
    log: &RoomLog,
    actor: &Actor,
    visitor: &Visitor,
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
    let looking = Looking::of(http, visitor).await.map_err(refuse)?;
    if before.is_none() && shown.0 > 0 && visitor.grant.is_some() && !is_fetched_ahead(request) {
        // Before the list of rooms is made up, in which this one is not new any more.
        match http.chat.mark_seen(actor, log, shown).await {
            // As above.
            Ok(()) | Err(Error::Failed(Fault::DiskFull | Fault::Unavailable(_))) => {}
            Err(error) => return Err(refuse(error)),
        }
    }
    let sidebar = Box::pin(Sidebar::of(door, actor, looking.name(), log)).await.map_err(refuse)?;
    let (room, key, with) = (log.room(), log.key(), sidebar.with());
    let (chat_url, send_url) = (address(request, &format!("chat/{key}")), address(request, &format!("send/{key}")));
    let page = ChatPage {
        key: key.as_str(),
        subject: with.as_deref().unwrap_or(room.subject.as_str()),
        listed: room.listed,
        members_only: room.access == Access::Members,
        has_members: room.has_members,
        share_url: &chat_url,
        send_url: &send_url,
        messages: slots.iter().filter_map(|slot| message(slot)).collect(),
        earlier: slots.first().map(|slot| slot.event().number.0).filter(|first| *first > 1),
        next: before.is_none().then(|| shown.next().0),
        me: Me { id: &looking.id, guest: visitor.grant.is_none(), nick: &looking.nick, fallback: &looking.fallback },
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
    async fn of(http: &Http, visitor: &Visitor) -> Result<Looking, Error> {
        if let Some(account) = visitor.account() {
            let nick = account.display_name.as_str().to_owned();
            return Ok(Looking { id: author_id(Author::Account(account.id)), nick, fallback: String::new() });
        }
        let cookies = &visitor.cookies;
        let nickname = || cookies.nickname.as_ref().map(DisplayName::as_str).unwrap_or_default().to_owned();
        let Some(guest) = cookies.guest else {
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
pub(super) fn address(request: &Parts, path: &str) -> String {
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let secure = request.extensions.get::<Caller>().is_some_and(|caller| caller.secure);
    format!("{}://{host}/{path}", if secure { "https" } else { "http" })
}

/// Whether a browser asks for the page before anybody wants to see it.
fn is_fetched_ahead(request: &Parts) -> bool {
    let purpose = request.headers.get("sec-purpose").and_then(|purpose| purpose.to_str().ok());
    purpose.is_some_and(|purpose| purpose.contains("prefetch"))
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
