//! Organisations, and what they demand of their members.

use access::{Action, Caller};
use audit::Object;
use base::Problem;
use chrono::{DateTime, Utc};
use kit::{IfMatch, Resource, Tagged};
use proto::auth::v1 as pb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Accounts, of_organisation, roles};
use crate::{
    revocations::{self, Kind},
    store::organisations::{self as store, OrganisationRow},
    system,
};

/// An organisation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Organisation {
    id: Uuid,
    name: String,
    /// Members must sign in with a second factor.
    mfa_required: bool,
    /// Share links of the organisation open.
    public_sharing: bool,
    created_at: DateTime<Utc>,
    /// Counts the edits; clients see it as the `ETag`.
    #[serde(skip)]
    version: i64,
}

impl Resource for Organisation {
    const NAME: &'static str = "organisation";
}

impl From<OrganisationRow> for Organisation {
    fn from(row: OrganisationRow) -> Self {
        Self {
            id: row.org,
            name: row.name,
            mfa_required: row.mfa_required,
            public_sharing: row.public_sharing,
            created_at: row.created_at,
            version: row.version,
        }
    }
}

impl From<Organisation> for Tagged<Organisation> {
    fn from(organisation: Organisation) -> Self {
        Self { version: organisation.version, body: organisation }
    }
}

/// An organisation that the caller is a member of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnOrganisation {
    id: Uuid,
    name: String,
    /// What the caller is there.
    roles: Vec<String>,
    /// Whether this session is signed in to it.
    is_current: bool,
}

/// What can be changed of an organisation; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganisationChange {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub(crate) name: Option<String>,
    /// Members must sign in with a second factor; sessions without one end within seconds.
    pub(crate) mfa_required: Option<bool>,
    /// Share links of the organisation open.
    pub(crate) public_sharing: Option<bool>,
}

impl Accounts {
    /// Those of the caller, the one joined first at the front.
    pub(crate) async fn own_organisations(&self, who: &Caller) -> Result<Vec<OwnOrganisation>, Problem> {
        let rows = store::of_user(&mut system::read(&self.db).await?, who.user()).await?;
        let shown = |(id, name, text): (Uuid, String, String)| OwnOrganisation {
            is_current: id == who.org(),
            id,
            name,
            roles: role_names(&text),
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// A new organisation that the caller owns.
    pub(crate) async fn create_organisation(&self, who: &Caller, name: &str) -> Result<Organisation, Problem> {
        let mut session = system::begin(&self.db).await?;
        let row = self.found_organisation(&mut session, self.ids.next(), name, who.user()).await?;
        let organisation = Organisation::from(row);
        session.enter(system::right().into()).await?;
        let known = who.signed_in(&system::right(), organisation.id, who.user(), who.roles());
        let object = Object::new(Organisation::NAME, organisation.id).after(&organisation);
        self.audit.record(&mut session, &known, Action::CreateOrganisation, object).await?;
        session.commit().await?;
        Ok(organisation)
    }

    /// The organisation the caller is signed in to; any other is answered as one that does not exist.
    pub(crate) async fn organisation(&self, who: &Caller, id: Uuid) -> Result<Organisation, Problem> {
        require_current(who, id)?;
        let row = store::get(&mut self.db.read(&who.scope()).await?).await?;
        row.map(Organisation::from).ok_or_else(Organisation::missing)
    }

    pub(crate) async fn change_organisation(
        &self,
        who: &Caller,
        id: Uuid,
        change: OrganisationChange,
        if_match: &IfMatch,
    ) -> Result<Organisation, Problem> {
        require_current(who, id)?;
        let mut session = self.db.begin(&who.scope()).await?;
        let before = store::begin_edit(&mut session).await?.ok_or_else(Organisation::missing)?;
        if_match.check(before.version - 1)?;
        let after = OrganisationRow {
            name: change.name.map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
            mfa_required: change.mfa_required.unwrap_or(before.mfa_required),
            public_sharing: change.public_sharing.unwrap_or(before.public_sharing),
            ..before.clone()
        };
        store::set(&mut session, &after).await?;
        let (before, after) = (Organisation::from(before), Organisation::from(after));
        let object = Object::new(Organisation::NAME, id).before(&before).after(&after);
        self.audit.record(&mut session, who, Action::ChangeOrganisation, object).await?;
        session.enter(system::right().into()).await?;
        let now = self.clock.now();
        revocations::insert(&mut session, self.ids.next(), Kind::Organisation, &id.to_string(), now).await?;
        session.commit().await?;
        Ok(after)
    }

    /// What an organisation demands, for every process; 404 for an unknown one.
    pub(crate) async fn organisation_policy(&self, id: Uuid) -> Result<pb::Organisation, Problem> {
        let mut session = self.db.read(&of_organisation(id)).await?;
        let row = store::get(&mut session).await?.ok_or_else(Organisation::missing)?;
        Ok(pb::Organisation { mfa_required: row.mfa_required, public_sharing: row.public_sharing })
    }
}

/// 404 for an organisation that the caller is not signed in to.
pub(super) fn require_current(who: &Caller, id: Uuid) -> Result<(), Problem> {
    if who.org() == id { Ok(()) } else { Err(Organisation::missing()) }
}

/// As the API names them.
pub(super) fn role_names(text: &str) -> Vec<String> {
    let roles: Vec<access::Role> = roles(text).into();
    let name = |role: access::Role| serde_json::to_value(role).ok()?.as_str().map(str::to_owned);
    roles.into_iter().filter_map(name).collect()
}
