//! The emergency of a signing key that has leaked.

use access::{Action, Caller, LOCAL_ORG};
use audit::Object;
use base::Problem;

use super::Accounts;
use crate::{
    revocations::{self, Kind},
    system,
};

impl Accounts {
    /// Every access token is believed no more within seconds, and clients renew theirs with another key. For owners of the first
    /// organisation, whose installation it is.
    pub(crate) async fn revoke_signing_keys(&self, who: &Caller) -> Result<(), Problem> {
        if who.org() != LOCAL_ORG {
            return Err(Problem::forbidden("only owners of the organisation that was made first may do this"));
        }
        let mut session = system::begin(&self.db).await?;
        let revoked = self.keys.revoke_all(&mut session).await?;
        for id in &revoked {
            revocations::insert(&mut session, self.ids.next(), Kind::SigningKey, id, self.clock.now()).await?;
        }
        let object = Object::new("signing_key", revoked.join(" "));
        self.audit.record(&mut session, who, Action::RevokeSigningKeys, object).await?;
        Ok(session.commit().await?)
    }
}
