//! `GET /here/KEY`: who is in a room, and which private messages the asker has; hangs until something of that changes.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::Response;
use lru::LruCache;
use parlor_core::connections::Inbox;
use parlor_core::event::Author;
use parlor_core::ids::RoomId;
use parlor_core::pulse::Roster;
use parlor_core::rates::Occupancy;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Chat, Error, Refusal, limits};
use serde::Serialize;

use super::cookies::Cookies;
use super::people::People;
use super::{parameter, parts, poll};
use crate::accept::stopped;
use crate::http::{Answer, Caller, Face, Http, NO_STORE};
use crate::json::author_id;

/// Who is in the rooms, as pages are told.
pub(super) struct Lists {
    /// Drawn at the start of the server: versions of another life are not ours.
    life: String,
    /// Hanging requests by address.
    hanging: Arc<Occupancy>,
    // Held for memory work only.
    made: Mutex<LruCache<RoomId, Arc<List>>>,
}

/// Who is in a room.
#[derive(Debug, Default, Serialize)]
pub(super) struct List {
    #[serde(skip)]
    version: u64,
    /// How many people are here.
    pub(super) count: usize,
    /// Those of them that are known, by name, at most [`limits::SHOWN_PEOPLE`].
    pub(super) people: Vec<Person>,
}

/// Somebody, as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Person {
    /// `u7` or `g12`.
    pub(super) id: String,
    /// Without `~`.
    pub(super) name: String,
    /// Whether the name gets a `~`.
    pub(super) guest: bool,
}

/// A room of two in which something was said.
#[derive(Debug, Serialize)]
pub(super) struct Private {
    /// The room.
    pub(super) key: String,
    /// The other one.
    pub(super) with: Person,
    /// Its newest message.
    pub(super) number: u64,
}

#[derive(Serialize)]
struct Here<'a> {
    version: String,
    #[serde(flatten)]
    list: &'a List,
    /// Only if it may have changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    private: Option<Vec<Private>>,
}

/// What a page has been told of: a life of the server, changes of presence, changes of an inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    life: String,
    list: u64,
    inbox: u64,
}

