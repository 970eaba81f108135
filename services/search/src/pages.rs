//! Pages of the web as passages: opened from memory, from the stored copy, or from the site, in this order.
//!
//! What was fetched anonymously at a public address belongs to everybody and is shared; what was reached through
//! `FETCH_ALLOW_CIDRS` belongs to the organisation that asked, in memory as in the database.

pub(crate) mod packing;
mod page;
mod reading;

use std::{
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
use fetch::FetchResponse;
use moka::future::Cache;
use sqlx::types::Json;
use tokio::time::Instant;
use uuid::Uuid;

pub(crate) use self::page::{Page, Passage, Sketch, hash, site};
use self::reading::Reading;
use crate::{
    config::Ages,
    engines::canonical,
    store::{self, Known, Snapshot, Validators},
};

/// Characters of a text that stand for it in a list of results.
const OPENING: usize = 300;
/// Bytes of a text that are searchable; what a long document is about is said before that.
const INDEXED: usize = 256 << 10;

/// A page that was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the address is not one of a web page")]
    Address,
    #[error("{0}")]
    Fetch(#[from] fetch::FetchError),
    #[error("{0}")]
    Parse(#[from] reader::ParseError),
    #[error("the page was not there in time")]
    Deadline,
    #[error("the stored copy cannot be used")]
    Store,
}

impl OpenError {
    /// A stable word for events and metrics.
    pub(crate) fn code(&self) -> &'static str {
        use reader::ParseError;
        match self {
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
            Self::Deadline => "deadline",
            Self::Store => "store",
        }
    }
}

impl From<DbError> for OpenError {
    fn from(error: DbError) -> Self {
        tracing::error!(%error, "a page copy could not be read or kept");
        Self::Store
    }
}

/// An opened page.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) page: Arc<Page>,
    /// Whether its site was not asked.
    pub(crate) from_cache: bool,
}

/// A page in memory, and when its site was asked last.
#[derive(Debug, Clone)]
struct Held {
    page: Arc<Page>,
    checked_at: DateTime<Utc>,
}

/// Whose copy of which address.
type Key = (Arc<str>, Arc<str>);

/// Opens pages and keeps copies of them. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Pages {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    db: Db,
    clock: Clock,
    ids: Ids,
    ages: Ages,
    reading: Reading,
    memory: Cache<Key, Held>,
}

