//! The connection to Redis, which holds nothing that may not vanish: caches, limits and copies of live feeds.
//!
//! A call that fails or takes too long opens a circuit: Redis is not called any more, and the in-process cache and limits are
//! used until a probe finds Redis again.

use std::{
    future::Future,
    sync::{
        Arc, PoisonError, RwLock, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base::config::Secret;
use redis::{AsyncConnectionConfig, Client, RedisResult, aio::MultiplexedConnection};

/// How long a call may take in a running server: a user waits for it.
pub const CALL_TIMEOUT: Duration = Duration::from_millis(100);
/// How long connecting may take, including TLS and password.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Between two probes while the circuit is open. Longer than any call, so that none begun before a reconnection ends after it.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// An address that no Redis can have.
#[derive(Debug, thiserror::Error)]
#[error("not redis://user:password@host:6379/database (rediss:// for TLS)")]
pub struct RedisAddressError;

/// One Redis server. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    call_timeout: Duration,
    /// `None` while the circuit is open.
    connection: RwLock<Option<MultiplexedConnection>>,
    /// Whether a probe runs.
    probing: AtomicBool,
}

impl Redis {
    /// Whether `url` names a Redis.
    pub fn check(url: &Secret) -> Result<(), RedisAddressError> {
        client(url).map(drop)
    }

    /// Connects, or starts with an open circuit and probes from then on. Each call is given up after `call_timeout`.
    pub async fn open(url: &Secret, call_timeout: Duration) -> Result<Self, RedisAddressError> {
        let inner =
            Inner { client: client(url)?, call_timeout, connection: RwLock::default(), probing: AtomicBool::default() };
        let redis = Self { inner: Arc::new(inner) };
        match redis.inner.connect().await {
            Ok(connection) => redis.inner.set(Some(connection)),
            Err(error) => redis.open_circuit(&error.to_string()),
        }
        Ok(redis)
    }

    /// Whether Redis answers; `false` at once while the circuit is open.
    pub async fn ping(&self) -> bool {
        self.call(|mut connection| async move { redis::cmd("PING").query_async::<()>(&mut connection).await })
            .await
            .is_some()
    }

    /// The answer to one call; `None` while the circuit is open, and when the call fails or takes too long, which opens it.
    pub(crate) async fn call<T, F>(&self, call: impl FnOnce(MultiplexedConnection) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let answer = tokio::time::timeout(self.inner.call_timeout, call(self.inner.get()?)).await;
        match answer {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => self.open_circuit(&error.to_string()),
            Err(_) => self.open_circuit(&format!("no answer within {:?}", self.inner.call_timeout)),
        }
        None
    }

    /// A connection for blocking calls, which hold up all others of their connection; `None` while the circuit is open.
    pub(crate) async fn dedicated_connection(&self) -> Option<MultiplexedConnection> {
        self.inner.get()?;
        self.inner.connect().await.ok()
    }

    /// Stops calling Redis and starts a probe, unless one runs: concurrent calls fail together.
    fn open_circuit(&self, cause: &str) {
        if self.inner.probing.swap(true, Ordering::AcqRel) {
            return;
        }
        self.inner.set(None);
        tracing::warn!(cause, "redis unavailable; using in-process cache and limits");
        tokio::spawn(probe(Arc::downgrade(&self.inner)));
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis")
    }
}

impl Inner {
    fn get(&self) -> Option<MultiplexedConnection> {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, connection: Option<MultiplexedConnection>) {
        metrics::gauge!("gooseek_redis_up").set(if connection.is_some() { 1.0 } else { 0.0 });
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = connection;
    }

    /// A new connection that has answered: an old one may be a network path that drops every packet.
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        // Bounded here and in `call`, as a whole.
        let limits = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let answers = async {
            let mut connection = self.client.get_multiplexed_async_connection_with_config(&limits).await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await?;
            Ok(connection)
        };
        let answer = tokio::time::timeout(CONNECT_TIMEOUT, answers).await;
        answer.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }
}

/// Probes until Redis answers, or until it has no user any more.
async fn probe(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(PROBE_INTERVAL).await;
        let Some(inner) = inner.upgrade() else { return };
        match inner.connect().await {
            Ok(connection) => {
                // In this order: a call that fails with this connection starts the next probe.
                inner.probing.store(false, Ordering::Release);
                inner.set(Some(connection));
                tracing::info!("redis available again");
                return;
            }
            Err(error) => tracing::debug!(%error, "redis still unavailable"),
        }
    }
}

fn client(url: &Secret) -> Result<Client, RedisAddressError> {
    if !url.expose().starts_with("redis://") && !url.expose().starts_with("rediss://") {
        return Err(RedisAddressError);
    }
    Client::open(url.expose()).map_err(|_| RedisAddressError)
}
