//! Carrying an order out.

use std::sync::Arc;

use parlor_core::account::Account;
use parlor_core::actor::{Actor, Who};
use parlor_core::chat::{Member, Named, Place, RoomPlan};
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, LOBBY, RoomId, RoomKey, Timestamp};
use parlor_core::names::{Handle, RoomName};
use parlor_core::refusal::{Error, Refusal};
use parlor_core::room::{Access, Role, Room, RoomRef, SettingsChange};
use parlor_core::room_log::RoomLog;
use parlor_core::text::DisplayName;
use parlor_core::{Chat, limits};

use super::order::{Answer, MemberRow, Order, Outcome, RoomRow, UserRow};

/// Whoever runs the server, who is not counted and may do everything.
const OPERATOR: Actor = Actor { who: Who::Operator, origin: None };

/// Does what is ordered.
pub(super) async fn act(chat: &Arc<Chat>, order: Order) -> Answer {
    match done(chat, order).await {
        Ok(outcome) => Answer::Done(outcome),
        Err(No::Said(sentence)) => Answer::Refused(sentence),
        Err(No::Core(Error::Refused(refusal))) => Answer::Refused(refusal.to_string()),
        Err(No::Core(Error::Failed(fault))) => {
            tracing::error!(%fault, "an order could not be carried out");
            Answer::Failed(fault.to_string())
        }
    }
}

/// Why not.
enum No {
    /// In our own words.
    Said(String),
    /// In those of core.
    Core(Error),
}

impl<E: Into<Error>> From<E> for No {
    fn from(error: E) -> No {
        No::Core(error.into())
    }
}

async fn done(chat: &Arc<Chat>, order: Order) -> Result<Outcome, No> {
    match order {
        Order::UserAdd { name, display_name, password } => {
            add_user(chat, &name, display_name.as_deref(), password.as_deref()).await
        }
        Order::UserPasswd { name, password } => {
            let id = account(chat, &name).await?.id;
            chat.set_password(&OPERATOR, id, password.as_deref()).await.map_err(in_words)?;
            Ok(Outcome::Nothing)
        }
        Order::UserList { after } => {
            let after = after.as_deref().and_then(Handle::find);
            let accounts = chat.accounts(&OPERATOR, after, limits::LISTED_ACCOUNTS).await?;
            Ok(Outcome::Users(accounts.into_iter().map(user_row).collect()))
        }
        Order::UserDisable { name, disabled } => {
            let id = account(chat, &name).await?.id;
            chat.disable_account(&OPERATOR, id, disabled).await?;
            Ok(Outcome::Nothing)
        }
        Order::UserRemove { name } => {
            let id = account(chat, &name).await?.id;
            // Nobody may log in between the end of its log-ins and the end of the account.
            chat.disable_account(&OPERATOR, id, true).await?;
            chat.remove_account(&OPERATOR, id).await?;
            Ok(Outcome::Nothing)
        }
        Order::RoomList { after } => {
            let rooms = chat.all_rooms(&OPERATOR, after.map(RoomId), limits::LISTED_ROOMS).await?;
            Ok(Outcome::Rooms(rooms.iter().map(room_row).collect()))
        }
        Order::RoomCreate { name, subject, listed, members_only, admins } => {
            create_room(chat, name.as_deref(), subject.as_deref(), listed, members_only, &admins).await
        }
        Order::RoomRename { room, name } => {
            let log = find_room(chat, &room).await?;
            let name = RoomName::new(&name)?;
            let change = SettingsChange { name: Some(name), ..SettingsChange::default() };
            match chat.configure(&OPERATOR, &log, change).await {
                Err(Error::Refused(Refusal::Forbidden)) if log.id() == LOBBY => {
                    Err(No::Said("the lobby keeps its name: every server has it".to_owned()))
                }
                configured => Ok(configured.map(|_| Outcome::Room(room_row(&log.room())))?),
            }
        }
        Order::RoomClose { room } => {
            let log = find_room(chat, &room).await?;
            match chat.close(&OPERATOR, &log, None).await {
                Err(Error::Refused(Refusal::Forbidden)) => {
                    Err(No::Said("the lobby stays: every server has it".to_owned()))
                }
                closed => Ok(closed.map(|_| Outcome::Nothing)?),
            }
        }
        Order::RoomMembers { room, add, admins, remove } => {
            let log = find_room(chat, &room).await?;
            change_members(chat, &log, add, admins, remove).await?;
            let members = chat.members(&OPERATOR, &log).await?;
            let row = |member: Member| MemberRow {
                name: match &member.identity.handle {
                    Some(handle) => handle.as_str().to_owned(),
                    None => format!("~{}", member.identity.name.as_str()),
                },
                role: role_word(member.role).to_owned(),
            };
            Ok(Outcome::Members(members.into_iter().map(row).collect()))
        }
    }
}

async fn add_user(
    chat: &Arc<Chat>,
    name: &str,
    display_name: Option<&str>,
    password: Option<&str>,
) -> Result<Outcome, No> {
    // Before the account is there: one without the name that was asked for would be in the way.
    display_name.map(|name| DisplayName::new(name.as_bytes())).transpose()?;
    let account = chat.add_account(&OPERATOR, None, name, password).await.map_err(in_words)?;
    if let Some(display_name) = display_name {
        let shown = chat.set_display_name(&as_account(account.id), display_name.as_bytes()).await;
        if let Err(error) = shown {
            let sentence = format!("{name} is added and shown as {}: {error}", account.handle.as_str());
            return Err(No::Said(sentence));
        }
    }
    Ok(Outcome::Nothing)
}

