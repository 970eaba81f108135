//! Local index: the pages already read, as another search engine.

use std::sync::Arc;

use access::Caller;
use db::Db;

use crate::{
    engines::{Engine, EngineError, EngineResults, Hit, Query, SearchKind},
    store,
};

pub(crate) const NAME: &str = "local";
/// Longer queries are cut to this many terms.
const MAX_TERMS: usize = 12;

/// The pages that one user may see.
pub(crate) struct LocalIndex {
    pub(crate) db: Db,
    pub(crate) who: Arc<Caller>,
}

#[async_trait::async_trait]
impl Engine for LocalIndex {
    fn name(&self) -> &'static str {
        NAME
    }

    fn serves(&self, kind: SearchKind) -> bool {
        kind == SearchKind::Web
    }

    /// Pages that contain at least two thirds of the terms; with a lower share almost any page would match.
    async fn search(&self, query: &Query) -> Result<EngineResults, EngineError> {
        let mut terms = text::terms::query_terms(&query.text);
        terms.truncate(MAX_TERMS);
        if terms.is_empty() {
            return Ok(EngineResults::default());
        }
        let min_terms = i64::try_from((terms.len() * 2).div_ceil(3)).unwrap_or(1);
        let limit = i64::try_from(query.limit).unwrap_or(10);
        let failed = |error: db::DbError| {
            tracing::error!(%error, "failed to search local index; its results are missing");
            EngineError::Unreachable
        };
        let mut session = self.db.read(&self.who.scope()).await.map_err(failed)?;
        let found = store::search(&mut session, &terms, min_terms, limit).await.map_err(failed)?;
        let hits = found.into_iter().enumerate().map(|(index, page)| Hit {
            url: page.url,
            title: page.title,
            snippet: page.opening,
            published_at: page.published_at,
            engine: NAME,
            rank: index + 1,
        });
        Ok(EngineResults { hits: hits.collect(), ..EngineResults::default() })
    }
}
