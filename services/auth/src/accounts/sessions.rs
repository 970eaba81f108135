//! Sessions: gone on with, listed, ended.

use access::{Action, Caller, Roles};
use audit::Object;
use base::Problem;
use chrono::{DateTime, TimeDelta, Utc};
use db::Session;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Accounts, Tokens,
    mails::{Mail, Template},
    roles,
    tokens::{FEDERATED, IDLE_LIFETIME, client_texts},
};
use crate::{
    store::{
        organisations,
        sessions::{self as store, SessionRow},
        users,
    },
    system,
};

/// A client that lost the answer may ask again with the same token for this long.
const LOST_ANSWER: TimeDelta = TimeDelta::seconds(10);
pub(super) const ENDED: &str = "the session has ended: sign in again";

/// A session, as its user sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SignedInSession {
    id: Uuid,
    /// The organisation it is signed in to.
    organisation_id: Uuid,
    /// The address it was used from last; empty when it is not known.
    address: String,
    /// The program it was used with last.
    user_agent: String,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    /// Whether this request was made in it.
    is_current: bool,
}

impl Accounts {
    /// New tokens for a refresh token. One that was used before ends its session: it was stolen, or the one that took its place was.
    pub(crate) async fn refresh(&self, who: &Caller, token: &str) -> Result<Tokens, Problem> {
        let ended = || Problem::unauthorized(ENDED);
        let (id, generation) = self.read_refresh_token(token).ok_or_else(ended)?;
        let now = self.clock.now();
        let mut session = system::begin(&self.db).await?;
        let row = store::get(&mut session, id, now).await?;
        let mut row = row.filter(|row| row.refreshed_at + IDLE_LIFETIME > now).ok_or_else(ended)?;
        let Some(roles) = self.roles_in(&mut session, &row).await? else {
            self.end(&mut session, &row).await?;
            session.commit().await?;
            return Err(ended());
        };
        let client = client_texts(who);
        if generation == row.generation
            && store::advance(&mut session, id, generation, (&client.0, &client.1), now).await?
        {
            row.generation += 1;
            return self.go_on(session, who, &row, roles).await;
        }
        // Another request may have been first with the same token.
        let row = store::get(&mut session, id, now).await?.ok_or_else(ended)?;
        let is_same_client = (row.address.as_str(), row.user_agent.as_str()) == (client.0.as_str(), client.1.as_str());
        if generation + 1 == row.generation && row.refreshed_at + LOST_ANSWER > now && is_same_client {
            return self.go_on(session, who, &row, roles).await;
        }
        self.end_reused(session, who, &row, roles).await?;
        Err(ended())
    }

    async fn go_on(
        &self,
        mut session: Session,
        who: &Caller,
        row: &SessionRow,
        roles: Roles,
    ) -> Result<Tokens, Problem> {
        let tokens = self.issue(&mut session, row, roles).await?;
        let known = who.signed_in(&system::right(), row.org, row.user_id, roles);
        self.audit.record(&mut session, &known, Action::Refresh, Object::new("session", row.id)).await?;
        session.commit().await?;
        Ok(tokens)
    }

    /// Ends the session of this request.
    pub(crate) async fn sign_out(&self, who: &Caller) -> Result<(), Problem> {
        let id = current(who)?;
        self.end_session(who, id, Action::LogOut).await
    }

    /// Ends every session of the user.
    pub(crate) async fn sign_out_everywhere(&self, who: &Caller) -> Result<(), Problem> {
        let mut session = system::begin(&self.db).await?;
        let ended = store::delete_others(&mut session, who.user(), None).await?;
        self.revoke_sessions(&mut session, &ended).await?;
        let object = Object::new("account", who.user());
        self.audit.record(&mut session, who, Action::LogOutEverywhere, object).await?;
        Ok(session.commit().await?)
    }

