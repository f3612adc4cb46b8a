//! `/chat/KEY/members`: who belongs to a room and as what.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::chat::{Member, OpenInvitation};
use parlor_core::room::{Access, Role};
use parlor_core::{Error, Refusal};

use super::At;
use super::pages::{Act, InvitationRow, MemberRow, MembersPage};
use crate::http::{Answer, Caller, Face};
use crate::http_chat::account::pages::Problems;
use crate::http_chat::account::{Turned, asked_again, refused};
use crate::http_chat::create::see_other;
use crate::http_chat::direct::person;
use crate::http_chat::pages::{Moment, You};
use crate::http_chat::{Door, form, page, parameter};
use crate::json::author_id;

/// Members on one page: what a person looks through, in about 100 KiB.
const PAGE: usize = 200;

/// What can have been done, as the address says it and as the page does.
const DONE: [(&str, &str); 4] = [
    ("added", "They belong to it now."),
    ("role", "It is changed."),
    ("removed", "It is changed. Who is not a member any more is cut off at once."),
    ("ended", "That link does not work any more."),
];

/// What the page says beside the members.
#[derive(Default)]
pub(super) struct Said<'a> {
    pub(super) link: Option<&'a str>,
    pub(super) names: &'a str,
    pub(super) done: Option<&'static str>,
    pub(super) problems: Problems,
    /// Which page of many.
    pub(super) page: usize,
}

pub(super) async fn show(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = answer(&door, caller, &request).await;
    answered.unwrap_or_else(|turned| turned.render(face, None))
}

async fn answer(door: &Door, caller: Caller, request: &Parts) -> Result<Response, Turned> {
    let at = At::of(door, caller, request).await?;
    let done = parameter(request.uri.query(), "done")?;
    let done = DONE.iter().find(|(key, _)| Some(*key) == done.as_deref()).map(|(_, sentence)| *sentence);
    let number = parameter(request.uri.query(), "page")?.and_then(|page| page.parse().ok()).unwrap_or(0);
    Ok(render(door, &at, Said { done, page: number, ..Said::default() }).await?)
}

/// The page.
pub(super) async fn render(door: &Door, at: &At, said: Said<'_>) -> Result<Response, Answer> {
    let http = &*door.http;
    let mut members = http.chat.members(&at.actor, &at.log).await.map_err(|error| http.refuse(error))?;
    members.sort_by_key(|member| std::cmp::Reverse(member.role));
    let me = at.actor.author();
    let role = members.iter().find(|member| Some(member.who) == me).map(|member| member.role);
    let manages = role >= Some(Role::Admin);
    let banned = if manages { http.chat.banned(&at.actor, &at.log).await } else { Ok(vec![]) };
    let banned = banned.map_err(|error| http.refuse(error))?;
    let row = |member: Member| {
        let guest = if member.who.is_guest() { "~" } else { "" };
        let me = Some(member.who) == me;
        MemberRow {
            id: author_id(member.who),
            name: format!("{guest}{}", member.identity.name.as_str()),
            handle: member.identity.handle.as_ref().map(|handle| handle.as_str().to_owned()),
            role: member.role,
            me,
            acts: if me { vec![] } else { Act::of(role, member.role) },
        }
    };
    let problems = said.problems.above_without("names", manages);
    let problems =
        problems.above_without("close", role == Some(Role::Owner)).above_without("leave", role >= Some(Role::Member));
    let (count, first) = (members.len(), said.page.saturating_mul(PAGE));
    let (room, key) = (at.log.room(), at.log.key());
    let members = MembersPage {
        you: at.visitor.account().map(|account| You::of(&account)),
        role,
        key: key.as_str(),
        subject: room.subject.as_str(),
        open: room.access == Access::Open,
        count,
        members: members.into_iter().skip(first).take(PAGE).map(row).collect(),
        banned: banned.into_iter().map(row).collect(),
        more: (count > first.saturating_add(PAGE)).then_some(said.page + 1),
        invitations: if manages { invitations(door, at).await? } else { vec![] },
        link: said.link,
        names: said.names,
        done: said.done,
        problems,
    };
    page(members.render())
}

