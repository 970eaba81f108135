//! Scopes for tests, which nothing but the frame can make otherwise.

use base::{Scope, SystemScope};
use uuid::Uuid;

/// One user of one organisation.
pub fn tenant(org: Uuid, user: Uuid) -> Scope {
    system().on_behalf_of(org, user)
}

/// What background tasks are given: [`Scope::from`] makes a scope of it.
#[expect(clippy::disallowed_methods, reason = "tests act for whom they like")]
pub fn system() -> SystemScope {
    SystemScope::new()
}
