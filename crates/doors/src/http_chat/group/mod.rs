//! Members of rooms on pages: making a group, who belongs to a room and as what, invitations, leaving, closing.

mod ending;
mod invite;
mod invited;
mod making;
mod members;
pub(super) mod pages;

use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};
use parlor_core::Actor;
use parlor_core::room_log::RoomLog;

use super::account::{Turned, member, to_page};
use super::visitor::Visitor;
use super::{Door, parts, room};
use crate::http::Caller;

/// The addresses of this part.
pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/group", post(making::make).get(|| to_page("/rooms")))
        .route("/chat/{room}/members", get(members::show).post(members::add))
        .route("/chat/{room}/role", post(members::role).get(to_members))
        .route("/chat/{room}/invite", post(invite::invite).get(to_members))
        .route("/chat/{room}/leave", post(ending::leave).get(to_members))
        .route("/chat/{room}/close", post(ending::close).get(to_members))
        .route("/invite/{token}", get(invited::show).post(invited::accept))
}

/// The page that has the forms of a room's members, whether there is such a room or not.
async fn to_members(request: Parts) -> Response {
    to_page(&format!("/chat/{}/members", parts(&request).0)).await
}

/// Somebody with an account at a room's page of members.
struct At {
    visitor: Visitor,
    actor: Actor,
    log: Arc<RoomLog>,
}

impl At {
    /// Who asks, and the room of the address.
    ///
    /// # Errors
    /// A way to the page that logs in, whether there is such a room or not; `404`.
    async fn of(door: &Door, caller: Caller, request: &Parts) -> Result<At, Turned> {
        let visitor = member(&door.http, caller, request).await?;
        let actor = visitor.actor(caller);
        let log = room(&door.http, &actor, parts(request).0).await?;
        Ok(At { visitor, actor, log })
    }

    fn members_page(&self) -> String {
        format!("/chat/{}/members", self.log.key())
    }
}