async fn invitations(door: &Door, at: &At) -> Result<Vec<InvitationRow>, Answer> {
    let found = door.http.chat.invitations(&at.actor, &at.log).await.map_err(|error| door.http.refuse(error))?;
    let row = |one: OpenInvitation| InvitationRow {
        id: one.id,
        by: one.by,
        uses: one.uses,
        expires: Moment::from_us(one.expires.0),
    };
    Ok(found.into_iter().map(row).collect())
}

pub(super) async fn add(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(add_named(&door, caller, &request, face)).await;
    answered.unwrap_or_else(|turned| turned.render(face, None))
}

async fn add_named(door: &Door, caller: Caller, request: &Parts, face: Face) -> Result<Response, Turned> {
    let at = At::of(door, caller, request).await?;
    let fields = form(request)?;
    let typed = fields.get("names").unwrap_or_default();
    let role = match fields.get("as").unwrap_or("member") {
        "member" => Role::Member,
        "admin" => Role::Admin,
        _ => return Err(bad("as is member or admin").into()),
    };
    let mut names: Vec<(String, Role)> = Vec::new();
    for name in typed.split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty()) {
        let name = name.trim_start_matches('@').to_owned();
        if !names.iter().any(|(known, _)| *known == name) {
            names.push((name, role));
        }
    }
    let done = format!("{}?done=added", at.members_page());
    let added = match names.is_empty() {
        true => Err(Refusal::Empty(parlor_core::refusal::What::Name).into()),
        false => door.http.chat.add_members(&at.actor, &at.log, &names).await,
    };
    let sentence = |refusal: &Refusal| match refusal {
        Refusal::Empty(_) => "Write at least one name.".to_owned(),
        Refusal::Unknown(name) => format!("There is nobody called {name} here, so nobody was added."),
        Refusal::AlreadyMember => "All of them belong to it already.".to_owned(),
        refusal => crate::http_chat::account::pages::sentence(refusal),
    };
    let again = |refusal: &Refusal| Said {
        names: typed,
        problems: Problems::one("names", sentence(refusal)),
        ..Said::default()
    };
    finish(door, &at, face, added.map(drop), &done, again).await
}

pub(super) async fn role(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(change_role(&door, caller, &request, face)).await;
    answered.unwrap_or_else(|turned| turned.render(face, None))
}

async fn change_role(door: &Door, caller: Caller, request: &Parts, face: Face) -> Result<Response, Turned> {
    let at = At::of(door, caller, request).await?;
    let fields = form(request)?;
    let who = fields.get("who").and_then(person).ok_or_else(|| bad("who is a person's id, as u7 or g12"))?;
    let role = match fields.get("role") {
        Some("admin") => Some(Role::Admin),
        Some("member") => Some(Role::Member),
        Some("banned") => Some(Role::Banned),
        Some("none") => None,
        _ => return Err(bad("role is admin, member, banned or none").into()),
    };
    let cuts_off = !matches!(role, Some(Role::Admin | Role::Member));
    let done = format!("{}?done={}", at.members_page(), if cuts_off { "removed" } else { "role" });
    let changed = door.http.chat.set_role(&at.actor, &at.log, who, role).await;
    let again = |refusal: &Refusal| Said { problems: Problems::refused("", refusal), ..Said::default() };
    finish(door, &at, face, changed.map(drop), &done, again).await
}

/// Where a form leads: on, or to the page once more, with what was wrong.
pub(super) async fn finish<'a>(
    door: &Door,
    at: &At,
    face: Face,
    acted: Result<(), Error>,
    done: &str,
    again: impl FnOnce(&Refusal) -> Said<'a>,
) -> Result<Response, Turned> {
    match acted {
        Ok(()) => Ok(see_other(done)),
        Err(Error::Refused(refusal)) if face == Face::Html => {
            // Unknown people are no missing page.
            let status = match &refusal {
                Refusal::Unknown(_) | Refusal::NoSuchPerson => Some((StatusCode::NOT_FOUND, Default::default())),
                refusal => asked_again(refusal),
            };
            let Some(status) = status else { return Err(door.http.refuse(refusal.into()).into()) };
            Ok(refused(render(door, at, again(&refusal)).await?, status))
        }
        Err(error) => Err(door.http.refuse(error).into()),
    }
}

pub(super) fn bad(sentence: &str) -> Answer {
    Answer::new(StatusCode::BAD_REQUEST, "bad_form", sentence)
}
