//! Nearest vectors on Postgres: few are compared one by one, many are looked for in pgvector's index.

use db::{DbError, Session, execute, fetch_all, fetch_one};
use sqlx::AssertSqlSafe;

use super::vectors::to_literal;
use crate::retrieve::Selection;

/// Up to so many vectors of a selection are compared one by one, which takes some milliseconds and misses nothing.
const FEW: i64 = 2_000;
/// How many candidates a pass over the index keeps (`hnsw.ef_search`): more than anybody asks for.
const CANDIDATES: &str = "200";

/// The numbers of the nearest chunks, nearest first. Postgres only.
pub(crate) async fn nearest(
    session: &mut Session,
    selection: &Selection,
    model: &str,
    query: &[f32],
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    let ask = Ask { selection, model, query, limit };
    if let Some(kind) = indexed_as(query.len())
        && selection.ranges.is_none()
        && ask.is_large(session).await?
    {
        let found = ask.approximate(session, kind).await?;
        // The index gives up after so many rows of others (`hnsw.max_scan_tuples`).
        if i64::try_from(found.len()).is_ok_and(|found| found == limit) {
            return Ok(found);
        }
    }
    ask.exact(session).await
}

/// The type that vectors of this length are indexed as, in the migration `search`.
fn indexed_as(dimensions: usize) -> Option<&'static str> {
    match dimensions {
        256 | 384 | 512 | 768 | 1024 | 1536 => Some("vector"),
        2048 | 2560 | 3072 => Some("halfvec"),
        _ => None,
    }
}

struct Ask<'a> {
    selection: &'a Selection,
    model: &'a str,
    query: &'a [f32],
    limit: i64,
}

impl Ask<'_> {
    fn dimensions(&self) -> i64 {
        i64::try_from(self.query.len()).unwrap_or(i64::MAX)
    }

    async fn is_large(&self, session: &mut Session) -> Result<bool, DbError> {
        let (counted,): (i64,) = fetch_one!(
            session,
            org on postgres: "SELECT COUNT(*) FROM (
                 SELECT 1 FROM vectors WHERE org = $1 AND ($2 IS NULL OR project = $2) AND model = $3 LIMIT $4) AS counted",
            self.selection.project,
            self.model,
            FEW + 1
        )?;
        Ok(counted > FEW)
    }

    /// By the index, which holds every tenant's vectors: it is read on until enough of the selection's are found.
    async fn approximate(&self, session: &mut Session, kind: &str) -> Result<Vec<i64>, DbError> {
        // Settings of this transaction.
        execute!(
            session,
            unscoped on postgres: "SELECT set_config('hnsw.ef_search', $1, true),
                                          set_config('hnsw.iterative_scan', $2, true)",
            CANDIDATES,
            "strict_order"
        )?;
        let found: Vec<(i64,)> = fetch_all!(
            session,
            org on postgres: AssertSqlSafe(approximate(self.query.len(), kind)),
            self.selection.project,
            self.model,
            to_literal(self.query),
            self.limit
        )?;
        Ok(found.into_iter().map(|(seq,)| seq).collect())
    }

    async fn exact(&self, session: &mut Session) -> Result<Vec<i64>, DbError> {
        let (firsts, lasts): (Vec<i64>, Vec<i64>) = self.selection.ranges.iter().flatten().copied().unzip();
        // Vectors of another length cannot be compared, and the planner may compare before it filters.
        let found: Vec<(i64,)> = fetch_all!(
            session,
            org on postgres: "SELECT seq FROM vectors
                 WHERE org = $1 AND ($2 IS NULL OR project = $2) AND model = $3 AND dimensions = $4
                    AND ($5 OR EXISTS (SELECT 1 FROM unnest($6::bigint[], $7::bigint[]) AS piece (first, last)
                        WHERE seq BETWEEN piece.first AND piece.last))
                 ORDER BY CASE WHEN dimensions = $4 THEN embedding <=> $8::vector END, seq LIMIT $9",
            self.selection.project,
            self.model,
            self.dimensions(),
            self.selection.ranges.is_none(),
            firsts,
            lasts,
            to_literal(self.query),
            self.limit
        )?;
        Ok(found.into_iter().map(|(seq,)| seq).collect())
    }
}

/// The length is part of the text, since the index of that length is chosen by it.
fn approximate(length: usize, kind: &str) -> String {
    format!(
        "SELECT seq FROM vectors
         WHERE org = $1 AND ($2 IS NULL OR project = $2) AND model = $3 AND dimensions = {length}
         ORDER BY embedding::{kind}({length}) <=> $4::{kind}({length}) LIMIT $5"
    )
}

#[cfg(test)]
mod tests;
