//! What is no longer to be believed although it has not expired: written with the change, read by every process.

use base::time::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use db::{Db, DbError, Session};
use proto::{
    auth::v1::{Revocation, Revocations, revocation::Subject},
    convert,
};
use uuid::Uuid;

use crate::{
    store::revocations::{self as store, RevocationRow},
    system,
};

/// Longer than an access token lives.
const MATTERS: TimeDelta = TimeDelta::minutes(15);
/// Who asks is told what it may have been told before: another replica's clock, or a transaction that was committed late.
const OVERLAP: TimeDelta = TimeDelta::seconds(30);

/// What was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Session,
    User,
    Organisation,
    ApiKey,
    SigningKey,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Session, Self::User, Self::Organisation, Self::ApiKey, Self::SigningKey];

    /// As it is stored.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::User => "user",
            Self::Organisation => "organisation",
            Self::ApiKey => "api_key",
            Self::SigningKey => "signing_key",
        }
    }
}

/// Takes something back in the session of the change.
pub(crate) async fn insert(
    session: &mut Session,
    id: Uuid,
    kind: Kind,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    store::insert(session, id, kind.as_str(), subject, now).await
}

/// What a process is told that asks for everything from `since` on.
pub(crate) async fn list(db: &Db, clock: &Clock, since: Option<DateTime<Utc>>) -> Result<Revocations, DbError> {
    let now = clock.now();
    let oldest = now - MATTERS;
    let since = since.map_or(oldest, |since| (since - OVERLAP).max(oldest));
    let mut session = system::read(db).await?;
    let rows = store::list(&mut session, since).await?;
    Ok(Revocations {
        revocations: rows.into_iter().filter_map(message).collect(),
        until: Some(convert::timestamp(now)),
    })
}

/// Forgets what no longer matters.
pub(crate) async fn prune(session: &mut Session, now: DateTime<Utc>) -> Result<(), DbError> {
    store::delete_before(session, now - MATTERS).await
}

/// `None` for a kind of a newer version.
fn message(row: RevocationRow) -> Option<Revocation> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind)?;
    let subject = match kind {
        Kind::Session => Subject::SessionId(row.subject),
        Kind::User => Subject::UserId(row.subject),
        Kind::Organisation => Subject::OrganisationId(row.subject),
        Kind::ApiKey => Subject::ApiKeyHash(bytes(&row.subject)?.into()),
        Kind::SigningKey => Subject::SigningKeyId(row.subject),
    };
    Some(Revocation { subject: Some(subject), revoked_at: Some(convert::timestamp(row.revoked_at)) })
}

/// The hash of a key, as it stands in a row.
pub(crate) fn hexadecimal(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(hexadecimal.get(at..at + 2)?, 16).ok();
    (0..hexadecimal.len()).step_by(2).map(pair).collect()
}
