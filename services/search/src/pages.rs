//! Cache of web pages, split into passages. A page is taken from memory, from its stored copy, or from its site, in
//! this order.
//!
//! Pages fetched anonymously from public addresses are shared by all tenants. Pages from private networks
//! (`FETCH_ALLOW_CIDRS`) belong to the organisation that requested them, in memory as in the database.

pub(crate) mod compression;
mod loader;
mod page;

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use access::Caller;
use base::{
    Problem, Scope,
    time::{Clock, Ids},
};
use chrono::{DateTime, Utc};
use db::{Db, DbError};
use fetch::{FetchError, FetchResponse};
use moka::future::Cache;
use reader::PageFault;
use sqlx::types::Json;
use tokio::time::Instant;
use uuid::Uuid;

use self::loader::PageLoader;
pub(crate) use self::page::{Page, Passage, site, term_hash};
use crate::{
    config::CacheTtl,
    engines::canonical,
    store::{self, LatestCopy, Snapshot, Validators},
};

/// Characters of a text shown in result lists.
const OPENING_CHARS: usize = 300;
/// Bytes of a text that are indexed; enough to tell what a long document is about.
const MAX_INDEXED_BYTES: usize = 256 << 10;

/// Why a page was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the address is not one of a web page")]
    Address,
    #[error("{0}")]
    Fetch(#[from] fetch::FetchError),
    #[error("{0}")]
    Parse(#[from] reader::ParseError),
    #[error("the address shows a page that says so itself")]
    Fault(PageFault),
    #[error("the page was not opened in time")]
    Deadline,
    #[error("the stored copy cannot be used")]
    Store,
}

impl OpenError {
    /// A stable word for events and metrics.
    pub(crate) fn code(&self) -> Cow<'static, str> {
        use reader::ParseError;
        let code = match self {
            Self::Fetch(FetchError::Status(status)) => return format!("http_{status}").into(),
            Self::Address => "bad_url",
            Self::Fetch(error) => error.code(),
            Self::Parse(ParseError::NoText) => "no_text",
            Self::Parse(ParseError::Encrypted) => "encrypted",
            Self::Parse(ParseError::Damaged(_)) => "damaged",
            Self::Parse(ParseError::TooLarge(_)) => "too_large",
            Self::Parse(ParseError::Refused(_)) => "refused",
            Self::Parse(ParseError::OutOfMemory) => "parser_memory",
            Self::Parse(ParseError::Timeout) => "parser_timeout",
            Self::Parse(ParseError::Crashed(_)) => "parser_crashed",
            Self::Parse(ParseError::Unavailable(_)) => "parser_unavailable",
            Self::Fault(PageFault::NotFound) => "soft_404",
            Self::Fault(PageFault::BotCheck) => "bot_check",
            Self::Fault(PageFault::Unavailable) => "unavailable",
            Self::Deadline => "deadline",
            Self::Store => "store",
        };
        code.into()
    }
}

impl From<DbError> for OpenError {
    fn from(error: DbError) -> Self {
        tracing::error!(%error, "failed to read or store page copy; page is reported as not opened");
        Self::Store
    }
}

/// An opened page.
#[derive(Debug, Clone)]
pub(crate) struct OpenedPage {
    pub(crate) page: Arc<Page>,
    /// No request was sent to its site.
    pub(crate) from_cache: bool,
}

/// A page in memory, with the time of its last request or revalidation.
#[derive(Debug, Clone)]
struct CachedPage {
    page: Arc<Page>,
    checked_at: DateTime<Utc>,
}

/// Scope label and canonical address.
type PageKey = (Arc<str>, Arc<str>);

/// Opens pages and caches them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct PageCache {
    inner: Arc<PageCacheInner>,
}

#[derive(Debug)]
struct PageCacheInner {
    db: Db,
    clock: Clock,
    ids: Ids,
    ttl: CacheTtl,
    loader: PageLoader,
    memory: Cache<PageKey, CachedPage>,
}

