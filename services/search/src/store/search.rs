//! Full-text search over the pages already read. FTS5 and tsvector need different SQL.

use chrono::{DateTime, Utc};
use db::{DbError, Session};

/// A page that contains enough of the terms.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct IndexedPage {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) opening: String,
    pub(crate) published_at: Option<DateTime<Utc>>,
}

/// Indexes page `number` under `terms` (separated by spaces) and its scope.
pub(crate) async fn index(session: &mut Session, number: i64, scope: &str, terms: &str) -> Result<(), DbError> {
    // A page without words has the scope term alone; Postgres accepts no empty lexeme.
    let terms = format!("{} {terms}", scope_term(scope));
    let terms = terms.trim_end();
    match session {
        Session::Sqlite(conn) => {
            sqlx::query("DELETE FROM page_search WHERE rowid = $1").bind(number).execute(&mut **conn).await?;
            sqlx::query("INSERT INTO page_search (rowid, terms) VALUES ($1, $2)")
                .bind(number)
                .bind(terms)
                .execute(&mut **conn)
                .await?;
        }
        Session::Postgres(conn) => {
            sqlx::query(
                "INSERT INTO page_search (number, scope, terms)
                 VALUES ($1, $2, array_to_tsvector(string_to_array($3, ' ')))
                 ON CONFLICT (number) DO UPDATE SET terms = excluded.terms",
            )
            .bind(number)
            .bind(scope)
            .bind(terms)
            .execute(&mut **conn)
            .await?;
        }
    }
    Ok(())
}

/// Pages of the two scopes that contain at least `least` of `terms`, best first; empty without terms.
pub(crate) async fn search(
    session: &mut Session,
    scopes: [&str; 2],
    terms: &[String],
    least: i64,
    limit: i64,
) -> Result<Vec<IndexedPage>, DbError> {
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    match session {
        Session::Sqlite(conn) => {
            let scope = format!("(\"{}\" OR \"{}\")", scope_term(scopes[0]), scope_term(scopes[1]));
            let wanted: Vec<String> = terms.iter().map(|term| format!("{scope} AND \"{term}\"")).collect();
            let found = sqlx::query_as(
                "WITH matches AS MATERIALIZED (
                     SELECT page_search.rowid AS number, -page_search.rank AS score
                     FROM json_each($1) AS wanted JOIN page_search ON page_search MATCH wanted.value)
                 SELECT s.url, s.title, s.opening, s.published_at
                 FROM (SELECT number, COUNT(*) AS held, SUM(score) AS score FROM matches GROUP BY number) AS best
                 JOIN pages p ON p.number = best.number JOIN snapshots s ON s.id = p.snapshot_id
                 WHERE best.held >= $2 AND p.scope IN ($3, $4)
                 ORDER BY best.score DESC, p.number LIMIT $5",
            )
            .bind(sqlx::types::Json(wanted))
            .bind(least)
            .bind(scopes[0])
            .bind(scopes[1])
            .bind(limit);
            Ok(found.fetch_all(&mut **conn).await?)
        }
        Session::Postgres(conn) => {
            let wanted: Vec<String> = terms.iter().map(|term| format!("'{term}'")).collect();
            let scope = format!("('{}' | '{}')", scope_term(scopes[0]), scope_term(scopes[1]));
            let any = format!("{scope} & ({})", wanted.join(" | "));
            let found = sqlx::query_as(
                "SELECT s.url, s.title, s.opening, s.published_at
                 FROM page_search f JOIN pages p ON p.number = f.number JOIN snapshots s ON s.id = p.snapshot_id
                 CROSS JOIN LATERAL (SELECT COUNT(*) AS held FROM unnest($1) AS wanted (term)
                                     WHERE f.terms @@ wanted.term::tsquery) AS best
                 WHERE f.terms @@ $2::tsquery AND best.held >= $3 AND p.scope IN ($4, $5)
                 ORDER BY ts_rank(f.terms, $2::tsquery) DESC, p.number LIMIT $6",
            )
            .bind(wanted)
            .bind(any)
            .bind(least)
            .bind(scopes[0])
            .bind(scopes[1])
            .bind(limit);
            Ok(found.fetch_all(&mut **conn).await?)
        }
    }
}

/// Removes the least recently checked pages from the index until `keep` are left, at most a thousand per call; returns
/// how many. Their copies remain, because citations refer to them.
pub(crate) async fn trim(session: &mut Session, keep: i64) -> Result<u64, DbError> {
    match session {
        Session::Sqlite(conn) => {
            sqlx::query(
                "DELETE FROM page_search WHERE rowid IN
                     (SELECT number FROM pages ORDER BY checked_at DESC, number LIMIT 1000 OFFSET $1)",
            )
            .bind(keep)
            .execute(&mut **conn)
            .await?;
            let trimmed = sqlx::query(
                "DELETE FROM pages WHERE number IN
                     (SELECT number FROM pages ORDER BY checked_at DESC, number LIMIT 1000 OFFSET $1)",
            );
            Ok(trimmed.bind(keep).execute(&mut **conn).await?.rows_affected())
        }
        Session::Postgres(conn) => {
            let trimmed = sqlx::query(
                "DELETE FROM pages WHERE number IN
                     (SELECT number FROM pages ORDER BY checked_at DESC, number LIMIT 1000 OFFSET $1)",
            );
            Ok(trimmed.bind(keep).execute(&mut **conn).await?.rows_affected())
        }
    }
}

/// A term that all pages of a scope are indexed with, so that a search does not scan other tenants' pages. It is only
/// an optimisation: access is decided by the `scope` column.
fn scope_term(scope: &str) -> String {
    format!("xscope{}", scope.replace('-', ""))
}
