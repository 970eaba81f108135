//! Who makes a request: a user, an API key, a service, the holder of a secret link, or nobody known.
//!
//! A caller is made in this crate only, from what was verified, and is the only way a request gets to an organisation's data.

use std::{borrow::Cow, sync::Arc};

use base::{Scope, SystemScope};
use http::Extensions;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Client, link::LinkKind};

/// The one organisation and user of a machine without accounts.
pub const LOCAL_ORG: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);
pub const LOCAL_OWNER: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0002);

/// The verified origin of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    subject: Subject,
    /// What stores and caches are asked with. Without an organisation it sees what is public.
    scope: Scope,
    roles: Roles,
    /// `None`: not limited.
    scopes: Option<Scopes>,
    /// The session of its access token.
    session: Option<Uuid>,
    /// Whether its organisation asks for a second factor that it has not given.
    lacks_mfa: bool,
    client: Client,
}

/// What kind of caller it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    User,
    /// A key of a user, by its id.
    ApiKey(Uuid),
    /// A service on its own account, for no user.
    Service(Cow<'static, str>),
    /// Whoever holds a secret that stands in a row.
    Link(LinkKind),
    /// Without an account.
    Anonymous,
}

/// What a user may do in the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Owner,
    Admin,
    Member,
    Billing,
    Auditor,
    /// Invited to look and ask.
    Guest,
}

impl Role {
    pub const ALL: [Self; 6] = [Self::Owner, Self::Admin, Self::Member, Self::Billing, Self::Auditor, Self::Guest];
}

/// A set of roles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Role>", into = "Vec<Role>")]
pub struct Roles(u8);

impl Roles {
    pub const fn of(roles: &[Role]) -> Self {
        let mut set = Self(0);
        let mut next = 0;
        while next < roles.len() {
            set = set.with(roles[next]);
            next += 1;
        }
        set
    }

    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u8)
    }

    pub const fn contains(self, role: Role) -> bool {
        self.0 & 1 << role as u8 != 0
    }

    /// Whether any role is in both.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl From<Vec<Role>> for Roles {
    fn from(roles: Vec<Role>) -> Self {
        Self::of(&roles)
    }
}

impl From<Roles> for Vec<Role> {
    fn from(roles: Roles) -> Self {
        Role::ALL.into_iter().filter(|role| roles.contains(*role)).collect()
    }
}

/// The scopes of a token or key, such as `chat:write`. Those that the policy does not know open nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes(Arc<[Box<str>]>);

impl Scopes {
    /// The `scope` claim: names separated by spaces (RFC 8693, section 4.2).
    pub fn parse(text: &str) -> Self {
        Self(text.split_ascii_whitespace().map(Box::from).collect())
    }

    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|own| **own == *scope)
    }
}

/// What a user's request may do: stored with work that outlives the request, and told to services that are called for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    roles: Roles,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Scopes>,
    /// The API key that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Uuid>,
}

impl Rights {
    pub(crate) fn new(roles: Roles, scopes: Option<Scopes>) -> Self {
        Self { roles, scopes, key: None }
    }

    pub(crate) fn of_key(roles: Roles, scopes: Scopes, key: Uuid) -> Self {
        Self { roles, scopes: Some(scopes), key: Some(key) }
    }
}

impl Caller {
    pub(crate) fn local_owner(client: Client) -> Self {
        Self::user_of(LOCAL_ORG, LOCAL_OWNER, Rights::new(Roles::of(&[Role::Owner]), None), client)
    }

    #[expect(clippy::disallowed_methods, reason = "a verified caller may see what is its own")]
    pub(crate) fn user_of(org: Uuid, user: Uuid, rights: Rights, client: Client) -> Self {
        let Rights { roles, scopes, key } = rights;
        let subject = key.map_or(Subject::User, Subject::ApiKey);
        Self {
            subject,
            scope: SystemScope::new().on_behalf_of(org, user),
            roles,
            scopes,
            session: None,
            lacks_mfa: false,
            client,
        }
    }

