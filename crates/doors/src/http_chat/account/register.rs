//! `/register`, and `/setup/TOKEN`, where whoever runs the server makes the first account.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::chat::NewPerson;
use parlor_core::{Error, Refusal, limits};
use parlor_wire::http_chat::FormFields;

use super::pages::{Problems, RegisterPage};
use super::{about_name, admit, asked_again, next, refused};
use crate::http::{Answer, Caller, Face, Http};
use crate::http_chat::visitor::Visitor;
use crate::http_chat::{create::see_other, form, page, parts};

pub(super) async fn ask(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = asked(&http, caller, &request).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn asked(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let next = next::named_in(request.uri.query());
    let visitor = Visitor::of(http, &request.headers).await?;
    if visitor.grant.is_some() {
        return Ok(see_other(&next));
    }
    let mut response = Form::default().show(http, "/register", &next, Problems::default())?;
    visitor.settle(response.headers_mut(), caller);
    Ok(response)
}

pub(super) async fn register(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(make(&http, caller, &request, face, None)).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

pub(super) async fn ask_operator(State(http): State<Arc<Http>>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = match http.chat.is_operator_link(parts(&request).0).await {
        Ok(true) => Form::default().show(&http, request.uri.path(), next::HOME, Problems::default()),
        Ok(false) => Err(used()),
        Err(error) => Err(http.refuse(error)),
    };
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

pub(super) async fn register_operator(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(make(&http, caller, &request, face, Some(parts(&request).0))).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

/// What was typed, but for the password, which no page repeats.
#[derive(Debug, Default)]
struct Form {
    name: String,
    display: String,
}

async fn make(
    http: &Http,
    caller: Caller,
    request: &Parts,
    face: Face,
    setup: Option<&str>,
) -> Result<Response, Answer> {
    let fields = form(request)?;
    let typed = Form::of(&fields);
    let next = next::named(&fields);
    let new = NewPerson {
        handle: typed.name.trim(),
        name: Some(typed.display.trim()).filter(|name| !name.is_empty()).map(str::as_bytes),
        password: fields.get("password").filter(|password| !password.is_empty()),
    };
    let visitor = Visitor::of(http, &request.headers).await?;
    let made = match setup {
        Some(token) => http.chat.register_operator(Some(caller.origin), token, new).await,
        None => http.chat.register(Some(caller.origin), new).await,
    };
    match made {
        Ok(account) => admit(http, caller, &visitor, &request.headers, &account, &next).await,
        Err(Error::Refused(Refusal::NotFound)) if setup.is_some() => Err(used()),
        Err(Error::Refused(refusal)) if face == Face::Html => {
            let Some(answered) = asked_again(&refusal) else { return Err(http.refuse(refusal.into())) };
            let action = if setup.is_some() { request.uri.path() } else { "/register" };
            let problems = match refusal {
                Refusal::NameTaken => typed.taken(http).await?,
                refusal => problems(&refusal),
            };
            Ok(refused(typed.show(http, action, &next, problems)?, answered))
        }
        Err(error) => Err(http.refuse(error)),
    }
}

fn problems(refusal: &Refusal) -> Problems {
    match refusal {
        Refusal::NoPassword => Problems::one("password", "Choose a password."),
        Refusal::BadPassword => Problems::refused("password", refusal),
        _ => match about_name(refusal) {
            Some((field, sentence)) => Problems::one(field, sentence),
            None => Problems::refused("", refusal),
        },
    }
}

fn used() -> Answer {
    let status = axum::http::StatusCode::NOT_FOUND;
    Answer::new(status, "not_found", "this link for the operator's account does not work, or not any more")
        .advising("as long as it has no operator, the server prints a new one each time that it starts")
}

impl Form {
    fn of(fields: &FormFields) -> Form {
        let typed = |name| fields.get(name).unwrap_or_default().to_owned();
        Form { name: typed("name"), display: typed("display") }
    }

    /// Which of the two names is taken, as core does not say: the page must not blame the one that is free.
    async fn taken(&self, http: &Http) -> Result<Problems, Answer> {
        let (name, display) = (self.name.trim(), self.display.trim());
        let is_somebody = async |name: &str| {
            let account = http.chat.account_named(name).await.map_err(|error| http.refuse(error))?;
            Ok::<bool, Answer>(account.is_some())
        };
        if display.is_empty() || display.eq_ignore_ascii_case(name) || is_somebody(name).await? {
            return Ok(problems(&Refusal::NameTaken));
        }
        if is_somebody(display).await? {
            return Ok(Problems::one("display", "Somebody logs in with this name. Choose another, or leave it empty."));
        }
        let sentence = "One of the two names is somebody's, or looks too much like one that is. Change it.";
        Ok(Problems::one("", sentence))
    }

    fn show(&self, http: &Http, action: &str, next: &str, problems: Problems) -> Result<Response, Answer> {
        let register = RegisterPage {
            action,
            next,
            name: &self.name,
            display: &self.display,
            // Whoever runs the server needs one in any case.
            passwordless: action == "/register" && http.chat.passwordless_accounts(),
            problems,
            handle_chars_max: limits::HANDLE_CHARS,
            display_chars_max: limits::DISPLAY_NAME_CHARS,
            password_bytes_max: limits::PASSWORD_BYTES,
        };
        page(register.render())
    }
}
