//! Whose data a session, a cache key or an object is about. Every key of every store starts with it.
//!
//! The insides are private, so that no request can name a tenant by itself: a scope comes from a verified caller
//! (`access::Caller::scope`), from a [`SystemScope`], which background work of the frame is given, or is public.

use std::fmt;

use uuid::Uuid;

/// Whose data a session or key is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope(Kind);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    Public,
    Organisation { org: Uuid },
    User { org: Uuid, user: Uuid },
    System,
}

impl Scope {
    /// What belongs to no organisation: pages fetched anonymously at global addresses and engine answers to queries
    /// without private context.
    pub const fn public() -> Self {
        Self(Kind::Public)
    }

    /// The organisation, unless this is the public or the system's scope.
    pub const fn org(&self) -> Option<Uuid> {
        match self.0 {
            Kind::Organisation { org } | Kind::User { org, .. } => Some(org),
            Kind::Public | Kind::System => None,
        }
    }

    /// The user, if it is one user's scope.
    pub const fn user(&self) -> Option<Uuid> {
        match self.0 {
            Kind::User { user, .. } => Some(user),
            Kind::Public | Kind::Organisation { .. } | Kind::System => None,
        }
    }

    /// Whether it covers every organisation.
    pub const fn is_system(&self) -> bool {
        matches!(self.0, Kind::System)
    }

    /// The scope of one user, made from that of the whole organisation; `None` from any other.
    pub const fn narrowed_to(&self, user: Uuid) -> Option<Self> {
        match self.0 {
            Kind::Organisation { org } => Some(Self(Kind::User { org, user })),
            Kind::Public | Kind::User { .. } | Kind::System => None,
        }
    }

    /// The first part of every cache key and object path: the organisation's id, `public` or `system`. Row-level
    /// security compares it with the organisation of a row; the system has a setting of its own.
    pub fn label(&self) -> String {
        match self.0 {
            Kind::Organisation { org } | Kind::User { org, .. } => org.to_string(),
            Kind::Public => "public".to_owned(),
            Kind::System => "system".to_owned(),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}

/// The right to see and act for every organisation: of the relay, of recovery, of retention. Background tasks are
/// given one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SystemScope(());

impl SystemScope {
    /// For the frame only; a lint refuses it elsewhere (`clippy.toml`).
    #[expect(clippy::new_without_default, reason = "a right is not given by default")]
    pub const fn new() -> Self {
        Self(())
    }

    /// One organisation, when no user is known: a consumer's, before it has read the event.
    pub const fn organisation(&self, org: Uuid) -> Scope {
        Scope(Kind::Organisation { org })
    }

    /// One user of one organisation, for work that the system does in the user's name.
    pub const fn on_behalf_of(&self, org: Uuid, user: Uuid) -> Scope {
        Scope(Kind::User { org, user })
    }
}

impl From<SystemScope> for Scope {
    fn from(_: SystemScope) -> Self {
        Self(Kind::System)
    }
}
