//! The methods about accounts: to make one, to log in and out.

use parlor_core::chat::NewPerson;
use parlor_core::{Error, Fault, Refusal};
use parlor_wire::chat1::{Request, SessionId, Status, names_json};

use super::replies::{No, Reply};
use super::session::Session;
use super::who::label;

impl Session {
    pub(super) async fn register(&mut self, request: &Request) -> Result<Reply, No> {
        let handle = request.required_argument()?;
        let (name, password) = (request.name()?, request.password()?);
        let new = NewPerson { handle, name: name.map(str::as_bytes), password };
        self.door.chat.register(self.connection.actor().origin, new).await?;
        Ok(Reply::of(Status::Created))
    }

    pub(super) async fn log_in(&mut self, request: &Request) -> Result<Reply, No> {
        let handle = request.required_argument()?;
        let (password, brought) = (request.password()?, request.session()?);
        let chat = self.door.chat.clone();
        let account = match chat.check_password(handle, password, self.connection.actor().origin).await {
            Ok(account) => account,
            Err(Error::Refused(Refusal::BadLogin)) if chat.account_named(handle).await?.is_none() => {
                return Err(Reply::of(Status::NotFound).saying("there is no such user").into());
            }
            Err(error) => return Err(error.into()),
        };
        let token = chat.begin_session(&account, &label(self)).await?.to_string();
        let gone = || Fault::Internal("a session that was just begun is not there".to_owned());
        let grant = chat.resume(&token).await?.ok_or_else(gone).map_err(Error::from)?;
        chat.begin_receiving(account.id).await?;
        self.bind(grant).await?;
        // A session that somebody else may have planted is worth nothing from now on (PROMISES S6).
        if let Some(brought) = brought
            && let Some(old) = chat.resume(&brought.to_string()).await?
        {
            chat.end_session(&old).await?;
        }
        let id: SessionId = token.parse()?;
        Ok(Reply::ok().with_session(id))
    }

    pub(super) async fn log_out(&mut self, request: &Request) -> Result<Reply, No> {
        self.member(request).await?;
        let grant = self.session()?;
        self.be_nobody().await;
        self.door.chat.end_session(&grant).await?;
        Ok(Reply::ok())
    }

    pub(super) async fn change_password(&mut self, request: &Request) -> Result<Reply, No> {
        let (old, new) = (request.old_password()?, request.password()?);
        let actor = self.member(request).await?;
        let new =
            new.ok_or_else(|| Reply::of(Status::BadRequest).saying("write the new password as `Password: WORD`"))?;
        let keep = self.session()?.session();
        self.door.chat.change_password(&actor, old, Some(new), Some(keep)).await?;
        Ok(Reply::ok())
    }

    pub(super) async fn list_users(&mut self, request: &Request) -> Result<Reply, No> {
        let actor = self.member(request).await?;
        let chat = self.door.chat.clone();
        let mut names: Vec<String> = match request.argument() {
            None => chat.handles(&actor).await?.iter().map(|handle| handle.as_str().to_owned()).collect(),
            Some(group) => {
                let log = self.group(&actor, group).await?;
                // Who left the lobby is no member of it, and that is all there is to know.
                let members = chat.members(&actor, &log).await.map_err(|error| match error {
                    Error::Refused(Refusal::Forbidden) => Refusal::NotFound.into(),
                    error => error,
                })?;
                members.into_iter().map(|member| shown(&member.identity)).collect()
            }
        };
        names.sort_unstable();
        Ok(Reply::ok().saying(names_json("users", names.iter().map(String::as_str))))
    }
}

/// A handle; a guest has none, and is shown behind `~`.
fn shown(identity: &parlor_core::connections::Identity) -> String {
    let handle = identity.handle.as_ref().map(|handle| handle.as_str().to_owned());
    handle.unwrap_or_else(|| format!("~{}", identity.name.as_str()))
}