async fn create_room(
    chat: &Arc<Chat>,
    name: Option<&str>,
    subject: Option<&str>,
    listed: bool,
    members_only: bool,
    admins: &[String],
) -> Result<Outcome, No> {
    let plan = RoomPlan {
        subject: subject.or(name).unwrap_or_default().as_bytes(),
        named: name.map_or(Named::No, Named::Asked),
        listed,
        members_only,
        ..RoomPlan::default()
    };
    // Before the room is there: one without the people it was made for would be in the way.
    for admin in admins {
        account(chat, admin).await?;
    }
    let log = chat.open_room(&OPERATOR, plan).await?;
    change_members(chat, &log, Vec::new(), admins.to_vec(), Vec::new()).await?;
    Ok(Outcome::Room(room_row(&log.room())))
}

async fn change_members(
    chat: &Arc<Chat>,
    log: &Arc<RoomLog>,
    add: Vec<String>,
    admins: Vec<String>,
    remove: Vec<String>,
) -> Result<(), No> {
    // Before anything is changed: of an order that is refused nothing is done.
    let removed = people_to_remove(chat, log, remove).await?;
    let members = add.into_iter().map(|name| (name, Role::Member));
    let added: Vec<(String, Role)> = members.chain(admins.into_iter().map(|name| (name, Role::Admin))).collect();
    if !added.is_empty() {
        match chat.add_members(&OPERATOR, log, &added).await {
            // What was wanted is so.
            Ok(_) | Err(Error::Refused(Refusal::AlreadyMember)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    for (name, who) in removed {
        chat.set_role(&OPERATOR, log, who, None).await.map_err(|error| nobody(error, &name))?;
    }
    Ok(())
}

/// Finds the people by their names; all of them belong to the room.
async fn people_to_remove(chat: &Arc<Chat>, log: &RoomLog, names: Vec<String>) -> Result<Vec<(String, Author)>, No> {
    let mut people = Vec::new();
    for name in names {
        let Place::Person(who) = chat.find_named(&OPERATOR, &name).await.map_err(|error| nobody(error, &name))? else {
            return Err(No::Said(format!("{name} is a room")));
        };
        people.push((name, who));
    }
    if people.is_empty() {
        return Ok(people);
    }
    let mut there = chat.members(&OPERATOR, log).await?;
    let is_whole = there.len() < limits::LISTED_MEMBERS;
    there.extend(chat.banned(&OPERATOR, log).await?);
    let stranger = people.iter().find(|(_, who)| there.iter().all(|member| member.who != *who));
    match stranger {
        // Of a room that is larger than the list, the one who is looked for may be behind its end.
        Some((name, _)) if is_whole => Err(nobody(Refusal::NoSuchPerson.into(), name)),
        _ => Ok(people),
    }
}

/// Finds a room by its name, its key or its URL.
async fn find_room(chat: &Arc<Chat>, room: &str) -> Result<Arc<RoomLog>, No> {
    let word =
        if room.contains("://") { room.trim_end_matches('/').rsplit('/').next().unwrap_or_default() } else { room };
    // A key looks like a name, too.
    let by_key = RoomKey::parse(word).map(RoomRef::Key);
    for by in [by_key, RoomName::find(word).map(RoomRef::Name)].into_iter().flatten() {
        match chat.find(&OPERATOR, by).await {
            Err(Error::Refused(Refusal::NotFound)) => {}
            found => return Ok(found?),
        }
    }
    Err(No::Said(format!("there is no room {room}; `parlor room list` shows all")))
}

async fn account(chat: &Arc<Chat>, name: &str) -> Result<Account, No> {
    let found = chat.account_named(name).await?;
    found.ok_or_else(|| No::Said(format!("there is no account {name}; `parlor user list` shows all")))
}

fn as_account(id: AccountId) -> Actor {
    Actor { who: Who::Account(id), origin: None }
}

fn nobody(error: Error, name: &str) -> No {
    match error {
        Error::Refused(Refusal::NotFound | Refusal::NoSuchPerson) => No::Said(format!("{name} does not belong to it")),
        error => error.into(),
    }
}

fn in_words(error: Error) -> No {
    match error {
        Error::Refused(Refusal::NoPassword) => No::Said(
            "an account needs a password here; give one, or let accounts be without (passwordless_accounts)".to_owned(),
        ),
        error => error.into(),
    }
}

fn user_row(account: Account) -> UserRow {
    UserRow {
        name: account.handle.as_str().to_owned(),
        display_name: account.display_name.as_str().to_owned(),
        number: account.id.0,
        operator: account.operator,
        disabled: account.disabled,
        password: account.password.is_some(),
        created: time(account.created),
    }
}

fn room_row(room: &Room) -> RoomRow {
    RoomRow {
        number: room.id.0,
        key: room.key.as_str().to_owned(),
        name: room.name.as_ref().map(|name| name.as_str().to_owned()),
        subject: room.subject.as_str().to_owned(),
        listed: room.listed,
        access: match room.access {
            Access::Open => "open",
            Access::Question => "question",
            Access::Members => "members",
        }
        .to_owned(),
        messages: room.head.number.0,
        created: time(room.created),
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Banned => "banned",
        Role::Member => "member",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}

fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0).map_or_else(|_| String::new(), |at| at.to_string())
}
