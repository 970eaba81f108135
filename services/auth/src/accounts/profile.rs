//! What an account says of its owner.

use access::{Action, Caller, Role};
use audit::Object;
use base::Problem;

use super::Accounts;
use crate::{
    http::Me,
    store::users::{self, User},
    system,
};

impl Accounts {
    pub(crate) async fn me(&self, who: &Caller) -> Result<Me, Problem> {
        let mut session = system::read(&self.db).await?;
        let user = self.own(&mut session, who).await?;
        let recovery_codes = users::count_recovery_codes(&mut session, user.id).await?;
        drop(session);
        let invitations = self.pending_invitations(who).await?;
        let roles: Vec<Role> = who.roles().into();
        let name = |role: &Role| serde_json::to_value(role).ok()?.as_str().map(str::to_owned);
        Ok(Me {
            id: user.id,
            organisation_id: who.org(),
            roles: roles.iter().filter_map(name).collect(),
            has_second_factor: user.totp_confirmed_at.is_some(),
            recovery_codes,
            created_at: user.created_at,
            email: user.email,
            name: user.name,
            locale: user.locale,
            invitations,
        })
    }

    /// The language of a caller that has signed in; `None` for any other.
    pub(crate) async fn locale(&self, who: &Caller) -> Result<Option<String>, Problem> {
        if who.user().is_nil() {
            return Ok(None);
        }
        let user = users::by_id(&mut system::read(&self.db).await?, who.user()).await?;
        Ok(user.map(|user| user.locale))
    }

    /// What is left out stays.
    pub(crate) async fn change_me(
        &self,
        who: &Caller,
        name: Option<&str>,
        locale: Option<&str>,
    ) -> Result<Me, Problem> {
        let mut session = system::begin(&self.db).await?;
        let before = self.own(&mut session, who).await?;
        let (name, locale) = (name.unwrap_or(&before.name), locale.unwrap_or(&before.locale));
        users::set_profile(&mut session, before.id, name, locale).await?;
        let User { id, .. } = before;
        let object = Object::new("account", id).before(&(&before.name, &before.locale)).after(&(name, locale));
        self.audit.record(&mut session, who, Action::ChangeMe, object).await?;
        session.commit().await?;
        self.me(who).await
    }
}
