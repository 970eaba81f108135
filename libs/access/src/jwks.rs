//! The public keys tokens are checked with: pinned by an operator, or a JWKS (RFC 7517) of auth-svc.

use std::{sync::Arc, time::Duration};

use fetch::operator::OperatorClient;
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};
use tokio::{
    sync::{Mutex, RwLock},
    time::Instant,
};

use super::TokenError;

/// An unknown key id makes us ask again, but not more often than this.
const REFRESH: Duration = Duration::from_secs(30);
/// Known keys are asked for again after this, so that one that was taken back is not believed much longer.
const MAX_AGE: Duration = Duration::from_secs(600);
/// They are believed for no longer than this, whether or not anybody could be asked: it bounds how long a key that was taken
/// back lives on, also after a day without a request and while the issuer cannot be reached.
const BELIEVED: Duration = Duration::from_secs(3_600);
/// After a failure we ask again sooner, since until then nobody new gets in.
const RETRY: Duration = Duration::from_secs(2);

struct Key {
    id: Option<String>,
    key: DecodingKey,
}

/// A key set.
pub(super) struct Keys {
    known: Arc<RwLock<Known>>,
    remote: Option<Arc<Remote>>,
}

#[derive(Default)]
struct Known {
    keys: Vec<Key>,
    /// When they came; `None` when they are pinned.
    came: Option<Instant>,
}

struct Remote {
    client: OperatorClient,
    /// When the keys were last asked for, and whether they came. Held while asking, so that one caller asks for all.
    asked: Mutex<Option<(Instant, bool)>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("remote", &self.remote.as_ref().map(|remote| &remote.client))
            .finish_non_exhaustive()
    }
}

impl Keys {
    pub(super) fn pinned(text: &str) -> Result<Self, String> {
        let keys = parse(text)?;
        if keys.is_empty() {
            return Err("no Ed25519 key in it".to_owned());
        }
        Ok(Self { known: Arc::new(RwLock::new(Known { keys, came: None })), remote: None })
    }

    pub(super) fn remote(base: &str) -> Result<Self, String> {
        let client = OperatorClient::new(base, Duration::from_secs(3)).map_err(|error| error.to_string())?;
        Ok(Self { known: Arc::default(), remote: Some(Arc::new(Remote { client, asked: Mutex::default() })) })
    }

    /// The key a token names; without a name the only key there is. Waits for keys where there are none to believe.
    pub(super) async fn find(&self, id: Option<&str>) -> Result<DecodingKey, TokenError> {
        if let Some(key) = self.known.read().await.pick(id) {
            self.renew_when_old();
            return Ok(key);
        }
        let Some(remote) = &self.remote else { return Err(TokenError::Invalid) };
        let mut asked = remote.asked.lock().await;
        // Somebody may have asked while this caller waited.
        if let Some(key) = self.known.read().await.pick(id) {
            return Ok(key);
        }
        match *asked {
            Some((at, true)) if at.elapsed() < REFRESH => return Err(TokenError::Invalid),
            Some((at, false)) if at.elapsed() < RETRY => return Err(TokenError::KeysUnavailable),
            _ => {}
        }
        let fetched = fetch_keys(&remote.client).await;
        *asked = Some((Instant::now(), fetched.is_some()));
        // Those who bring a known key are not kept waiting for the answer.
        *self.known.write().await = fetched.ok_or(TokenError::KeysUnavailable)?;
        self.known.read().await.pick(id).ok_or(TokenError::Invalid)
    }

    /// Asks for the keys again, beside the request that found them old. While nobody answers they
    /// stay, until they are too old to be believed.
    fn renew_when_old(&self) {
        let Some(remote) = self.remote.clone() else { return };
        let Ok(asked) = remote.asked.try_lock() else { return };
        let old = asked.is_some_and(|(at, came)| at.elapsed() >= if came { MAX_AGE } else { REFRESH });
        drop(asked);
        if !old {
            return;
        }
        let known = self.known.clone();
        tokio::spawn(async move {
            let Ok(mut asked) = remote.asked.try_lock() else { return };
            let fetched = fetch_keys(&remote.client).await;
            *asked = Some((Instant::now(), fetched.is_some()));
            if let Some(keys) = fetched {
                *known.write().await = keys;
            }
        });
    }
}

impl Known {
    fn pick(&self, id: Option<&str>) -> Option<DecodingKey> {
        if self.came.is_some_and(|came| came.elapsed() >= BELIEVED) {
            return None;
        }
        let key = match (id, self.keys.as_slice()) {
            (None, [only]) => only,
            // A pinned PEM has no id; it stands for whatever id the issuer gave it.
            (Some(_), [only]) if only.id.is_none() => only,
            (id, keys) => keys.iter().find(|key| key.id.is_some() && key.id.as_deref() == id)?,
        };
        Some(key.key.clone())
    }
}

/// What the issuer has now, which may be no key at all.
async fn fetch_keys(remote: &OperatorClient) -> Option<Known> {
    let request = remote.get("/.well-known/jwks.json").timeout(Duration::from_secs(5));
    let text = fetch::operator::text(request, 256 * 1024).await;
    let parsed = text.map_err(|error| error.to_string()).and_then(|text| parse(&text));
    let keys = parsed.inspect_err(|error| tracing::warn!(%error, "JWKS cannot be read")).ok()?;
    Some(Known { keys, came: Some(Instant::now()) })
}

fn parse(text: &str) -> Result<Vec<Key>, String> {
    let text = text.trim();
    if text.starts_with("-----BEGIN") {
        let key =
            DecodingKey::from_ed_pem(text.as_bytes()).map_err(|_| "not an Ed25519 public key in PEM".to_owned())?;
        return Ok(vec![Key { id: None, key }]);
    }
    let set: JwkSet = serde_json::from_str(text)
        .or_else(|_| serde_json::from_str::<Jwk>(text).map(|key| JwkSet { keys: vec![key] }))
        .map_err(|_| "neither a PEM public key, a JWK nor a JWKS".to_owned())?;
    Ok(set.keys.iter().filter_map(ed25519).collect())
}

fn ed25519(jwk: &Jwk) -> Option<Key> {
    let AlgorithmParameters::OctetKeyPair(parameters) = &jwk.algorithm else { return None };
    if parameters.curve != EllipticCurve::Ed25519 {
        return None;
    }
    Some(Key { id: jwk.common.key_id.clone(), key: DecodingKey::from_jwk(jwk).ok()? })
}
