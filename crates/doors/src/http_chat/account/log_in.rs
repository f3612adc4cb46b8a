//! `/login` and `/logout`.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::{Error, Refusal, limits};

use super::pages::{LogInPage, Problems};
use super::{admit, asked_again, next, refused};
use crate::http::{Answer, Caller, Face, Http};
use crate::http_chat::create::see_other;
use crate::http_chat::visitor::Visitor;
use crate::http_chat::{cookies, form, page};

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
    let mut response = show(http, &next, "", Problems::default())?;
    visitor.settle(response.headers_mut(), caller);
    Ok(response)
}

pub(super) async fn log_in(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(try_password(&http, caller, &request, face)).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn try_password(http: &Http, caller: Caller, request: &Parts, face: Face) -> Result<Response, Answer> {
    let fields = form(request)?;
    let (name, next) = (fields.get("name").unwrap_or_default(), next::named(&fields));
    let password = fields.get("password").filter(|password| !password.is_empty());
    let visitor = Visitor::of(http, &request.headers).await?;
    match http.chat.check_password(name.trim(), password, Some(caller.origin)).await {
        Ok(account) => admit(http, caller, &visitor, &request.headers, &account, &next).await,
        Err(Error::Refused(refusal)) if face == Face::Html => {
            let Some(answered) = asked_again(&refusal) else { return Err(http.refuse(refusal.into())) };
            Ok(refused(show(http, &next, name, problems(&refusal))?, answered))
        }
        Err(error) => Err(http.refuse(error)),
    }
}

/// Whether the name is nobody's or the password is wrong is not said.
fn problems(refusal: &Refusal) -> Problems {
    match refusal {
        Refusal::BadLogin => Problems::one("password", "Wrong name or password."),
        Refusal::BadPassword => Problems::refused("password", refusal),
        Refusal::TooFast { retry_after } => {
            let seconds = retry_after.as_secs_f64().ceil();
            Problems::one("", format!("Too many tries just now. Wait {seconds} s, then try again."))
        }
        _ => Problems::refused("", refusal),
    }
}

fn show(http: &Http, next: &str, name: &str, problems: Problems) -> Result<Response, Answer> {
    let log_in = LogInPage {
        next,
        name,
        passwordless: http.chat.passwordless_accounts(),
        problems,
        handle_chars_max: limits::HANDLE_CHARS,
        password_bytes_max: limits::PASSWORD_BYTES,
    };
    page(log_in.render())
}

pub(super) async fn log_out(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = end(&http, caller, &request).await;
    answered.unwrap_or_else(|answer| answer.render(face, None))
}

async fn end(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Answer> {
    let visitor = Visitor::of(http, &request.headers).await?;
    if let Some(grant) = &visitor.grant {
        http.chat.end_session(grant).await.map_err(|error| http.refuse(error))?;
    }
    let mut response = see_other(next::HOME);
    cookies::drop_session(response.headers_mut(), caller.secure);
    Ok(response)
}
