//! In whose name a request comes: a session outlives the connection that it began on.

use parlor_core::account::Account;
use parlor_core::sessions::Grant;
use parlor_core::{Actor, Error, Refusal, Who};
use parlor_wire::chat1::Request;

use super::replies::No;
use super::session::Session;

impl Session {
    /// Who asks: whoever the request's session is of, to which the connection is bound from now on; without one, whoever the
    /// connection speaks for. A session that is none makes a stranger of the request, and leaves the connection as it is.
    pub(super) async fn authenticate(&mut self, request: &Request) -> Result<Actor, No> {
        let Some(id) = request.session()? else { return Ok(self.connection.actor()) };
        let Some(grant) = self.door.chat.resume(&id.to_string()).await? else {
            return Ok(Actor { who: Who::Stranger, ..self.connection.actor() });
        };
        if !self.is_bound_to(&grant) {
            self.bind(grant).await?;
        }
        Ok(self.connection.actor())
    }

    /// The same of somebody who must be logged in.
    pub(super) async fn member(&mut self, request: &Request) -> Result<Actor, No> {
        let actor = self.authenticate(request).await?;
        match actor.who {
            Who::Account(_) => Ok(actor),
            _ => Err(Refusal::NotLoggedIn.into()),
        }
    }

    /// The session by which somebody who is logged in asks.
    pub(super) fn session(&self) -> Result<Grant, No> {
        self.grant.clone().ok_or_else(|| Refusal::NotLoggedIn.into())
    }

    /// Binds the connection to a session: an older connection of the session is anonymous from now on.
    pub(super) async fn bind(&mut self, grant: Grant) -> Result<(), Error> {
        self.be_nobody().await;
        self.connection.bind(&grant).await?;
        self.outlet.set_actor(self.connection.actor());
        self.grant = Some(grant);
        Ok(())
    }

    /// Ends what the connection was as somebody.
    pub(super) async fn be_nobody(&mut self) {
        self.stop_listening().await;
        self.addressed = None;
        self.grant = None;
        self.connection.become_stranger();
        self.outlet.set_actor(self.connection.actor());
    }

    fn is_bound_to(&self, grant: &Grant) -> bool {
        self.grant.as_ref().is_some_and(|bound| bound.session() == grant.session() && !bound.has_ended())
            && self.connection.actor().who == Who::Account(grant.account().id)
    }
}

/// What its owner sees in the list of sessions.
pub(super) fn label(session: &Session) -> String {
    format!("CHAT/1.0 from {}", session.peer)
}

/// Whether a name is an account's own, in any case.
pub(super) fn is_own_name(account: &Account, name: &str) -> bool {
    name.eq_ignore_ascii_case(account.handle.as_str())
}
