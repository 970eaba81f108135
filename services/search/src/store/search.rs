//! Full-text search over the pages already read. FTS5 and tsvector need different SQL.

use base::Scope;
use chrono::{DateTime, Utc};
use db::{DbError, Session, execute, fetch_all};

/// A page that contains enough of the terms.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct IndexedPage {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) opening: String,
    pub(crate) published_at: Option<DateTime<Utc>>,
}

/// Indexes page `number` under `terms` (separated by spaces) and the session's scope.
pub(crate) async fn index(session: &mut Session, number: i64, terms: &str) -> Result<(), DbError> {
    // A page without words has the scope term alone; Postgres accepts no empty lexeme.
    let terms = format!("{} {terms}", scope_term(session.scope()));
    let terms = terms.trim_end();
    if session.is_sqlite() {
        // A full-text table has no column of the scope; its row is that of the page.
        execute!(session, unscoped on sqlite: "DELETE FROM page_search WHERE rowid = $1", number)?;
        execute!(
            session,
            unscoped on sqlite: "INSERT INTO page_search (rowid, terms) VALUES ($1, $2)",
            number,
            terms
        )?;
    } else {
        execute!(
            session,
            scope on postgres: "INSERT INTO page_search (scope, number, terms)
                                VALUES ($1, $2, array_to_tsvector(string_to_array($3, ' ')))
                                ON CONFLICT (number) DO UPDATE SET terms = excluded.terms",
            number,
            terms
        )?;
    }
    Ok(())
}

/// Public pages and those of the session's scope that contain at least `least` of `terms`, best first; empty without
/// terms.
pub(crate) async fn search(
    session: &mut Session,
    terms: &[String],
    least: i64,
    limit: i64,
) -> Result<Vec<IndexedPage>, DbError> {
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let (own, public) = (scope_term(session.scope()), scope_term(&Scope::public()));
    if session.is_sqlite() {
        let scope = format!("(\"{own}\" OR \"{public}\")");
        let wanted: Vec<String> = terms.iter().map(|term| format!("{scope} AND \"{term}\"")).collect();
        fetch_all!(
            session,
            scope on sqlite: "WITH matches AS MATERIALIZED (
                     SELECT page_search.rowid AS number, -page_search.rank AS score
                     FROM json_each($2) AS wanted JOIN page_search ON page_search MATCH wanted.value)
                 SELECT s.url, s.title, s.opening, s.published_at
                 FROM (SELECT number, COUNT(*) AS held, SUM(score) AS score FROM matches GROUP BY number) AS best
                 JOIN pages p ON p.number = best.number JOIN snapshots s ON s.id = p.snapshot_id
                 WHERE best.held >= $3 AND p.scope IN ('public', $1)
                 ORDER BY best.score DESC, p.number LIMIT $4",
            sqlx::types::Json(wanted),
            least,
            limit
        )
    } else {
        let wanted: Vec<String> = terms.iter().map(|term| format!("'{term}'")).collect();
        let any = format!("('{own}' | '{public}') & ({})", wanted.join(" | "));
        fetch_all!(
            session,
            scope on postgres: "SELECT s.url, s.title, s.opening, s.published_at
                 FROM page_search f JOIN pages p ON p.number = f.number JOIN snapshots s ON s.id = p.snapshot_id
                 CROSS JOIN LATERAL (SELECT COUNT(*) AS held FROM unnest($2) AS wanted (term)
                                     WHERE f.terms @@ wanted.term::tsquery) AS best
                 WHERE f.terms @@ $3::tsquery AND best.held >= $4 AND p.scope IN ('public', $1)
                 ORDER BY ts_rank(f.terms, $3::tsquery) DESC, p.number LIMIT $5",
            wanted,
            any,
            least,
            limit
        )
    }
}

/// Removes the least recently checked pages from the index until `keep` are left, at most a thousand per call; returns
/// how many. Their copies remain, because citations refer to them.
pub(crate) async fn trim(session: &mut Session, keep: i64) -> Result<u64, DbError> {
    if session.is_sqlite() {
        // On Postgres the index goes with its page.
        execute!(
            session,
            any on sqlite: "DELETE FROM page_search WHERE rowid IN
                                (SELECT number FROM pages ORDER BY checked_at DESC, number LIMIT 1000 OFFSET $1)",
            keep
        )?;
    }
    execute!(
        session,
        any: "DELETE FROM pages WHERE number IN
                  (SELECT number FROM pages ORDER BY checked_at DESC, number LIMIT 1000 OFFSET $1)",
        keep
    )
}

/// A term that all pages of a scope are indexed with, so that a search does not scan other tenants' pages. It is only
/// an optimisation: access is decided by the `scope` column.
fn scope_term(scope: &Scope) -> String {
    format!("xscope{}", scope.label().replace('-', ""))
}
