//! `/account`: the name that people see, the password, and where one is logged in.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::{Error, Refusal, limits};

use super::pages::{LogInRow, Problems, SettingsPage};
use super::{Status, Turned, about_name, asked_again, claim, member, refused};
use crate::http::{Caller, Face, Http};
use crate::http_chat::create::see_other;
use crate::http_chat::pages::{Moment, You};
use crate::http_chat::visitor::Visitor;
use crate::http_chat::{form, page, parameter};

/// What can have been done, as the address says it and as the page does.
const DONE: [(&str, &str); 3] = [
    ("name", "Your name is changed. What you said before keeps the name that it had."),
    ("password", "Your password is changed, and you are logged out everywhere else."),
    ("ended", "That log-in has ended."),
];

pub(super) async fn show(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = settings(&http, caller, &request).await;
    answered.unwrap_or_else(|turned| turned.render(face, None))
}

async fn settings(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Turned> {
    let visitor = member(http, caller, request).await?;
    let done = parameter(request.uri.query(), "done")?;
    let done = DONE.iter().find(|(key, _)| Some(*key) == done.as_deref()).map(|(_, sentence)| *sentence);
    render(http, caller, &visitor, done, None, Problems::default()).await
}

/// The page. `display`: the name that was typed and not taken.
async fn render(
    http: &Http,
    caller: Caller,
    visitor: &Visitor,
    done: Option<&'static str>,
    display: Option<&str>,
    problems: Problems,
) -> Result<Response, Turned> {
    let Some(grant) = &visitor.grant else { return Err(super::super::visitor::logged_out().into()) };
    let account = grant.account();
    let log_ins = http.chat.sessions(&visitor.actor(caller)).await.map_err(|error| http.refuse(error))?;
    let here = http.chat.log_in_id(grant.session());
    let sessions = log_ins.into_iter().map(|log_in| LogInRow {
        here: log_in.id == here,
        id: log_in.id,
        label: log_in.label,
        used: Moment::from_us(log_in.used.0),
        connected: log_in.connected,
    });
    let guest = claim::guest_who_wrote(http, visitor).await?;
    let settings = SettingsPage {
        you: Some(You::of(&account)),
        handle: account.handle.as_str(),
        display: display.unwrap_or(account.display_name.as_str()),
        has_password: account.password.is_some(),
        operator: account.operator,
        sessions: sessions.collect(),
        guest: guest.as_ref().map(|(_, name)| name.as_str()),
        done,
        problems,
        display_chars_max: limits::DISPLAY_NAME_CHARS,
        password_bytes_max: limits::PASSWORD_BYTES,
    };
    Ok(page(settings.render())?)
}

pub(super) async fn name(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = rename(&http, caller, &request, face).await;
    answered.unwrap_or_else(|turned| turned.render(face, Some("/account")))
}

async fn rename(http: &Http, caller: Caller, request: &Parts, face: Face) -> Result<Response, Turned> {
    let visitor = member(http, caller, request).await?;
    let fields = form(request)?;
    let display = fields.get("display").unwrap_or_default().trim();
    let named = http.chat.set_display_name(&visitor.actor(caller), display.as_bytes()).await;
    let Some((refusal, answered)) = taken(http, face, named)? else { return Ok(see_other("/account?done=name")) };
    let sentence = match &refusal {
        Refusal::Empty(_) => "Write a name.".to_owned(),
        refusal => about_name(refusal).map_or_else(|| super::pages::sentence(refusal), |(_, sentence)| sentence),
    };
    let page = render(http, caller, &visitor, None, Some(display), Problems::one("display", sentence)).await?;
    Ok(refused(page, answered))
}

pub(super) async fn password(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(change_password(&http, caller, &request, face)).await;
    answered.unwrap_or_else(|turned| turned.render(face, Some("/account")))
}

async fn change_password(http: &Http, caller: Caller, request: &Parts, face: Face) -> Result<Response, Turned> {
    let visitor = member(http, caller, request).await?;
    let fields = form(request)?;
    let field = |name| fields.get(name).filter(|text| !text.is_empty());
    let keep = visitor.grant.as_ref().map(|grant| grant.session());
    let changed = http.chat.change_password(&visitor.actor(caller), field("old"), field("new"), keep).await;
    let Some((refusal, answered)) = taken(http, face, changed)? else { return Ok(see_other("/account?done=password")) };
    let problems = match &refusal {
        Refusal::BadLogin => Problems::one("old", "This is not your password."),
        Refusal::BadPassword => Problems::refused("new", &refusal),
        Refusal::NoPassword => Problems::one("new", "Choose a password."),
        refusal => Problems::refused("", refusal),
    };
    Ok(refused(render(http, caller, &visitor, None, None, problems).await?, answered))
}

pub(super) async fn end(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = end_log_in(&http, caller, &request).await;
    answered.unwrap_or_else(|turned| turned.render(face, Some("/account")))
}

async fn end_log_in(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Turned> {
    let visitor = member(http, caller, request).await?;
    let fields = form(request)?;
    let actor = visitor.actor(caller);
    let refuse = |error| http.refuse(error);
    let ids: Vec<String> = match (fields.get("id"), fields.get("others"), &visitor.grant) {
        (Some(id), None, _) => vec![id.to_owned()],
        (None, Some("1"), Some(grant)) => {
            let log_ins = http.chat.sessions(&actor).await.map_err(refuse)?.into_iter();
            log_ins.map(|log_in| log_in.id).filter(|id| *id != http.chat.log_in_id(grant.session())).collect()
        }
        _ => {
            let sentence = "say which log-in by id, or others=1";
            return Err(crate::http::Answer::new(StatusCode::BAD_REQUEST, "bad_form", sentence).into());
        }
    };
    for id in ids {
        // One that is over already is what was asked for.
        http.chat.end_log_in(&actor, &id).await.map_err(refuse)?;
    }
    Ok(see_other("/account?done=ended"))
}

/// Whether a form was taken: `None`; else why not, for a page that asks once more.
fn taken<T>(http: &Http, face: Face, answered: Result<T, Error>) -> Result<Option<(Refusal, Status)>, Turned> {
    match answered {
        Ok(_) => Ok(None),
        Err(Error::Refused(refusal)) if face == Face::Html => match asked_again(&refusal) {
            Some(answered) => Ok(Some((refusal, answered))),
            None => Err(http.refuse(refusal.into()).into()),
        },
        Err(error) => Err(http.refuse(error).into()),
    }
}