impl Pages {
    pub(crate) fn new(deps: &server::Deps, config: &crate::config::Config) -> anyhow::Result<Self> {
        let memory = Cache::builder()
            .max_capacity(config.page_bytes)
            .weigher(|_: &Key, held: &Held| u32::try_from(held.page.weight()).unwrap_or(u32::MAX))
            .build();
        let shared = Shared {
            db: deps.db.clone(),
            clock: deps.clock.clone(),
            ids: deps.ids.clone(),
            ages: config.pages,
            reading: Reading::new(config.fetch.clone(), deps.executable.clone())?,
            memory,
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Opens `url` for `who`. Equal addresses opened at the same time are fetched once.
    pub(crate) async fn open(&self, who: &Caller, url: &str, deadline: Instant) -> Result<Opened, OpenError> {
        let shared = &self.shared;
        let address: Arc<str> = canonical::key(url).ok_or(OpenError::Address)?.into();
        let url = canonical::clean(url).ok_or(OpenError::Address)?;
        let org: Arc<str> = who.scope().label().into();
        let public: Key = (Scope::public().label().into(), address.clone());
        let own: Key = (org, address);
        for key in [&own, &public] {
            match shared.memory.get(key).await {
                Some(held) if shared.is_fresh(held.checked_at) => {
                    return Ok(Opened { page: held.page, from_cache: true });
                }
                Some(_) => shared.memory.invalidate(key).await,
                None => {}
            }
        }
        let asked = AtomicBool::new(false);
        // Until it is fetched nobody knows whether it is a private page, so only the organisation's own requests join.
        // On the heap: most pages are in memory, and their futures stay small.
        let load = Box::pin(shared.load(who, &own, &url, deadline, &asked));
        let loading = shared.memory.try_get_with(own.clone(), load);
        let held = tokio::time::timeout_at(deadline, loading).await.map_err(|_| OpenError::Deadline)?;
        let held = held.map_err(|error: Arc<OpenError>| (*error).clone())?;
        if !held.page.private {
            shared.memory.insert(public, held.clone()).await;
            shared.memory.invalidate(&own).await;
        }
        Ok(Opened { page: held.page, from_cache: !asked.load(Ordering::Relaxed) })
    }

    /// A stored copy; what belongs to somebody else is not there.
    pub(crate) async fn snapshot(&self, who: &Caller, id: &str) -> Result<Page, Problem> {
        let missing = || Problem::not_found("page copy");
        let id: Uuid = id.parse().map_err(|_| missing())?;
        let mut session = self.shared.db.read(&who.scope()).await?;
        let found = store::snapshot(&mut session, id).await?;
        drop(session);
        let snapshot = found.ok_or_else(missing)?;
        let text = packing::unpack(&snapshot.text).map_err(Problem::internal)?;
        Ok(page(&snapshot, &text, &[]))
    }

    /// Drops the searchable pages beyond the limit.
    pub(crate) async fn trim(&self, scope: &Scope, keep: i64) -> Result<(), DbError> {
        loop {
            let mut session = self.shared.db.begin(scope).await?;
            let trimmed = store::trim(&mut session, keep).await?;
            session.commit().await?;
            if trimmed == 0 {
                return Ok(());
            }
        }
    }
}

impl Shared {
    fn is_fresh(&self, checked_at: DateTime<Utc>) -> bool {
        self.age(checked_at) < self.ages.fresh
    }

    fn age(&self, checked_at: DateTime<Utc>) -> Duration {
        (self.clock.now() - checked_at).to_std().unwrap_or_default()
    }

    async fn load(
        &self,
        who: &Caller,
        key: &Key,
        url: &str,
        deadline: Instant,
        asked: &AtomicBool,
    ) -> Result<Held, OpenError> {
        let address = &*key.1;
        let known = self.known(who, address).await?;
        let known = match known {
            Some(known) if self.is_fresh(known.checked_at) => return self.hold(known).await,
            known => known,
        };
        asked.store(true, Ordering::Relaxed);
        let validators = known
            .as_ref()
            .map(|known| Validators { etag: known.etag.clone(), last_modified: known.last_modified.clone() });
        let fetched = match self.reading.fetch(url, validators, deadline).await {
            Ok(fetched) => fetched,
            Err(error) => return self.stand_in(known, error).await,
        };
        let scope = if fetched.private { who.scope() } else { Scope::public() };
        match known {
            Some(known) if fetched.status == 304 => {
                let now = self.clock.now();
                let is_public = known.snapshot.scope == Scope::public().label();
                let scope = if is_public { Scope::public() } else { who.scope() };
                let mut session = self.db.begin(&scope).await?;
                store::checked(&mut session, address, now).await?;
                session.commit().await?;
                self.hold(Known { checked_at: now, ..known }).await
            }
            _ => self.keep(&scope, address, fetched).await,
        }
    }

    async fn known(&self, who: &Caller, address: &str) -> Result<Option<Known>, DbError> {
        let mut session = self.db.read(&who.scope()).await?;
        store::known(&mut session, address).await
    }

    /// An older copy is better than none when the site has trouble, but not when it says that the page is gone.
    async fn stand_in(&self, known: Option<Known>, error: fetch::FetchError) -> Result<Held, OpenError> {
        match known {
            Some(known) if error.is_retryable() && self.age(known.checked_at) < self.ages.stale => {
                self.hold(known).await
            }
            _ => Err(error.into()),
        }
    }

    /// A stored copy, cut into passages again.
    async fn hold(&self, known: Known) -> Result<Held, OpenError> {
        let checked_at = known.checked_at;
        let parts = self.reading.compute(move || {
            let text = packing::unpack(&known.snapshot.text).map_err(|_| OpenError::Store)?;
            let passages = page::passages(&text, &known.snapshot.sections);
            Ok((known.snapshot, text, passages))
        });
        let (snapshot, text, passages) = parts.await?;
        Ok(Held { page: Arc::new(page(&snapshot, &text, &passages)), checked_at })
    }

    /// Parses what was fetched and stores it, under the id of the copy at hand when nothing changed.
    async fn keep(&self, scope: &Scope, address: &str, fetched: FetchResponse) -> Result<Held, OpenError> {
        let url = fetched.url.to_string();
        let validators = Validators { etag: fetched.etag.clone(), last_modified: fetched.last_modified.clone() };
        let document = self.reading.parse(fetched).await?;
        let (id, label, now) = (self.ids.next(), scope.label(), self.clock.now());
        let prepared = self.reading.compute(move || Prepared::new(document, url, id, label, now)).await?;
        let Prepared { mut snapshot, text, passages, terms } = prepared;
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
        Ok(Held { page: Arc::new(page(&snapshot, &text, &passages)), checked_at: now })
    }
}

/// A page on its way into the store.
struct Prepared {
    snapshot: Snapshot,
    text: String,
    passages: Vec<Passage>,
    /// What the page is searchable by.
    terms: String,
}

impl Prepared {
    fn new(
        document: reader::Document,
        url: String,
        id: Uuid,
        scope: String,
        now: DateTime<Utc>,
    ) -> Result<Self, OpenError> {
        let text = document.text;
        let title = document.title.unwrap_or_else(|| url.clone());
        let indexed = &text[..text.floor_char_boundary(INDEXED)];
        let terms = text::terms::index_text(&format!("{title}\n{indexed}"));
        let passages = page::passages(&text, &document.sections);
        let snapshot = Snapshot {
            id,
            scope,
            hash: reading::digest(&title, &text),
            opening: passages
                .first()
                .map_or(&*text, |first| &text[first.range.clone()])
                .chars()
                .take(OPENING)
                .collect(),
            text: packing::pack(&text).map_err(|_| OpenError::Store)?,
            sections: Json(document.sections),
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

/// The page to be kept at hand. Its parts are copied: those made while it was parsed lie between what was freed since, which
/// the allocator cannot use or give back as long as they are there.
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
        text: text.to_owned(),
        passages: passages.to_vec(),
    }
}
