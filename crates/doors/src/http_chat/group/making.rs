//! `POST /group`: makes a group, which only its members know of.

use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::{Error, Refusal};

use crate::http::{Caller, Face};
use crate::http_chat::account::pages::{Problems, sentence};
use crate::http_chat::account::{Turned, asked_again, member, refused};
use crate::http_chat::create::see_other;
use crate::http_chat::rooms::{self, Typed};
use crate::http_chat::{Door, form};

pub(super) async fn make(State(door): State<Door>, Extension(caller): Extension<Caller>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    let answered = Box::pin(answer(&door, caller, &request, face)).await;
    answered.unwrap_or_else(|turned| turned.render(face, Some("/rooms")))
}

async fn answer(door: &Door, caller: Caller, request: &Parts, face: Face) -> Result<Response, Turned> {
    let visitor = member(&door.http, caller, request).await?;
    let fields = form(request)?;
    let group = fields.get("group").unwrap_or_default();
    match door.http.chat.make_group(&visitor.actor(caller), group.trim()).await {
        Ok(log) => Ok(see_other(&format!("/chat/{}/members", log.key()))),
        Err(Error::Refused(refusal)) if face == Face::Html => {
            let Some(answered) = asked_again(&refusal) else { return Err(door.http.refuse(refusal.into()).into()) };
            let problem = match &refusal {
                Refusal::NameTaken => "A person or a room has this name already. Choose another.".to_owned(),
                Refusal::BadName(rule) => format!("This can't be a group's name: {rule}."),
                refusal => sentence(refusal),
            };
            let typed = Typed { group, problems: Problems::one("group", problem), ..Typed::default() };
            Ok(refused(rooms::render(door, caller, &visitor, typed).await?, answered))
        }
        Err(error) => Err(door.http.refuse(error).into()),
    }
}