impl PageCache {
    pub(crate) fn new(deps: &server::Deps, config: &crate::config::Config) -> anyhow::Result<Self> {
        let memory = Cache::builder()
            .max_capacity(config.page_bytes)
            .weigher(|_: &PageKey, cached: &CachedPage| u32::try_from(cached.page.memory_size()).unwrap_or(u32::MAX))
            .build();
        let inner = PageCacheInner {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            ttl: config.pages,
            loader: PageLoader::new(config.fetch.clone(), deps.executable.clone())?,
            memory,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Opens `url` for `who`. Concurrent calls for the same address share one fetch.
    pub(crate) async fn open(&self, who: &Caller, url: &str, deadline: Instant) -> Result<OpenedPage, OpenError> {
        let inner = &self.inner;
        let address: Arc<str> = canonical::key(url).ok_or(OpenError::Address)?.into();
        let url = canonical::clean(url).ok_or(OpenError::Address)?;
        let org: Arc<str> = who.scope().label().into();
        let public: PageKey = (Scope::public().label().into(), address.clone());
        let own: PageKey = (org, address);
        for key in [&own, &public] {
            match inner.memory.get(key).await {
                Some(cached) if inner.is_fresh(cached.checked_at) => {
                    return Ok(OpenedPage { page: cached.page, from_cache: true });
                }
                Some(_) => inner.memory.invalidate(key).await,
                None => {}
            }
        }
        let site_requested = AtomicBool::new(false);
        // Whether the page is private is known only once it is fetched, so a fetch is shared within the organisation
        // alone. Boxed to keep this future small: most pages are in memory.
        let load = Box::pin(inner.load(who, &own, &url, deadline, &site_requested));
        let loading = inner.memory.try_get_with(own.clone(), load);
        let cached = tokio::time::timeout_at(deadline, loading).await.map_err(|_| OpenError::Deadline)?;
        let cached = cached.map_err(|error: Arc<OpenError>| (*error).clone())?;
        if !cached.page.private {
            inner.memory.insert(public, cached.clone()).await;
            inner.memory.invalidate(&own).await;
        }
        Ok(OpenedPage { page: cached.page, from_cache: !site_requested.load(Ordering::Relaxed) })
    }

    /// A stored copy; 404 if `who` may not read it.
    pub(crate) async fn snapshot(&self, who: &Caller, id: &str) -> Result<Page, Problem> {
        let missing = || Problem::not_found("page copy");
        let id: Uuid = id.parse().map_err(|_| missing())?;
        let mut session = self.inner.db.read(&who.scope()).await?;
        let found = store::snapshot(&mut session, id).await?;
        drop(session);
        let snapshot = found.ok_or_else(missing)?;
        let text = compression::decompress(&snapshot.text).map_err(Problem::internal)?;
        Ok(page(&snapshot, &text, &[]))
    }

    /// Removes pages beyond the limit from the index.
    pub(crate) async fn trim(&self, scope: &Scope, keep: i64) -> Result<(), DbError> {
        loop {
            let mut session = self.inner.db.begin(scope).await?;
            let trimmed = store::trim(&mut session, keep).await?;
            session.commit().await?;
            if trimmed == 0 {
                return Ok(());
            }
        }
    }
}

impl PageCacheInner {
    fn is_fresh(&self, checked_at: DateTime<Utc>) -> bool {
        self.age(checked_at) < self.ttl.fresh
    }

    fn age(&self, checked_at: DateTime<Utc>) -> Duration {
        (self.clock.now() - checked_at).to_std().unwrap_or_default()
    }

    async fn load(
        &self,
        who: &Caller,
        key: &PageKey,
        url: &str,
        deadline: Instant,
        site_requested: &AtomicBool,
    ) -> Result<CachedPage, OpenError> {
        let address = &*key.1;
        let latest = self.latest_copy(who, address).await?;
        let latest = match latest {
            Some(latest) if self.is_fresh(latest.checked_at) => return self.load_copy(latest).await,
            latest => latest,
        };
        site_requested.store(true, Ordering::Relaxed);
        let validators = latest
            .as_ref()
            .map(|latest| Validators { etag: latest.etag.clone(), last_modified: latest.last_modified.clone() });
        let fetched = match self.loader.fetch_through_refresh(url, validators, deadline).await {
            Ok(fetched) => fetched,
            Err(error) => return self.stale_copy(latest, error).await,
        };
        let scope = if fetched.private { who.scope() } else { Scope::public() };
        match latest {
            Some(latest) if fetched.status == 304 => {
                let now = self.clock.now();
                let is_public = latest.snapshot.scope == Scope::public().label();
                let scope = if is_public { Scope::public() } else { who.scope() };
                let mut session = self.db.begin(&scope).await?;
                store::checked(&mut session, address, now).await?;
                session.commit().await?;
                self.load_copy(LatestCopy { checked_at: now, ..latest }).await
            }
            latest => match (self.store_fetched(&scope, address, fetched).await, latest) {
                // The page is there; its site does not show it now.
                (Err(OpenError::Fault(PageFault::BotCheck | PageFault::Unavailable)), Some(latest))
                    if self.age(latest.checked_at) < self.ttl.stale =>
                {
                    self.load_copy(latest).await
                }
                (stored, _) => stored,
            },
        }
    }

    async fn latest_copy(&self, who: &Caller, address: &str) -> Result<Option<LatestCopy>, DbError> {
        let mut session = self.db.read(&who.scope()).await?;
        store::known(&mut session, address).await
    }

    /// Falls back to a stale copy if the error is temporary, but not if the site reports that the page is gone.
    async fn stale_copy(&self, latest: Option<LatestCopy>, error: fetch::FetchError) -> Result<CachedPage, OpenError> {
        match latest {
            Some(latest) if error.is_retryable() && self.age(latest.checked_at) < self.ttl.stale => {
                self.load_copy(latest).await
            }
            _ => Err(error.into()),
        }
    }

    /// Loads a stored copy and splits it into passages.
    async fn load_copy(&self, latest: LatestCopy) -> Result<CachedPage, OpenError> {
        let checked_at = latest.checked_at;
        let parts = self.loader.compute(move || {
            let text = compression::decompress(&latest.snapshot.text).map_err(|_| OpenError::Store)?;
            let passages = page::passages(&text, &latest.snapshot.sections);
            Ok((latest.snapshot, text, passages))
        });
        let (snapshot, text, passages) = parts.await?;
        Ok(CachedPage { page: Arc::new(page(&snapshot, &text, &passages)), checked_at })
    }

    /// Parses and stores a fetched page. If its content has not changed, it keeps the id of the latest copy.
    async fn store_fetched(
        &self,
        scope: &Scope,
        address: &str,
        fetched: FetchResponse,
    ) -> Result<CachedPage, OpenError> {
        let url = fetched.url.to_string();
        let validators = Validators { etag: fetched.etag.clone(), last_modified: fetched.last_modified.clone() };
        let document = self.loader.parse(fetched).await?;
        let (id, label, now) = (self.ids.next(), scope.label(), self.clock.now());
        let prepared = self.loader.compute(move || NewSnapshot::new(document, url, id, label, now)).await?;
        let NewSnapshot { mut snapshot, text, passages, terms } = prepared;
        let mut session = self.db.begin(scope).await?;
        match store::current(&mut session, address, &snapshot.hash).await? {
            Some((id, fetched_at)) => {
                (snapshot.id, snapshot.fetched_at) = (id, fetched_at);
                store::show(&mut session, address, id, &validators, now).await?;
            }
            None => {
                store::insert(&mut session, &snapshot).await?;
                let number = store::show(&mut session, address, snapshot.id, &validators, now).await?;
                store::index(&mut session, number, &terms).await?;
            }
        }
        session.commit().await?;
        Ok(CachedPage { page: Arc::new(page(&snapshot, &text, &passages)), checked_at: now })
    }
}

/// A parsed page, ready to be stored.
struct NewSnapshot {
    snapshot: Snapshot,
    text: String,
    passages: Vec<Passage>,
    /// Terms to index, separated by spaces.
    terms: String,
}

impl NewSnapshot {
    fn new(
        document: reader::Document,
        url: String,
        id: Uuid,
        scope: String,
        now: DateTime<Utc>,
    ) -> Result<Self, OpenError> {
        let text = document.text;
        let title = document.title.unwrap_or_else(|| url.clone());
        let indexed = &text[..text.floor_char_boundary(MAX_INDEXED_BYTES)];
        let terms = text::terms::index_text(&format!("{title}\n{indexed}"));
        let passages = page::passages(&text, &document.sections);
        let snapshot = Snapshot {
            id,
            scope,
            hash: loader::digest(&title, &text),
            opening: passages
                .first()
                .map_or(&*text, |first| &text[first.range.clone()])
                .chars()
                .take(OPENING_CHARS)
                .collect(),
            text: compression::compress(&text).map_err(|_| OpenError::Store)?,
            sections: Json(document.sections),
            words_kept: document.words_kept.map(|words| words.ratio()),
            url,
            title,
            author: document.author,
            language: document.language,
            published_at: document.published_at,
            fetched_at: now,
        };
        Ok(Self { snapshot, text, passages, terms })
    }
}

/// Builds the page to cache. Its parts are copied, because those allocated during parsing would fragment the heap: the
/// memory freed between them could not be returned.
fn page(snapshot: &Snapshot, text: &str, passages: &[Passage]) -> Page {
    Page {
        snapshot_id: snapshot.id,
        private: snapshot.scope != Scope::public().label(),
        url: snapshot.url.clone(),
        title: snapshot.title.clone(),
        author: snapshot.author.clone(),
        language: snapshot.language.clone(),
        published_at: snapshot.published_at,
        fetched_at: snapshot.fetched_at,
        words_kept: snapshot.words_kept,
        text: text.to_owned(),
        passages: passages.to_vec(),
    }
}
