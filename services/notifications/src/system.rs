//! The right to what belongs to no organisation: mails to addresses, and the inboxes of users.
//!
//! A user is one person in every organisation. An invitation concerns somebody who is not in the organisation yet, and a changed
//! password concerns no organisation at all, so an inbox is the user's and every statement about it names the user.

use base::{Scope, SystemScope};

#[expect(clippy::disallowed_methods, reason = "mails and inboxes belong to no organisation")]
pub(crate) fn scope() -> Scope {
    Scope::from(SystemScope::new())
}
