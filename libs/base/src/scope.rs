//! For whom a connection is handed out. Every key of every store starts with it.

use std::fmt;

use uuid::Uuid;

/// Whose data a session or key is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One person in one organisation.
    Tenant { org: Uuid, user: Uuid },
    /// What belongs to nobody: pages fetched anonymously at global addresses and engine answers to queries without
    /// private context.
    Public,
    /// The relay, recovery and retention.
    System(SystemScope),
}

/// Proof of being the system; made by the frame only, and handed to background tasks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SystemScope(());

impl SystemScope {
    /// For the frame only; a lint refuses it elsewhere (`clippy.toml`).
    #[expect(clippy::new_without_default, reason = "a proof is not made by default")]
    pub fn new() -> Self {
        Self(())
    }

    /// Everything of one organisation and person, for work the system does in their name.
    pub fn on_behalf_of(&self, org: Uuid, user: Uuid) -> Scope {
        Scope::Tenant { org, user }
    }
}

impl From<SystemScope> for Scope {
    fn from(system: SystemScope) -> Self {
        Self::System(system)
    }
}

impl Scope {
    /// The first part of every cache key and object path. Row-level security compares it with the tenant of a row; the
    /// system has a setting of its own.
    pub fn label(&self) -> String {
        match self {
            Self::Tenant { org, .. } => org.to_string(),
            Self::Public => "public".to_owned(),
            Self::System(_) => "system".to_owned(),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}
