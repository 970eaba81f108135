//! Finds chunks by the words of a question, ranked by BM25.
//!
//! SQLite ranks by itself, and counts over the whole database. Postgres has no such rank; there every word is counted among the
//! chunks of the project or organisation, and weighs the more the rarer it is.

use std::time::Duration;

use base::Scope;
use db::{Db, DbError, Session};
use moka::sync::Cache;
use uuid::Uuid;

use super::Selection;
use crate::{
    lexical::{self, Plan},
    store::search::{self, Weights},
};

/// How often words occur changes slowly.
const FREQUENCY_AGE: Duration = Duration::from_secs(120);
const FREQUENCIES: u64 = 20_000;

/// Full text. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct WordSearch {
    db: Db,
    /// In how many chunks a term stands: of a project or an organisation, or of the whole database. It steers how a question is
    /// asked and what its words weigh, not what it finds.
    frequencies: Cache<(Option<Uuid>, String), i64>,
}

impl WordSearch {
    pub(super) fn new(db: Db) -> Self {
        let frequencies = Cache::builder().max_capacity(FREQUENCIES).time_to_live(FREQUENCY_AGE).build();
        Self { db, frequencies }
    }

    /// The numbers of the best chunks, best first.
    pub(super) async fn find(
        &self,
        scope: &Scope,
        selection: &Selection,
        query: &str,
        limit: usize,
    ) -> Result<Vec<i64>, DbError> {
        let terms = terms(query);
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let mut session = self.db.read(scope).await?;
        if self.db.is_sqlite() {
            self.on_sqlite(&mut session, selection, &terms, limit).await
        } else {
            self.on_postgres(&mut session, selection, &terms, limit).await
        }
    }

    async fn on_sqlite(
        &self,
        session: &mut Session,
        selection: &Selection,
        terms: &[String],
        limit: usize,
    ) -> Result<Vec<i64>, DbError> {
        let depth = i64::try_from(limit).unwrap_or(i64::MAX);
        let Some(span) = search::span(session, selection).await? else { return Ok(Vec::new()) };
        if span.1 - span.0 < lexical::RANKED {
            return search::any_sqlite(session, selection, span, terms, depth).await;
        }
        let mut found = Vec::new();
        if let Some(plan) = lexical::plan(self.frequencies(session, None, terms).await?) {
            found = search::best_sqlite(session, selection, span, &plan, depth).await?;
            if plan.together && found.len() < limit {
                found = search::best_sqlite(session, selection, span, &plan.loosened(), depth).await?;
            }
        }
        if found.len() < limit {
            let others = search::any_sqlite(session, selection, span, terms, depth).await?;
            fill(&mut found, others, limit);
        }
        Ok(found)
    }

    async fn on_postgres(
        &self,
        session: &mut Session,
        selection: &Selection,
        terms: &[String],
        limit: usize,
    ) -> Result<Vec<i64>, DbError> {
        let depth = i64::try_from(limit).unwrap_or(i64::MAX);
        let chunks = search::chunks(session, selection.project).await?;
        let counted = self.frequencies(session, Some(selection), terms).await?;
        let weights = Weights::new(&counted, chunks);
        let is_small = selection.size().unwrap_or(chunks) <= lexical::RANKED;
        let Some(plan) = (if is_small { Plan::of_all(counted) } else { lexical::plan(counted) }) else {
            return Ok(Vec::new());
        };
        let mut found = search::best_postgres(session, selection, &weights, &plan, depth).await?;
        if plan.together && found.len() < limit {
            found = search::best_postgres(session, selection, &weights, &plan.loosened(), depth).await?;
        }
        if !is_small && found.len() < limit {
            let any = Plan { telling: terms.to_vec(), together: false, other: Vec::new() };
            let others = search::best_postgres(session, selection, &weights, &any, depth).await?;
            fill(&mut found, others, limit);
        }
        Ok(found)
    }

    /// In how many chunks each term stands; terms that nobody wrote are left out. Without `selection`, of the whole database.
    async fn frequencies(
        &self,
        session: &mut Session,
        selection: Option<&Selection>,
        terms: &[String],
    ) -> Result<Vec<(String, i64)>, DbError> {
        let place = selection.map(|selection| selection.project.unwrap_or(session.org()));
        let key = |term: &String| (place, term.clone());
        let unknown: Vec<String> =
            terms.iter().filter(|term| !self.frequencies.contains_key(&key(term))).cloned().collect();
        let counted = match selection {
            _ if unknown.is_empty() => Vec::new(),
            Some(selection) => search::frequencies_postgres(session, selection.project, &unknown).await?,
            None => search::frequencies_sqlite(session, &unknown).await?,
        };
        for (term, chunks) in counted {
            self.frequencies.insert((place, term), chunks);
        }
        Ok(terms.iter().filter_map(|term| Some((term.clone(), self.frequencies.get(&key(term))?))).collect())
    }
}

/// What a question is about; for one that asks for nothing in particular, every word of it.
fn terms(query: &str) -> Vec<String> {
    let terms = text::extractive::search_terms(query);
    if terms.is_empty() { text::terms::query_terms(query) } else { terms }
}

/// Puts what was not found before behind what was.
fn fill(found: &mut Vec<i64>, others: Vec<i64>, limit: usize) {
    for seq in others {
        if !found.contains(&seq) {
            found.push(seq);
        }
    }
    found.truncate(limit);
}
