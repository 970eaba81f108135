//! The pages already read, as one more search engine.

use std::sync::Arc;

use access::Caller;
use db::Db;

use crate::{
    engines::{Engine, EngineError, Found, Hit, Kind, Query},
    store,
};

pub(crate) const NAME: &str = "local";
/// Longer questions are found by their first words.
const MOST_TERMS: usize = 12;

/// The pages that one person may see.
pub(crate) struct Local {
    pub(crate) db: Db,
    pub(crate) who: Arc<Caller>,
}

#[async_trait::async_trait]
impl Engine for Local {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: Kind) -> bool {
        kind == Kind::Web
    }

    /// Pages that hold at least two thirds of the words: fewer, and every page about anything would be found.
    async fn search(&self, query: &Query) -> Result<Found, EngineError> {
        let mut terms = text::terms::query_terms(&query.text);
        terms.truncate(MOST_TERMS);
        if terms.is_empty() {
            return Ok(Found::default());
        }
        let least = i64::try_from((terms.len() * 2).div_ceil(3)).unwrap_or(1);
        let limit = i64::try_from(query.limit).unwrap_or(10);
        let failed = |error: db::DbError| {
            tracing::error!(%error, "the local index failed");
            EngineError::Unreachable
        };
        let mut session = self.db.read(&self.who.scope()).await.map_err(failed)?;
        let found = store::search(&mut session, &terms, least, limit).await.map_err(failed)?;
        let hits = found.into_iter().enumerate().map(|(place, page)| Hit {
            url: page.url,
            title: page.title,
            snippet: page.opening,
            published_at: page.published_at,
            engine: NAME,
            rank: place + 1,
        });
        Ok(Found { hits: hits.collect(), ..Found::default() })
    }
}
