//! Members of an organisation and what they may do there.

use access::{Action, Caller, Role, Roles};
use audit::Object;
use base::Problem;
use chrono::{DateTime, Utc};
use db::Session;
use kit::{Page, PageOf, Resource};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Accounts,
    organisations::{require_current, role_names},
    roles, roles_text,
};
use crate::{
    revocations::{self, Kind},
    store::{api_keys, organisations as store, sessions, users},
    system,
};

const LIST: &str = "members";

/// A member of an organisation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Member {
    user_id: Uuid,
    email: String,
    name: String,
    /// owner, admin, member, billing, auditor, guest.
    roles: Vec<String>,
    has_second_factor: bool,
    joined_at: DateTime<Utc>,
}

impl Resource for Member {
    const NAME: &'static str = "member";
}

impl Accounts {
    pub(crate) async fn members(&self, who: &Caller, org: Uuid, page: &Page) -> Result<PageOf<Member>, Problem> {
        require_current(who, org)?;
        let after: Option<Uuid> = self.cursors.position(LIST, page)?;
        let mut session = self.db.read(&who.scope()).await?;
        let rows = store::members(&mut session, after, page.fetch_limit()).await?;
        session.enter(system::right().into()).await?;
        let mut members = Vec::new();
        for row in rows {
            let Some(user) = users::by_id(&mut session, row.user_id).await? else { continue };
            members.push(Member {
                user_id: user.id,
                has_second_factor: user.totp_confirmed_at.is_some(),
                email: user.email,
                name: user.name,
                roles: role_names(&row.roles),
                joined_at: row.created_at,
            });
        }
        Ok(self.cursors.page(LIST, page, members, |member| member.user_id))
    }

    /// Gives a member other roles. Only an owner makes and unmakes owners, and one is always left.
    pub(crate) async fn change_member(
        &self,
        who: &Caller,
        org: Uuid,
        user: Uuid,
        wanted: Roles,
    ) -> Result<(), Problem> {
        require_current(who, org)?;
        let mut session = self.db.begin(&who.scope()).await?;
        let present = check_change(&mut session, who, user, wanted).await?;
        store::set_roles(&mut session, user, &roles_text(wanted)).await?;
        let object = Object::new(Member::NAME, user).before(&present).after(&wanted);
        self.audit.record(&mut session, who, Action::ChangeMember, object).await?;
        session.enter(system::right().into()).await?;
        self.revoke_user(&mut session, user).await?;
        Ok(session.commit().await?)
    }

    pub(crate) async fn remove_member(&self, who: &Caller, org: Uuid, user: Uuid) -> Result<(), Problem> {
        self.end_membership(who, org, user, Action::RemoveMember).await
    }

    pub(crate) async fn leave(&self, who: &Caller, org: Uuid) -> Result<(), Problem> {
        self.end_membership(who, org, who.user(), Action::LeaveOrganisation).await
    }

    /// With the membership go the sessions and keys of the user in the organisation.
    async fn end_membership(&self, who: &Caller, org: Uuid, user: Uuid, action: Action) -> Result<(), Problem> {
        require_current(who, org)?;
        let mut session = self.db.begin(&who.scope()).await?;
        let present = check_change(&mut session, who, user, Roles::default()).await?;
        store::remove_member(&mut session, user).await?;
        let keys = api_keys::delete_of(&mut session, user).await?;
        let object = Object::new(Member::NAME, user).before(&present);
        self.audit.record(&mut session, who, action, object).await?;
        session.enter(system::right().into()).await?;
        let ended = sessions::delete_in_org(&mut session, user, org).await?;
        self.revoke_sessions(&mut session, &ended).await?;
        for (hash,) in keys {
            let subject = revocations::hexadecimal(&hash);
            revocations::insert(&mut session, self.ids.next(), Kind::ApiKey, &subject, self.clock.now()).await?;
        }
        self.revoke_user(&mut session, user).await?;
        Ok(session.commit().await?)
    }
}

/// Whether `who` may give `user` these roles, or none; the roles it has.
async fn check_change(session: &mut Session, who: &Caller, user: Uuid, wanted: Roles) -> Result<Roles, Problem> {
    let all = store::lock_roles(session).await?;
    let present = all.iter().find(|(id, _)| *id == user).map(|(_, text)| roles(text)).ok_or_else(Member::missing)?;
    let touches_owner = present.contains(Role::Owner) || wanted.contains(Role::Owner);
    if touches_owner && user != who.user() && !who.roles().contains(Role::Owner) {
        return Err(Problem::forbidden("only an owner makes and unmakes owners"));
    }
    if wanted.contains(Role::Owner) && !who.roles().contains(Role::Owner) {
        return Err(Problem::forbidden("only an owner makes and unmakes owners"));
    }
    let is_other_owner = |(id, text): &&(Uuid, String)| *id != user && roles(text).contains(Role::Owner);
    if present.contains(Role::Owner) && !wanted.contains(Role::Owner) && !all.iter().any(|row| is_other_owner(&row)) {
        return Err(Problem::conflict("an organisation has an owner: make somebody else one first"));
    }
    Ok(present)
}
