//! Secrets that are made at the first start and kept in a service's own database, so that every replica has the same.

use base::{Scope, SystemScope};
use db::Db;
use kit::cursor::CursorKey;
use rand::RngCore;

/// What cursors are signed with.
pub(crate) async fn cursor_key(db: &Db) -> anyhow::Result<CursorKey> {
    Ok(CursorKey::new(&stored_secret(db, "cursor").await?))
}

/// 32 random bytes, made at the first call and kept in the service's own database under this name.
#[expect(clippy::disallowed_methods, reason = "the secret is the system's, and no organisation may read it")]
pub async fn stored_secret(db: &Db, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut fresh = [0_u8; 32];
    rand::rng().fill_bytes(&mut fresh);
    let mut session = db.begin(&Scope::from(SystemScope::new())).await?;
    db::execute!(
        &mut session,
        any: "INSERT INTO frame_secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        name,
        fresh.as_slice()
    )?;
    let (secret,): (Vec<u8>,) =
        db::fetch_one!(&mut session, any: "SELECT value FROM frame_secrets WHERE name = $1", name)?;
    session.commit().await?;
    Ok(secret)
}
