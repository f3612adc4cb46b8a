//! `POST /direct`: leads to the room of two that is the asker's and somebody else's.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, GuestId, RoomKey};
use parlor_core::{Actor, Who};
use parlor_wire::http_chat::FormFields;

use super::cookies::{self, Cookies};
use super::create::see_other;
use crate::http::{Answer, Caller, Face, Http, WholeBody};

pub(super) async fn open(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let body = request.extensions.get::<WholeBody>().map(|body| body.0.clone()).unwrap_or_default();
    let face = Face::of(&request.headers);
    let fields = match FormFields::parse(&body) {
        Ok(fields) => fields,
        Err(error) => return bad("bad_form", &error.to_string()).render(face, None),
    };
    let back = fields.get("from").and_then(RoomKey::parse).map(|room| format!("/chat/{room}"));
    let answered = answer(&http, caller, &request, fields.get("to").unwrap_or_default()).await;
    answered.unwrap_or_else(|answer| answer.render(face, back.as_deref()))
}

async fn answer(http: &Http, caller: Caller, request: &Parts, to: &str) -> Result<Response, Answer> {
    let other = person(to).ok_or_else(|| bad("bad_person", "to is a person's id, as u7 or g12"))?;
    let cookies = Cookies::of(&http.chat, &request.headers);
    let guest = super::guest(http, &cookies).await?;
    let actor = Actor { who: Who::Guest(guest), origin: Some(caller.origin) };
    let log = http.chat.direct_room(&actor, other).await.map_err(|error| http.refuse(error))?;
    let mut response = see_other(&format!("/chat/{}", log.key()));
    if cookies.guest.is_none() {
        cookies::set_guest(&http.chat, response.headers_mut(), guest, caller.secure);
    }
    Ok(response)
}

/// The person with this id, as JSON has it.
fn person(id: &str) -> Option<Author> {
    let (kind, number) = id.split_at_checked(1)?;
    let number = parlor_wire::http_chat::parse_number(number).ok()?;
    match kind {
        "u" => Some(Author::Account(AccountId(number))),
        "g" => Some(Author::Guest(GuestId(number))),
        _ => None,
    }
}

fn bad(code: &'static str, sentence: &str) -> Answer {
    Answer::new(StatusCode::BAD_REQUEST, code, sentence)
}
