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
use parlor_core::sessions::Grant;
use parlor_core::{Actor, Chat, Error, Refusal, limits};
use serde::Serialize;

use super::mine::Told;
use super::people::People;
use super::visitor::{self, Visitor};
use super::{Door, parameter, parts, poll};
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
    /// What the other one said in it and an account has not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unread: Option<u64>,
}

/// Another room that an account belongs to.
#[derive(Debug, Serialize)]
pub(super) struct Belonging {
    /// The room.
    pub(super) key: String,
    /// What it is about.
    pub(super) subject: String,
    /// What was said in it and not seen.
    pub(super) unread: u64,
}

#[derive(Serialize)]
struct Here<'a> {
    version: String,
    #[serde(flatten)]
    list: &'a List,
    /// Only if it may have changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    private: Option<Vec<Private>>,
    /// Only of an account, and only if it may have changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<Vec<Belonging>>,
}

/// What a page has been told of: a life of the server, changes of presence, and what concerns the asker alone: of a guest
/// changes of the inbox, of an account its rooms and what is new in them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    life: String,
    list: u64,
    own: u64,
}

impl Version {
    fn parse(text: &str) -> Option<Version> {
        let (life, rest) = text.split_once('-')?;
        let (list, own) = rest.split_once('-')?;
        Some(Version { life: life.to_owned(), list: list.parse().ok()?, own: own.parse().ok()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}-{}", self.life, self.list, self.own)
    }
}

pub(super) async fn show(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = answer(&door, caller, request).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(door: &Door, caller: Caller, request: Parts) -> Result<Response, Answer> {
    let (http, lists) = (&*door.http, &*door.lists);
    let visitor = Visitor::acting(http, &request.headers).await?;
    let asker = Asker { actor: visitor.actor(caller), grant: visitor.grant };
    let log = super::room(http, &asker.actor, parts(&request).0).await?;
    may_read(http, &asker.actor, &log).await?;
    // A version that is not one of ours is an old one.
    let seen = parameter(request.uri.query(), "after")?.and_then(|text| Version::parse(&text));
    let seen = seen.filter(|seen| seen.life == lists.life);
    let wait = poll::wait(http, request.uri.query())?;
    drop(request);
    let own = match &seen {
        Some(seen) if !wait.is_zero() => {
            let _hold = lists.hanging.hold(caller.origin).map_err(|refusal| http.refuse(refusal.into()))?;
            let own = Box::pin(hang(door, &asker, &log, seen, wait)).await?;
            // Waiting may have taken minutes, in which a right can be lost.
            may_read(http, &asker.actor, &log).await?;
            own
        }
        _ => Own::of(door, &asker, &log).await?,
    };
    let list = lists.of(&log);
    let version = Version { life: lists.life.clone(), list: list.version, own: own.version() };
    if seen.as_ref() == Some(&version) {
        return Ok(poll::nothing_yet());
    }
    let tells_own = seen.is_none_or(|seen| seen.own != version.own);
    let (private, rooms) = if tells_own { own.tell(door, &asker, &log).await? } else { (None, None) };
    render(http, &Here { version: version.to_string(), list: &list, private, rooms })
}

/// Who asks.
struct Asker {
    actor: Actor,
    grant: Option<Grant>,
}

/// What concerns the asker alone.
enum Own {
    /// Of a guest: the inbox, and its version.
    Guest(Option<Arc<Inbox>>, u64),
    /// Of an account: its rooms, and the version of those that this page is told of.
    Account(Arc<Told>, u64),
}

impl Own {
    async fn of(door: &Door, asker: &Asker, log: &RoomLog) -> Result<Own, Answer> {
        let chat = &door.http.chat;
        match asker.actor.author() {
            Some(Author::Account(account)) => {
                let told = Box::pin(door.belongings.of((chat, &door.people), &asker.actor, account)).await;
                let told = told.map_err(|error| door.http.refuse(error))?;
                let version = told.version(log.key().as_str());
                Ok(Own::Account(told, version))
            }
            who => {
                let inbox = who.and_then(|me| chat.inbox(me));
                let version = inbox.as_ref().map_or(0, |inbox| inbox.version());
                Ok(Own::Guest(inbox, version))
            }
        }
    }

    fn version(&self) -> u64 {
        match self {
            Own::Guest(_, version) | Own::Account(_, version) => *version,
        }
    }

    /// Waits until it may be another. Cancel safe.
    async fn changed(&self, log: &RoomLog) {
        match self {
            Own::Guest(Some(inbox), version) => drop(inbox.changed(*version).await),
            Own::Guest(None, _) => std::future::pending().await,
            Own::Account(told, _) => told.changed(log).await,
        }
    }

    /// What a page is told of it.
    async fn tell(
        &self,
        door: &Door,
        asker: &Asker,
        log: &RoomLog,
    ) -> Result<(Option<Vec<Private>>, Option<Vec<Belonging>>), Answer> {
        match self {
            Own::Guest(..) => {
                let Some(me) = asker.actor.author() else { return Ok((None, None)) };
                let private = private(&door.http.chat, &door.people, me).await;
                Ok((Some(private.map_err(|error| door.http.refuse(error))?), None))
            }
            Own::Account(told, _) => {
                let (private, rooms) = told.split(log.key().as_str());
                Ok((Some(private), Some(rooms)))
            }
        }
    }
}

async fn may_read(http: &Http, actor: &Actor, log: &RoomLog) -> Result<(), Answer> {
    http.chat.may_read(actor, log).await.map_err(|error| super::refuse(http, log, error))
}

/// Waits until not all is as it was seen, the end of patience, of the session, or of the server; answers what concerns the
/// asker then.
async fn hang(door: &Door, asker: &Asker, log: &RoomLog, seen: &Version, wait: Duration) -> Result<Own, Answer> {
    let http = &*door.http;
    let mut changes = log.presence().changes().watch();
    let mut stopping = http.stopping.clone();
    let mut patience = std::pin::pin!(tokio::time::sleep(wait));
    loop {
        let own = Own::of(door, asker, log).await?;
        if own.version() != seen.own {
            return Ok(own);
        }
        // An error says that the journal is gone, and with it the room, which is borrowed here.
        let list_changed = async { drop(changes.wait_for(|version| *version != seen.list).await) };
        // Each arm only waits, so whichever is dropped has lost nothing.
        tokio::select! {
            biased;
            () = visitor::ended(asker.grant.as_ref()) => return Err(visitor::logged_out()),
            () = log.closed() => return Err(http.refuse(Refusal::RoomClosed.into())),
            () = list_changed => {
                let crowd = log.presence().connections() > limits::SHOWN_PEOPLE;
                let settle = if crowd { limits::HERE_CROWD_SETTLE_MILLIS } else { limits::HERE_SETTLE_MILLIS };
                tokio::time::sleep(Duration::from_millis(settle)).await;
                return Own::of(door, asker, log).await;
            }
            // It may turn out to be nothing that this page is told of.
            () = own.changed(log) => {}
            () = &mut patience => return Ok(own),
            () = stopped(&mut stopping) => return Err(Answer::restarting()),
        }
    }
}

/// The rooms of two of a person in which something was said, newest first.
pub(super) async fn private(chat: &Chat, people: &People, me: Author) -> Result<Vec<Private>, Error> {
    let mut found = Vec::new();
    for log in chat.direct_rooms(me).await? {
        let number = log.head().number.0;
        let Some(other) = log.room().other(me).filter(|_| number > 0) else { continue };
        let Some(with) = person(chat, people, other).await? else { continue };
        found.push(Private { key: log.key().to_string(), with, number, unread: None });
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
    /// As text shows it.
    pub(super) fn shown(&self) -> String {
        format!("{}{}", if self.guest { "~" } else { "" }, self.name)
    }

    /// Somebody of this name.
    pub(super) fn new(who: Author, name: &str) -> Person {
        Person { id: author_id(who), name: name.to_owned(), guest: who.is_guest() }
    }
}
