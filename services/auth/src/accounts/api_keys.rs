//! API keys: made for programs, shown once, limited to scopes.

use std::borrow::Cow;

use access::{API_KEY_PREFIX, Action, Caller};
use audit::Object;
use base::Problem;
use chrono::{DateTime, Utc};
use kit::{Page, PageOf, Resource};
use proto::auth::v1::ApiKey as KnownKey;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use uuid::Uuid;

use super::{Accounts, roles, violation};
use crate::{
    revocations::{self, Kind},
    secrets::{self, hash},
    store::{
        api_keys::{self as store, ApiKeyRow},
        organisations, users,
    },
    system,
};

const LIST: &str = "api_keys";
const SHOWN: usize = 12;
/// What a key can never do: whoever has it could make more of them.
const FORBIDDEN: &str = "account:write";

/// An API key, without the key itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    pub(crate) id: Uuid,
    name: String,
    /// How the key begins.
    prefix: String,
    scopes: Vec<String>,
    created_at: DateTime<Utc>,
    /// `null`: it does not expire.
    expires_at: Option<DateTime<Utc>>,
}

impl Resource for ApiKey {
    const NAME: &'static str = "API key";
}

/// What a key may do, such as `chat:write`: one of those that [`scopes`] lists.
#[derive(Debug, Clone)]
pub(crate) struct ScopeName(&'static str);

impl ScopeName {
    fn as_str(&self) -> &str {
        self.0
    }
}

impl<'de> Deserialize<'de> for ScopeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let known = scopes();
        let name = known.iter().find(|scope| **scope == text).copied().map(Self);
        name.ok_or_else(|| D::Error::custom(format!("{text:?} is no scope of a key: {}", known.join(", "))))
    }
}

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(scopes())).into()
    }
}

impl ToSchema for ScopeName {}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewApiKey {
    #[serde(flatten)]
    about: ApiKey,
    /// The key itself, for `Authorization: Bearer …`. It is shown this once.
    key: String,
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            prefix: row.prefix,
            scopes: row.scopes.split(' ').map(str::to_owned).collect(),
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

impl Accounts {
    /// A new key for the caller, in the organisation it is signed in to.
    pub(crate) async fn create_api_key(
        &self,
        who: &Caller,
        name: &str,
        scopes: &[ScopeName],
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<NewApiKey, Problem> {
        let now = self.clock.now();
        if expires_at.is_some_and(|at| at <= now) {
            return Err(violation("/expires_at", "is in the past"));
        }
        let key = format!("{API_KEY_PREFIX}{}", secrets::random());
        let row = ApiKeyRow {
            id: self.ids.next(),
            name: name.to_owned(),
            prefix: key.chars().take(SHOWN).collect(),
            scopes: scopes.iter().map(ScopeName::as_str).collect::<Vec<_>>().join(" "),
            created_at: now,
            expires_at,
        };
        let mut session = self.db.begin(&who.scope()).await?;
        store::insert(&mut session, &row, &hash(&key)).await?;
        let about = ApiKey::from(row);
        let object = Object::new("api_key", about.id).after(&about);
        self.audit.record(&mut session, who, Action::CreateApiKey, object).await?;
        session.commit().await?;
        Ok(NewApiKey { about, key })
    }

    /// Newest first.
    pub(crate) async fn api_keys(&self, who: &Caller, page: &Page) -> Result<PageOf<ApiKey>, Problem> {
        let before: Option<Uuid> = self.cursors.position(LIST, page)?;
        let mut session = self.db.read(&who.scope()).await?;
        let rows = store::list(&mut session, before, page.fetch_limit()).await?;
        let keys = rows.into_iter().map(ApiKey::from).collect();
        Ok(self.cursors.page(LIST, page, keys, |key| key.id))
    }

    pub(crate) async fn revoke_api_key(&self, who: &Caller, id: Uuid) -> Result<(), Problem> {
        let mut session = self.db.begin(&who.scope()).await?;
        let (hash,) = store::delete(&mut session, id).await?.ok_or_else(ApiKey::missing)?;
        self.audit.record(&mut session, who, Action::RevokeApiKey, Object::new("api_key", id)).await?;
        session.enter(system::right().into()).await?;
        let subject = revocations::hexadecimal(&hash);
        revocations::insert(&mut session, self.ids.next(), Kind::ApiKey, &subject, self.clock.now()).await?;
        Ok(session.commit().await?)
    }

    /// What a key opens, by its hash; 404 for one that opens nothing.
    pub(crate) async fn resolve_api_key(&self, hash: &[u8]) -> Result<KnownKey, Problem> {
        let mut session = system::read(&self.db).await?;
        let key = store::resolve(&mut session, hash, self.clock.now()).await?.ok_or_else(ApiKey::missing)?;
        let user = users::by_id(&mut session, key.user_id).await?.filter(|user| user.disabled_at.is_none());
        let user = user.ok_or_else(ApiKey::missing)?;
        let memberships = organisations::of_user(&mut session, user.id).await?;
        let membership = memberships.iter().find(|(org, ..)| *org == key.org).ok_or_else(ApiKey::missing)?;
        let roles: Vec<access::Role> = roles(&membership.2).into();
        Ok(KnownKey {
            id: key.id.to_string(),
            organisation_id: key.org.to_string(),
            user_id: key.user_id.to_string(),
            roles: roles
                .iter()
                .filter_map(|role| serde_json::to_value(role).ok()?.as_str().map(str::to_owned))
                .collect(),
            scopes: key.scopes,
        })
    }
}

/// Every scope that a key may have, each once.
pub(crate) fn scopes() -> Vec<&'static str> {
    let mut scopes: Vec<_> = Action::ALL.iter().map(|action| action.rule().scope).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes.retain(|scope| *scope != FORBIDDEN);
    scopes
}
