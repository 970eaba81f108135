//! The way to Redis, which holds nothing that may not vanish: caches, limits and copies of live logs. A call that fails or is
//! slow is given up, Redis is left alone from then on, and its users go on in process until a probe finds it again.

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

/// How long a call may take in a running server: a person waits for it.
pub const PATIENCE: Duration = Duration::from_millis(100);
/// How long a connection may take, its TLS and password included.
const CONNECT: Duration = Duration::from_secs(1);
/// Between two probes of a Redis that is left alone. Longer than any call, so that none begun before a reconnection
/// ends after it.
const PAUSE: Duration = Duration::from_secs(1);

/// An address that no Redis can have.
#[derive(Debug, thiserror::Error)]
#[error("not redis://user:password@host:6379/database (rediss:// for TLS)")]
pub struct RedisAddressError;

/// One Redis, or nothing while it is left alone. Cheap to clone.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    patience: Duration,
    /// `None` while Redis is left alone.
    connection: RwLock<Option<MultiplexedConnection>>,
    /// Whether a probe is at work.
    looking: AtomicBool,
}

impl Redis {
    /// Whether `url` names a Redis.
    pub fn check(url: &Secret) -> Result<(), RedisAddressError> {
        client(url).map(drop)
    }

    /// Connects, or starts without Redis and looks for it from then on. A call is given up after `patience`.
    pub async fn open(url: &Secret, patience: Duration) -> Result<Self, RedisAddressError> {
        let inner =
            Inner { client: client(url)?, patience, connection: RwLock::default(), looking: AtomicBool::default() };
        let redis = Self { inner: Arc::new(inner) };
        match redis.inner.connect().await {
            Ok(connection) => redis.inner.set(Some(connection)),
            Err(error) => redis.leave_alone(&error.to_string()),
        }
        Ok(redis)
    }

    /// Whether it answers; at once while it is left alone.
    pub async fn ping(&self) -> bool {
        self.ask(|mut connection| async move { redis::cmd("PING").query_async::<()>(&mut connection).await })
            .await
            .is_some()
    }

    /// The answer to one call; `None` when Redis is left alone, which it is after a call that failed or took too long.
    pub(crate) async fn ask<T, F>(&self, call: impl FnOnce(MultiplexedConnection) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let answer = tokio::time::timeout(self.inner.patience, call(self.inner.get()?)).await;
        match answer {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => self.leave_alone(&error.to_string()),
            Err(_) => self.leave_alone(&format!("no answer within {:?}", self.inner.patience)),
        }
        None
    }

    /// A connection for calls that wait, which hold up all others of their connection; `None` while Redis is left alone.
    pub(crate) async fn another_connection(&self) -> Option<MultiplexedConnection> {
        self.inner.get()?;
        self.inner.connect().await.ok()
    }

    /// Starts to look for Redis, unless somebody has: calls that were under way fail together.
    fn leave_alone(&self, cause: &str) {
        if self.inner.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        self.inner.set(None);
        tracing::warn!(cause, "Redis is left alone; caches and limits of this process stand in");
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

    /// A new connection that has answered: an old one may be a network path that swallows everything.
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        // Bounded here and in `ask`, as a whole.
        let limits = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let answers = async {
            let mut connection = self.client.get_multiplexed_async_connection_with_config(&limits).await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await?;
            Ok(connection)
        };
        let answer = tokio::time::timeout(CONNECT, answers).await;
        answer.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }
}

/// Looks for a Redis that is left alone until it answers, or until nobody has a use for it.
async fn probe(inner: Weak<Inner>) {
    loop {
        tokio::time::sleep(PAUSE).await;
        let Some(inner) = inner.upgrade() else { return };
        match inner.connect().await {
            Ok(connection) => {
                // First, so that who fails with this connection starts the next probe.
                inner.looking.store(false, Ordering::Release);
                inner.set(Some(connection));
                tracing::info!("Redis answers again");
                return;
            }
            Err(error) => tracing::debug!(%error, "Redis does not answer"),
        }
    }
}

fn client(url: &Secret) -> Result<Client, RedisAddressError> {
    if !url.expose().starts_with("redis://") && !url.expose().starts_with("rediss://") {
        return Err(RedisAddressError);
    }
    Client::open(url.expose()).map_err(|_| RedisAddressError)
}