impl Version {
    fn parse(text: &str) -> Option<Version> {
        let (life, rest) = text.split_once('-')?;
        let (list, inbox) = rest.split_once('-')?;
        Some(Version { life: life.to_owned(), list: list.parse().ok()?, inbox: inbox.parse().ok()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}-{}", self.life, self.list, self.inbox)
    }
}

pub(super) async fn show(
    State(http): State<Arc<Http>>,
    State(people): State<Arc<People>>,
    State(lists): State<Arc<Lists>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = answer(&http, &people, &lists, caller, request).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(
    http: &Http,
    people: &People,
    lists: &Lists,
    caller: Caller,
    request: Parts,
) -> Result<Response, Answer> {
    let actor = Cookies::of(&http.chat, &request.headers).actor(caller);
    let log = super::room(http, &actor, parts(&request).0).await?;
    may_read(http, &actor, &log).await?;
    // A version that is not one of ours is an old one.
    let seen = parameter(request.uri.query(), "after")?.and_then(|text| Version::parse(&text));
    let seen = seen.filter(|seen| seen.life == lists.life);
    let wait = poll::wait(http, request.uri.query())?;
    drop(request);
    let inbox = || actor.author().and_then(|me| http.chat.inbox(me));
    if let Some(seen) = &seen
        && !wait.is_zero()
    {
        let _hold = lists.hanging.hold(caller.origin).map_err(|refusal| http.refuse(refusal.into()))?;
        Box::pin(hang(http, &log, inbox(), seen, wait)).await?;
        // Waiting may have taken minutes, in which a right can be lost.
        may_read(http, &actor, &log).await?;
    }
    let list = lists.of(&log);
    let inbox = inbox().map_or(0, |inbox| inbox.version());
    let version = Version { life: lists.life.clone(), list: list.version, inbox };
    if seen.as_ref() == Some(&version) {
        return Ok(poll::nothing_yet());
    }
    let private = match actor.author().filter(|_| seen.is_none_or(|seen| seen.inbox != inbox)) {
        Some(me) => Some(private(&http.chat, people, me).await.map_err(|error| http.refuse(error))?),
        None => None,
    };
    render(http, &Here { version: version.to_string(), list: &list, private })
}

async fn may_read(http: &Http, actor: &Actor, log: &RoomLog) -> Result<(), Answer> {
    http.chat.may_read(actor, log).await.map_err(|error| super::refuse(http, log, error))
}

/// Waits until not all is as it was seen, the end of patience, or the end of the server.
async fn hang(
    http: &Http,
    log: &RoomLog,
    inbox: Option<Arc<Inbox>>,
    seen: &Version,
    wait: Duration,
) -> Result<(), Answer> {
    let mut changes = log.presence().changes().watch();
    let mut stopping = http.stopping.clone();
    // An error says that the journal is gone, and with it the room, which is borrowed here.
    let list_changed = async { drop(changes.wait_for(|version| *version != seen.list).await) };
    let inbox_changed = async {
        match &inbox {
            Some(inbox) => inbox.changed(seen.inbox).await,
            None => std::future::pending().await,
        }
    };
    // Each arm only waits, so whichever is dropped has lost nothing.
    tokio::select! {
        biased;
        () = log.closed() => Err(http.refuse(Refusal::RoomClosed.into())),
        () = list_changed => {
            let crowd = log.presence().connections() > limits::SHOWN_PEOPLE;
            let settle = if crowd { limits::HERE_CROWD_SETTLE_MILLIS } else { limits::HERE_SETTLE_MILLIS };
            tokio::time::sleep(Duration::from_millis(settle)).await;
            Ok(())
        }
        _ = inbox_changed => Ok(()),
        () = tokio::time::sleep(wait) => Ok(()),
        () = stopped(&mut stopping) => Err(Answer::restarting()),
    }
}

/// The rooms of two of a person in which something was said, newest first.
pub(super) async fn private(chat: &Chat, people: &People, me: Author) -> Result<Vec<Private>, Error> {
    let mut found = Vec::new();
    for log in chat.direct_rooms(me).await? {
        let number = log.head().number.0;
        let Some(other) = log.room().other(me).filter(|_| number > 0) else { continue };
        let Some(with) = person(chat, people, other).await? else { continue };
        found.push(Private { key: log.key().to_string(), with, number });
        if found.len() == limits::SHOWN_DIRECT_ROOMS {
            break;
        }
    }
    Ok(found)
}

/// How somebody is shown; `None`: the account is no more.
pub(super) async fn person(chat: &Chat, people: &People, who: Author) -> Result<Option<Person>, Error> {
    match people.identity(chat, who).await {
        Ok(identity) => Ok(Some(Person::new(who, identity.name.as_str()))),
        Err(Error::Refused(Refusal::NoSuchPerson)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn render(http: &Http, here: &Here<'_>) -> Result<Response, Answer> {
    let json = serde_json::to_string(here);
    let json = json.map_err(|error| http.refuse(parlor_core::Fault::Internal(error.to_string()).into()))?;
    let mut response = Response::new(json.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    Ok(response)
}

impl Lists {
    /// None yet.
    pub(super) fn new(chat: &Chat) -> Lists {
        const KEPT: NonZeroUsize = NonZeroUsize::new(limits::HERE_LISTS).expect("the limit is not 0");
        Lists {
            life: chat.draw_token(),
            hanging: Occupancy::new("hanging requests for who is here", chat.limits().polls_per_address),
            made: Mutex::new(LruCache::new(KEPT)),
        }
    }

    /// Who is in a room now: made up once for everybody who asks.
    pub(super) fn of(&self, log: &RoomLog) -> Arc<List> {
        let made = self.lock().get(&log.id()).cloned();
        if let Some(made) = made.filter(|made| made.version == log.presence().changes().version()) {
            return made;
        }
        let list = Arc::new(List::new(&log.presence().roster()));
        self.lock().put(log.id(), list.clone());
        list
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<RoomId, Arc<List>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn new(roster: &Roster) -> List {
        let known = roster.attendants.iter().filter_map(|attendant| {
            let identity = &attendant.identity;
            identity.who.map(|who| Person::new(who, identity.name.as_str()))
        });
        let mut people: Vec<Person> = known.collect();
        let strangers = roster.attendants.len() - people.len();
        // Somebody with several connections is here once.
        people.sort_by(|one, other| one.id.cmp(&other.id));
        people.dedup_by(|one, other| one.id == other.id);
        people.sort_by_cached_key(|person| person.name.to_lowercase());
        let count = people.len() + strangers;
        people.truncate(limits::SHOWN_PEOPLE);
        List { version: roster.version, count, people }
    }
}

impl Person {
    /// Somebody of this name.
    pub(super) fn new(who: Author, name: &str) -> Person {
        Person { id: author_id(who), name: name.to_owned(), guest: who.is_guest() }
    }
}
