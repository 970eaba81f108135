//! Secret links: share pages, webhooks, unsubscribe and reset links. The secret is a segment of the path, its hash stands in a
//! row, and the row says for whom it opens. This is the only way to an organisation's data without a user.

use std::{fmt, marker::PhantomData, ops::Deref, sync::Arc};

use axum::extract::{FromRef, FromRequestParts, RawPathParams};
use base::{Problem, SystemScope, problem::Code};
use http::request::Parts;
use kit::openapi::{Describe, Description};
use sha2::{Digest, Sha256};
use utoipa::openapi::{
    Required,
    path::{ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Type},
};
use uuid::Uuid;

use crate::{CachedDirectory, Caller, Permission, TakenAction, check, extract::sealed::Sealed};

/// The segment of a route's path that holds the secret: `/share/{secret}`.
const SEGMENT: &str = "secret";
/// Shorter ones could be guessed.
const MIN_SECRET_LENGTH: usize = 16;
const MAX_SECRET_LENGTH: usize = 256;

/// What a secret link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    SharePage,
    Webhook,
    Unsubscribe,
    PasswordReset,
}

impl LinkKind {
    /// As audit records name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SharePage => "share_page",
            Self::Webhook => "webhook",
            Self::Unsubscribe => "unsubscribe",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// A type for each kind, by which a handler says which secret opens it.
pub trait Kind: Sealed + Send + Sync + 'static {
    const KIND: LinkKind;
}

/// The kinds as types, such as [`SharePage`].
macro_rules! kinds {
    ($($name:ident),*) => {
        $(
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl Sealed for $name {}
            impl Kind for $name {
                const KIND: LinkKind = LinkKind::$name;
            }
        )*
    };
}
kinds!(SharePage, Webhook, Unsubscribe, PasswordReset);

/// SHA-256 of a secret of at least 128 bits; such a secret needs no salt.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// One that was sent or stored; `None` unless it has 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// As it stands in a row.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash")
    }
}

/// The row a secret stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkRow {
    pub org: Uuid,
    /// Whose link it is; `None` for the organisation's own, such as a webhook.
    pub user: Option<Uuid>,
    /// What it opens: the shared thread, the payment shop, the account.
    pub object: Uuid,
}

/// Finds the row of a secret of kind `K` in the service's own database.
#[async_trait::async_trait]
pub trait LinkResolver<K>: Send + Sync {
    /// `None` when there is none, or it has expired, was revoked or used up.
    async fn resolve(&self, system: &SystemScope, hash: &SecretHash) -> Result<Option<LinkRow>, Problem>;
}

/// What a router's state has for each kind of link it serves.
#[derive(Clone)]
pub struct Links<K> {
    resolver: Arc<dyn LinkResolver<K>>,
    directory: CachedDirectory,
}

impl<K> Links<K> {
    pub fn new(resolver: impl LinkResolver<K> + 'static, directory: CachedDirectory) -> Self {
        Self { resolver: Arc::new(resolver), directory }
    }
}

/// The verified holder of a secret link of kind `K`, who may do `A`: 404 for any secret that opens nothing. Stands for its
/// [`Caller`].
///
/// ```text
/// async fn unsubscribe(link: Link<link::Unsubscribe, action::Unsubscribe>, …) -> Result<NoContent, Problem>
/// ```
#[derive(Debug, Clone)]
pub struct Link<K, A> {
    caller: Caller,
    object: Uuid,
    kind: PhantomData<(K, A)>,
}

impl<K, A> Link<K, A> {
    /// What the link opens.
    pub fn object(&self) -> Uuid {
        self.object
    }
}

impl<K, A> Deref for Link<K, A> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<S, K, A> FromRequestParts<S> for Link<K, A>
where
    S: Send + Sync,
    K: Kind,
    A: Permission,
    Links<K>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let missing = || Problem::not_found("link");
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| missing())?;
        let secret = params.iter().find(|(name, _)| *name == SEGMENT).map(|(_, secret)| secret);
        let secret = secret.filter(|secret| (MIN_SECRET_LENGTH..=MAX_SECRET_LENGTH).contains(&secret.len()));
        let hash = SecretHash::of(secret.ok_or_else(missing)?);
        let links = Links::<K>::from_ref(state);
        let system = system();
        let row = links.resolver.resolve(&system, &hash).await?.ok_or_else(missing)?;
        if K::KIND == LinkKind::SharePage && !links.directory.organisation(row.org).await?.public_sharing {
            return Err(missing());
        }
        let client = Caller::attached(&parts.extensions).map(|caller| caller.client().clone()).unwrap_or_default();
        let scope = match row.user {
            Some(user) => system.on_behalf_of(row.org, user),
            None => system.organisation(row.org),
        };
        let caller = Caller::link(K::KIND, scope, client);
        check(&caller, A::ACTION)?;
        TakenAction::note(parts, A::ACTION);
        Ok(Self { caller, object: row.object, kind: PhantomData })
    }
}

impl<K, A> Describe for Link<K, A> {
    fn describe(description: &mut Description<'_>) {
        let secret = ObjectBuilder::new().schema_type(Type::String);
        let secret = secret.min_length(Some(MIN_SECRET_LENGTH)).max_length(Some(MAX_SECRET_LENGTH));
        let parameter = ParameterBuilder::new().name(SEGMENT).parameter_in(ParameterIn::Path).required(Required::True);
        description.parameter(parameter.description(Some("The secret of the link.")).schema(Some(secret)).build());
        description.needs_no_token();
        description.problem(Code::NotFound);
    }
}

#[expect(clippy::disallowed_methods, reason = "a secret is looked up before its organisation is known")]
fn system() -> SystemScope {
    SystemScope::new()
}