    /// The sessions of the user, newest first.
    pub(crate) async fn sessions(&self, who: &Caller) -> Result<Vec<SignedInSession>, Problem> {
        let rows = store::list(&mut system::read(&self.db).await?, who.user(), self.clock.now()).await?;
        let shown = |row: SessionRow| SignedInSession {
            is_current: who.session() == Some(row.id),
            id: row.id,
            organisation_id: row.org,
            address: row.address,
            user_agent: row.user_agent,
            created_at: row.created_at,
            last_used_at: row.refreshed_at,
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// Ends one session of the user.
    pub(crate) async fn end_session(&self, who: &Caller, id: Uuid, action: Action) -> Result<(), Problem> {
        let mut session = system::begin(&self.db).await?;
        if !store::delete(&mut session, who.user(), id).await? {
            return Err(Problem::not_found("session"));
        }
        self.revoke_sessions(&mut session, &[(id,)]).await?;
        self.audit.record(&mut session, who, action, Object::new("session", id)).await?;
        Ok(session.commit().await?)
    }

    /// The session of this request, signed in to another organisation of its user.
    pub(crate) async fn switch_organisation(&self, who: &Caller, org: Uuid) -> Result<Tokens, Problem> {
        let id = current(who)?;
        let mut session = system::begin(&self.db).await?;
        let row = store::get(&mut session, id, self.clock.now()).await?;
        let row = row.ok_or_else(|| Problem::unauthorized(ENDED))?;
        let row = SessionRow { org, ..row };
        let roles = self.roles_in(&mut session, &row).await?.ok_or_else(|| Problem::not_found("organisation"))?;
        if !row.amr.contains(FEDERATED) {
            self.check_enforced_sso(&mut session, org, roles).await?;
        }
        store::set_org(&mut session, id, org).await?;
        let tokens = self.issue(&mut session, &row, roles).await?;
        let known = who.signed_in(&system::right(), org, who.user(), roles);
        self.audit.record(&mut session, &known, Action::SwitchOrganisation, Object::new("session", id)).await?;
        session.commit().await?;
        Ok(tokens)
    }

    /// The roles of a session's user in its organisation; `None` when it is no member any more, or disabled.
    pub(super) async fn roles_in(&self, session: &mut Session, row: &SessionRow) -> Result<Option<Roles>, Problem> {
        let user = users::by_id(session, row.user_id).await?;
        if user.is_none_or(|user| user.disabled_at.is_some()) {
            return Ok(None);
        }
        let memberships = organisations::of_user(session, row.user_id).await?;
        Ok(memberships.iter().find(|(org, ..)| *org == row.org).map(|(_, _, text)| roles(text)))
    }

    async fn end(&self, session: &mut Session, row: &SessionRow) -> Result<(), Problem> {
        store::delete(session, row.user_id, row.id).await?;
        Ok(self.revoke_sessions(session, &[(row.id,)]).await?)
    }

    async fn end_reused(
        &self,
        mut session: Session,
        who: &Caller,
        row: &SessionRow,
        roles: Roles,
    ) -> Result<(), Problem> {
        self.end(&mut session, row).await?;
        let known = who.signed_in(&system::right(), row.org, row.user_id, roles);
        let object = Object::new("reused_session", row.id);
        self.audit.record(&mut session, &known, Action::Refresh, object).await?;
        if let Some(user) = users::by_id(&mut session, row.user_id).await? {
            let (address, now) = (client_texts(who).0, self.clock.now());
            let link = self.link("/account/security");
            let mail = Mail {
                to: &user.email,
                user: user.id,
                org: row.org,
                locale: &user.locale,
                template: Template::SessionReuse,
                values: &[("address", &address), ("link", &link), ("time", &now.to_rfc3339())],
                expires_at: now + TimeDelta::days(1),
            };
            self.send(&mut session, mail).await?;
        }
        metrics::counter!("gooseek_refresh_tokens_reused").increment(1);
        tracing::warn!(session = %row.id, user = %row.user_id, "a refresh token was used twice; its session was ended");
        Ok(session.commit().await?)
    }
}

/// The session of a request; an API key has none.
pub(super) fn current(who: &Caller) -> Result<Uuid, Problem> {
    who.session().ok_or_else(|| Problem::forbidden("this needs a session: sign in instead of using a key"))
}
