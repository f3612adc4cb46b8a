//! `POST /direct`: leads to the room of two that is the asker's and somebody else's.

use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, GuestId, RoomKey};
use parlor_core::{Error, Refusal};

use super::account::pages::Problems;
use super::account::refused;
use super::create::see_other;
use super::rooms::{self, Typed};
use super::visitor::Visitor;
use super::{Door, form};
use crate::http::{Answer, Caller, Face, Http};

pub(super) async fn open(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let fields = match form(&request) {
        Ok(fields) => fields,
        Err(answer) => return answer.render(face, None),
    };
    let back = fields.get("from").and_then(RoomKey::parse).map(|room| format!("/chat/{room}"));
    let answered = match (fields.get("to"), fields.get("name")) {
        (None, Some(name)) => Box::pin(to_named(&door, caller, &request, face, name)).await,
        (to, _) => to_known(&door.http, caller, &request, to.unwrap_or_default()).await,
    };
    answered.unwrap_or_else(|answer| answer.render(face, back.as_deref()))
}

/// Somebody whom the asker sees.
async fn to_known(http: &Http, caller: Caller, request: &Parts, to: &str) -> Result<Response, Answer> {
    let other = person(to).ok_or_else(|| bad("bad_person", "to is a person's id, as u7 or g12"))?;
    let visitor = Visitor::acting(http, &request.headers).await?;
    let somebody = visitor.somebody(http, caller).await?;
    let log = http.chat.direct_room(&somebody.actor, other).await.map_err(|error| http.refuse(error))?;
    let mut response = see_other(&format!("/chat/{}", log.key()));
    somebody.welcome(http, response.headers_mut(), caller);
    Ok(response)
}

/// Somebody by name, from the page of one's rooms, which asks once more if there is nobody.
async fn to_named(door: &Door, caller: Caller, request: &Parts, face: Face, name: &str) -> Result<Response, Answer> {
    let http = &*door.http;
    let visitor = Visitor::acting(http, &request.headers).await?;
    let somebody = visitor.somebody(http, caller).await?;
    let found = http.chat.person_named(name.trim().trim_start_matches(['@', '~'])).await;
    let found = found.and_then(|found| Ok(found.ok_or(Refusal::NoSuchPerson)?));
    let opened = match found {
        Ok(other) => http.chat.direct_room(&somebody.actor, other).await,
        Err(error) => Err(error),
    };
    let mut response = match opened {
        Ok(log) => see_other(&format!("/chat/{}", log.key())),
        Err(Error::Refused(refusal)) if face == Face::Html && visitor.grant.is_some() => {
            let status = http.refuse(refusal.clone().into()).status;
            let sentence = match &refusal {
                Refusal::NoSuchPerson => format!("There is nobody called {} here.", name.trim()),
                refusal => super::account::pages::sentence(refusal),
            };
            let typed = Typed { name, problems: Problems::one("name", sentence), ..Typed::default() };
            refused(rooms::render(door, caller, &visitor, typed).await?, (status, HeaderMap::new()))
        }
        Err(error) => return Err(http.refuse(error)),
    };
    somebody.welcome(http, response.headers_mut(), caller);
    Ok(response)
}

/// The person with this id, as JSON has it.
pub(super) fn person(id: &str) -> Option<Author> {
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
