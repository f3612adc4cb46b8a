//! `/account/claim`: an account keeps what a guest wrote from the same browser; in any case the guest is gone from it then.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use parlor_core::ids::GuestId;

use super::pages::ClaimPage;
use super::{Turned, member, next};
use crate::http::{Answer, Caller, Face, Http};
use crate::http_chat::create::see_other;
use crate::http_chat::visitor::Visitor;
use crate::http_chat::{cookies, form, page};

/// The guest of this browser's cookie, and what it is called, if it wrote something that is nobody's yet.
pub(super) async fn guest_who_wrote(http: &Http, visitor: &Visitor) -> Result<Option<(GuestId, String)>, Answer> {
    let Some(guest) = visitor.cookies.guest else { return Ok(None) };
    let known = http.chat.guest(guest).await.map_err(|error| http.refuse(error))?;
    if known.is_none_or(|known| known.account.is_some()) {
        return Ok(None);
    }
    let name = http.chat.guest_name(guest).await.map_err(|error| http.refuse(error))?;
    Ok(Some((guest, name.as_str().to_owned())))
}

pub(super) async fn ask(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = asked(&http, caller, &request).await;
    answered.unwrap_or_else(|turned| turned.render(face, None))
}

async fn asked(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Turned> {
    let visitor = member(http, caller, request).await?;
    let next = next::named_in(request.uri.query());
    let Some(account) = visitor.account() else { return Ok(see_other(&next)) };
    let Some((_, guest)) = guest_who_wrote(http, &visitor).await? else { return Ok(see_other(&next)) };
    let claim = ClaimPage { guest: &guest, name: account.display_name.as_str(), next: &next };
    Ok(page(claim.render())?)
}

pub(super) async fn claim(
    State(http): State<Arc<Http>>,
    Extension(caller): Extension<Caller>,
    request: Parts,
) -> Response {
    let face = Face::of(&request.headers);
    let answered = answer(&http, caller, &request).await;
    answered.unwrap_or_else(|turned| turned.render(face, Some("/account")))
}

async fn answer(http: &Http, caller: Caller, request: &Parts) -> Result<Response, Turned> {
    let visitor = member(http, caller, request).await?;
    let fields = form(request)?;
    let next = next::named(&fields);
    let keeps = match fields.get("keep") {
        Some("1") => true,
        Some("0") => false,
        _ => {
            let sentence = "keep is 1 to keep what the guest wrote, or 0 to leave it";
            return Err(Answer::new(StatusCode::BAD_REQUEST, "bad_form", sentence).into());
        }
    };
    if let Some(guest) = visitor.cookies.guest.filter(|_| keeps) {
        let token = http.chat.guest_token(guest);
        let claimed = http.chat.claim_guest(&visitor.actor(caller), &token).await;
        claimed.map_err(|error| http.refuse(error))?;
    }
    let mut response = see_other(&next);
    cookies::drop_guest(response.headers_mut(), caller.secure);
    Ok(response)
}