    pub(crate) fn service(name: Cow<'static, str>, client: Client) -> Self {
        Self::without_rights(Subject::Service(name), Scope::public(), client)
    }

    pub(crate) fn anonymous(client: Client) -> Self {
        Self::without_rights(Subject::Anonymous, Scope::public(), client)
    }

    /// `scope` is that of the link's row.
    pub(crate) fn link(kind: LinkKind, scope: Scope, client: Client) -> Self {
        Self::without_rights(Subject::Link(kind), scope, client)
    }

    fn without_rights(subject: Subject, scope: Scope, client: Client) -> Self {
        Self { subject, scope, roles: Roles::default(), scopes: None, session: None, lacks_mfa: false, client }
    }

    pub(crate) fn with_client(self, client: Client) -> Self {
        Self { client, ..self }
    }

    pub(crate) fn lacking_mfa(self, lacks_mfa: bool) -> Self {
        Self { lacks_mfa, ..self }
    }

    pub(crate) fn lacks_mfa(&self) -> bool {
        self.lacks_mfa
    }

    pub(crate) fn in_session(self, session: Option<Uuid>) -> Self {
        Self { session, ..self }
    }

    /// The user that whoever makes this request has just proven to be. Only who looks accounts up before their organisation is
    /// known has the right this asks for.
    #[must_use]
    pub fn signed_in(&self, _: &SystemScope, org: Uuid, user: Uuid, roles: Roles) -> Self {
        Self::user_of(org, user, Rights::new(roles, None), self.client.clone())
    }

    /// The owner of a stored piece of work, for going on with it after a restart, with the rights it was begun with. Only a
    /// background task has the proof this asks for.
    pub fn impersonate(_: &SystemScope, org: Uuid, user: Uuid, rights: Rights) -> Self {
        Self::user_of(org, user, rights, Client::default())
    }

    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The organisation; nil for a caller without one.
    pub fn org(&self) -> Uuid {
        self.scope.org().unwrap_or_default()
    }

    /// The user, also of an API key; nil for a caller that is none.
    pub fn user(&self) -> Uuid {
        self.scope.user().unwrap_or_default()
    }

    /// Whether it acts in any organisation.
    pub fn has_org(&self) -> bool {
        self.scope.org().is_some()
    }

    /// Whether it is a user, or acts for one.
    pub(crate) fn has_user(&self) -> bool {
        matches!(self.subject, Subject::User | Subject::ApiKey(_))
    }

    pub fn roles(&self) -> Roles {
        self.roles
    }

    /// `None`: not limited.
    pub fn scopes(&self) -> Option<&Scopes> {
        self.scopes.as_ref()
    }

    /// The session in which the user signed in, if its token names one.
    pub fn session(&self) -> Option<Uuid> {
        self.session
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What work that is stored for later keeps of the caller.
    pub fn rights(&self) -> Rights {
        let key = match self.subject {
            Subject::ApiKey(key) => Some(key),
            _ => None,
        };
        Rights { roles: self.roles, scopes: self.scopes.clone(), key }
    }

    /// What stores and caches are asked with.
    pub fn scope(&self) -> Scope {
        self.scope.clone()
    }

    /// A gRPC request in this caller's name.
    pub fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        self.clone().attach(request.extensions_mut());
        request
    }

    /// The caller of a gRPC method; [`policy`](crate::policy) says for which there is a user.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, tonic::Status> {
        Self::attached(request.extensions())
            .cloned()
            .ok_or_else(|| tonic::Status::unauthenticated("this call has no verified caller"))
    }

    /// Puts the caller on a request. Extensions never leave the process, so what finds one was called by our own code.
    pub fn attach(self, extensions: &mut Extensions) {
        extensions.insert(Verified(self));
    }

    /// The caller on a request.
    pub fn attached(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Verified>().map(|Verified(caller)| caller)
    }
}

/// Handlers ask for [`Allowed`](crate::Allowed), not for this.
#[derive(Clone)]
struct Verified(Caller);
