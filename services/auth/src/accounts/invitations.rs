//! Invitations to an organisation, by address of mail.

use access::{Action, Caller, Role, Roles};
use audit::Object;
use base::Problem;
use chrono::{DateTime, TimeDelta, Utc};
use kit::{Page, PageOf, Resource};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Accounts, email,
    mails::{Mail, Template},
    of_organisation,
    organisations::{require_current, role_names},
    roles, roles_text, violation,
};
use crate::{
    store::{
        organisations::{self as store, InvitationRow},
        users,
    },
    system,
};

const LIST: &str = "invitations";
const LIFETIME: TimeDelta = TimeDelta::days(14);

/// An invitation that was not taken up yet.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Invitation {
    pub(crate) id: Uuid,
    email: String,
    roles: Vec<String>,
    invited_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// An invitation of the caller.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PendingInvitation {
    id: Uuid,
    /// The name of the organisation.
    organisation: String,
    roles: Vec<String>,
}

impl Resource for Invitation {
    const NAME: &'static str = "invitation";
}

impl From<InvitationRow> for Invitation {
    fn from(row: InvitationRow) -> Self {
        Self {
            id: row.id,
            email: row.email,
            roles: role_names(&row.roles),
            invited_by: row.invited_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

impl Accounts {
    /// Invites an address, in place of an earlier invitation. Who has an account accepts it; who has none registers.
    pub(crate) async fn invite(
        &self,
        who: &Caller,
        org: Uuid,
        address: &str,
        wanted: Roles,
    ) -> Result<Invitation, Problem> {
        require_current(who, org)?;
        let email = email(address).ok_or_else(|| violation("/email", "an address of mail such as ann@example.org"))?;
        if wanted.contains(Role::Owner) && !who.roles().contains(Role::Owner) {
            return Err(Problem::forbidden("only an owner makes and unmakes owners"));
        }
        let now = self.clock.now();
        let mut session = self.db.begin(&who.scope()).await?;
        let organisation = store::get(&mut session).await?.ok_or_else(|| Problem::not_found("organisation"))?;
        let row = InvitationRow {
            id: self.ids.next(),
            email,
            roles: roles_text(wanted),
            invited_by: who.user(),
            created_at: now,
            expires_at: now + LIFETIME,
        };
        store::invite(&mut session, &row).await?;
        session.enter(system::right().into()).await?;
        let inviter = self.own(&mut session, who).await?;
        let invited = users::by_email(&mut session, &row.email).await?;
        let path = if invited.is_some() { "/account/organisation" } else { "/account/sign-up" };
        let link = self.link(path);
        let mail = Mail {
            to: &row.email,
            user: invited.as_ref().map(|user| user.id).unwrap_or_default(),
            org,
            locale: invited.as_ref().map_or(&inviter.locale, |user| &user.locale),
            template: Template::Invitation,
            values: &[("link", &link), ("organisation", &organisation.name), ("inviter", &inviter.name)],
            expires_at: row.expires_at,
        };
        self.send(&mut session, mail).await?;
        let invitation = Invitation::from(row);
        let object = Object::new(Invitation::NAME, invitation.id).after(&invitation);
        self.audit.record(&mut session, who, Action::Invite, object).await?;
        session.commit().await?;
        Ok(invitation)
    }

    pub(crate) async fn invitations(
        &self,
        who: &Caller,
        org: Uuid,
        page: &Page,
    ) -> Result<PageOf<Invitation>, Problem> {
        require_current(who, org)?;
        let before: Option<Uuid> = self.cursors.position(LIST, page)?;
        let mut session = self.db.read(&who.scope()).await?;
        let rows = store::invitations(&mut session, before, page.fetch_limit()).await?;
        let invitations = rows.into_iter().map(Invitation::from).collect();
        Ok(self.cursors.page(LIST, page, invitations, |invitation| invitation.id))
    }

    /// What the caller was invited to and has not accepted.
    pub(crate) async fn pending_invitations(&self, who: &Caller) -> Result<Vec<PendingInvitation>, Problem> {
        let mut session = system::read(&self.db).await?;
        let user = self.own(&mut session, who).await?;
        let rows = store::pending(&mut session, &user.email, self.clock.now()).await?;
        let shown = |(id, organisation, text): (Uuid, String, String)| PendingInvitation {
            id,
            organisation,
            roles: role_names(&text),
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// Makes the caller a member where it was invited. Its address was proven when the account was made.
    pub(crate) async fn accept_invitation(&self, who: &Caller, id: Uuid) -> Result<(), Problem> {
        let now = self.clock.now();
        let mut session = system::begin(&self.db).await?;
        let user = self.own(&mut session, who).await?;
        let taken = store::take_invitation(&mut session, id, &user.email, now).await?;
        let (org, text) = taken.ok_or_else(Invitation::missing)?;
        session.enter(of_organisation(org)).await?;
        store::add_member(&mut session, user.id, &text, now).await?;
        session.enter(system::right().into()).await?;
        let known = who.signed_in(&system::right(), org, user.id, roles(&text));
        self.audit.record(&mut session, &known, Action::AcceptInvitation, Object::new(Invitation::NAME, id)).await?;
        Ok(session.commit().await?)
    }

    pub(crate) async fn withdraw_invitation(&self, who: &Caller, org: Uuid, id: Uuid) -> Result<(), Problem> {
        require_current(who, org)?;
        let mut session = self.db.begin(&who.scope()).await?;
        if !store::withdraw(&mut session, id).await? {
            return Err(Invitation::missing());
        }
        self.audit.record(&mut session, who, Action::WithdrawInvitation, Object::new(Invitation::NAME, id)).await?;
        Ok(session.commit().await?)
    }
}
