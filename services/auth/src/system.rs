//! The right to look accounts up before their organisation is known, which this service alone has beside the frame.

use base::{Scope, SystemScope};
use db::{Db, DbError, Session};

#[expect(clippy::disallowed_methods, reason = "who signs in is looked up before its organisation is known")]
pub(crate) fn right() -> SystemScope {
    SystemScope::new()
}

/// A session for what belongs to no organisation, or to one that is not known yet.
pub(crate) async fn begin(db: &Db) -> Result<Session, DbError> {
    db.begin(&Scope::from(right())).await
}

/// The same to read with.
pub(crate) async fn read(db: &Db) -> Result<Session, DbError> {
    db.read(&Scope::from(right())).await
}
