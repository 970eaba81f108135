//! The public keys that tokens are checked with: pinned by the operator, or a JWKS (RFC 7517) of auth-svc.
//!
//! Fetched keys are kept, so that a request waits for the issuer only when there is no key to use, and dropped when they are
//! too old to be trusted.

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

/// An unknown key id causes a fetch, but not more often than this.
const REFRESH_INTERVAL: Duration = Duration::from_secs(30);
/// Keys are fetched again after this, so that a revoked one is not accepted much longer.
const MAX_AGE: Duration = Duration::from_secs(600);
/// Keys are dropped after this, whether or not the issuer could be reached: it bounds how long a revoked key is accepted.
const MAX_STALE: Duration = Duration::from_secs(3_600);
/// After a failure the next fetch is sooner: until then no new token is accepted.
const RETRY_DELAY: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_JWKS_BYTES: usize = 256 * 1024;

struct Key {
    id: Option<String>,
    key: DecodingKey,
}

/// A key set.
pub(super) struct Keys {
    cached: Arc<RwLock<CachedKeys>>,
    remote: Option<Arc<Remote>>,
}

#[derive(Default)]
struct CachedKeys {
    keys: Vec<Key>,
    /// `None` when they are pinned.
    fetched_at: Option<Instant>,
}

/// Where keys come from.
#[async_trait::async_trait]
pub trait KeySource: std::fmt::Debug + Send + Sync {
    /// A JWK set as JSON, or why there is none.
    async fn jwks(&self) -> Result<String, String>;
}

/// `/.well-known/jwks.json` of an issuer.
#[derive(Debug)]
pub(super) struct HttpKeys(OperatorClient);

impl HttpKeys {
    pub(super) fn new(base: &str) -> Result<Self, String> {
        OperatorClient::new(base, CONNECT_TIMEOUT).map(Self).map_err(|error| error.to_string())
    }
}

#[async_trait::async_trait]
impl KeySource for HttpKeys {
    async fn jwks(&self) -> Result<String, String> {
        let request = self.0.get("/.well-known/jwks.json").timeout(FETCH_TIMEOUT);
        fetch::operator::text(request, MAX_JWKS_BYTES).await.map_err(|error| error.to_string())
    }
}

struct Remote {
    source: Box<dyn KeySource>,
    /// When the last fetch was, and whether it succeeded. Held during a fetch, so that concurrent requests share it.
    last_attempt: Mutex<Option<(Instant, bool)>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("remote", &self.remote.as_ref().map(|remote| &remote.source))
            .finish_non_exhaustive()
    }
}

impl Keys {
    pub(super) fn pinned(text: &str) -> Result<Self, String> {
        let keys = parse(text)?;
        if keys.is_empty() {
            return Err("no Ed25519 key in it".to_owned());
        }
        Ok(Self { cached: Arc::new(RwLock::new(CachedKeys { keys, fetched_at: None })), remote: None })
    }

    pub(super) fn from_source(source: impl KeySource + 'static) -> Self {
        let remote = Remote { source: Box::new(source), last_attempt: Mutex::default() };
        Self { cached: Arc::default(), remote: Some(Arc::new(remote)) }
    }

    /// The key a token names; without a name the only key there is. Waits for a fetch when no key can be used.
    pub(super) async fn find(&self, id: Option<&str>) -> Result<DecodingKey, TokenError> {
        if let Some(key) = self.cached.read().await.select(id) {
            self.refresh_when_old();
            return Ok(key);
        }
        let Some(remote) = &self.remote else { return Err(TokenError::Invalid) };
        let mut last_attempt = remote.last_attempt.lock().await;
        // Another request may have fetched while this one waited.
        if let Some(key) = self.cached.read().await.select(id) {
            return Ok(key);
        }
        match *last_attempt {
            Some((at, true)) if at.elapsed() < REFRESH_INTERVAL => return Err(TokenError::Invalid),
            Some((at, false)) if at.elapsed() < RETRY_DELAY => return Err(TokenError::KeysUnavailable),
            _ => {}
        }
        let fetched = fetch_keys(&*remote.source).await;
        *last_attempt = Some((Instant::now(), fetched.is_some()));
        // The lock on the keys is taken only now: requests with a known key do not wait for the fetch.
        *self.cached.write().await = fetched.ok_or(TokenError::KeysUnavailable)?;
        self.cached.read().await.select(id).ok_or(TokenError::Invalid)
    }

    /// Fetches old keys again in the background. While the issuer does not answer they stay, until they are too old to be used.
    fn refresh_when_old(&self) {
        let Some(remote) = self.remote.clone() else { return };
        let Ok(last_attempt) = remote.last_attempt.try_lock() else { return };
        let due = |succeeded: bool| if succeeded { MAX_AGE } else { REFRESH_INTERVAL };
        let is_old = last_attempt.is_some_and(|(at, succeeded)| at.elapsed() >= due(succeeded));
        drop(last_attempt);
        if !is_old {
            return;
        }
        let cached = self.cached.clone();
        tokio::spawn(async move {
            let Ok(mut last_attempt) = remote.last_attempt.try_lock() else { return };
            let fetched = fetch_keys(&*remote.source).await;
            *last_attempt = Some((Instant::now(), fetched.is_some()));
            if let Some(keys) = fetched {
                *cached.write().await = keys;
            }
        });
    }
}

impl CachedKeys {
    fn select(&self, id: Option<&str>) -> Option<DecodingKey> {
        if self.fetched_at.is_some_and(|at| at.elapsed() >= MAX_STALE) {
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

/// The issuer's present keys, which may be none at all.
async fn fetch_keys(source: &dyn KeySource) -> Option<CachedKeys> {
    let parsed = source.jwks().await.and_then(|text| parse(&text));
    let keys = parsed
        .inspect_err(|error| tracing::warn!(%error, "failed to fetch JWKS; keys known so far stay in use"))
        .ok()?;
    Some(CachedKeys { keys, fetched_at: Some(Instant::now()) })
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
