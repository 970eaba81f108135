//! Full text: FTS5 on SQLite, tsvector on Postgres, over the same terms ([`text::terms`]).
//!
//! Terms are already folded and stemmed, and hold letters, marks and digits only, so neither database takes them apart or needs
//! more than single quotes around them.

mod postgres;

use std::fmt::Write;

use db::{DbError, Session, execute, fetch_all, fetch_one};
use uuid::Uuid;

pub(crate) use self::postgres::{Weights, best_postgres, chunks, frequencies_postgres};
use super::content;
use crate::{
    lexical::{self, Plan},
    retrieve::Selection,
    store::files::UnfinishedFile,
};

/// Makes a chunk findable by `terms` (joined by spaces).
pub(crate) async fn insert(session: &mut Session, file: &UnfinishedFile, seq: i64, terms: &str) -> Result<(), DbError> {
    if session.is_sqlite() {
        // The full-text table of SQLite has no column of the tenant; here as below the numbers are the tenant's own.
        execute!(
            session,
            unscoped on sqlite: "INSERT INTO chunk_terms (rowid, terms) VALUES ($1, $2)",
            seq,
            terms
        )?;
    } else {
        let terms = tsvector(session.org(), file.project, terms);
        execute!(
            session,
            org on postgres: "INSERT INTO chunk_terms (org, seq, project, terms) VALUES ($1, $2, $3, $4::tsvector)",
            seq,
            file.project,
            terms
        )?;
    }
    Ok(())
}

/// Forgets the terms of the numbers from `first` up to `end`.
pub(crate) async fn delete(session: &mut Session, first: i64, end: i64) -> Result<(), DbError> {
    if session.is_sqlite() {
        execute!(
            session,
            unscoped on sqlite: "DELETE FROM chunk_terms WHERE rowid >= $1 AND rowid < $2",
            first,
            end
        )?;
    } else {
        execute!(
            session,
            org on postgres: "DELETE FROM chunk_terms WHERE org = $1 AND seq >= $2 AND seq < $3",
            first,
            end
        )?;
    }
    Ok(())
}

/// Rewrites a part of the SQLite index without the entries of deleted rows, which it only marks at first; `true` when nothing is
/// left to rewrite. `start` begins a whole pass. Postgres has autovacuum for that.
pub(crate) async fn compact(session: &mut Session, start: bool) -> Result<bool, DbError> {
    if !session.is_sqlite() {
        return Ok(true);
    }
    // The index is one for all organisations, and rewriting it shows nothing of them.
    let pages: i64 = if start { -COMPACT_PAGES } else { COMPACT_PAGES };
    let (before,): (i64,) = fetch_one!(session, unscoped on sqlite: "SELECT total_changes()")?;
    execute!(session, unscoped on sqlite: "INSERT INTO chunk_terms (chunk_terms, rank) VALUES ('merge', $1)", pages)?;
    let (after,): (i64,) = fetch_one!(session, unscoped on sqlite: "SELECT total_changes()")?;
    // https://www.sqlite.org/fts5.html#the_merge_command: fewer than two changes mean that nothing was done.
    Ok(after - before < 2)
}

/// How much of the index one transaction rewrites.
const COMPACT_PAGES: i64 = 500;

/// In how many chunks of the whole database each term stands; terms that nobody wrote are left out. SQLite only.
pub(crate) async fn frequencies_sqlite(session: &mut Session, terms: &[String]) -> Result<Vec<(String, i64)>, DbError> {
    // How often a word occurs in all chunks steers how a question is asked, and is shown to no one.
    fetch_all!(
        session,
        unscoped on sqlite: "SELECT term, doc FROM chunk_vocabulary WHERE term IN (SELECT value FROM json_each($1))",
        serde_json::Value::from(terms).to_string()
    )
}

/// The first and the last number that a chunk of the selection may have; `None` when it has no chunks.
pub(crate) async fn span(session: &mut Session, selection: &Selection) -> Result<Option<(i64, i64)>, DbError> {
    let Some((first, end)) = content::range(session, selection.project).await? else { return Ok(None) };
    let Some(ranges) = &selection.ranges else { return Ok(Some((first, end - 1))) };
    let firsts = ranges.iter().map(|(first, _)| *first);
    let lasts = ranges.iter().map(|(_, last)| *last);
    Ok(firsts.min().zip(lasts.max()).map(|(lowest, highest)| (lowest.max(first), highest.min(end - 1))))
}

/// The numbers of the best chunks of the selection, whose [`span`] is given, best first, by BM25. SQLite only.
pub(crate) async fn best_sqlite(
    session: &mut Session,
    selection: &Selection,
    (first, last): (i64, i64),
    plan: &Plan,
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    let found: Vec<(i64,)> = fetch_all!(
        session,
        unscoped on sqlite: "SELECT rowid FROM chunk_terms
             WHERE chunk_terms MATCH $1 AND rowid BETWEEN $2 AND $3 AND ($4 IS NULL OR EXISTS (
                SELECT 1 FROM json_each($4) AS piece
                WHERE chunk_terms.rowid BETWEEN piece.value ->> 0 AND piece.value ->> 1))
             ORDER BY rank LIMIT $5",
        match_expression(plan),
        first,
        last,
        pieces(selection),
        limit
    )?;
    Ok(found.into_iter().map(|(seq,)| seq).collect())
}

/// Like [`best_sqlite`], for chunks with any of `terms`, however frequent those are elsewhere; of more than
/// [`lexical::RANKED`] chunks that have one, so many are ranked.
pub(crate) async fn any_sqlite(
    session: &mut Session,
    selection: &Selection,
    (first, last): (i64, i64),
    terms: &[String],
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    let found: Vec<(i64,)> = fetch_all!(
        session,
        unscoped on sqlite: "SELECT seq FROM (
                SELECT rowid AS seq, bm25(chunk_terms) AS score FROM chunk_terms
                WHERE chunk_terms MATCH $1 AND rowid BETWEEN $2 AND $3 AND ($4 IS NULL OR EXISTS (
                    SELECT 1 FROM json_each($4) AS piece
                    WHERE chunk_terms.rowid BETWEEN piece.value ->> 0 AND piece.value ->> 1))
                LIMIT $5)
             ORDER BY score, seq LIMIT $6",
        quoted(terms, " OR "),
        first,
        last,
        pieces(selection),
        lexical::RANKED,
        limit
    )?;
    Ok(found.into_iter().map(|(seq,)| seq).collect())
}

/// The ranges of the chosen files as a JSON list; `None` when all files count.
fn pieces(selection: &Selection) -> Option<String> {
    selection.ranges.as_ref().map(|ranges| serde_json::json!(ranges).to_string())
}

/// Only chunks with a telling term are looked at; all scored terms count for their rank.
fn match_expression(plan: &Plan) -> String {
    if plan.together {
        return quoted(&plan.telling, " AND ");
    }
    let telling = quoted(&plan.telling, " OR ");
    if plan.other.is_empty() {
        return telling;
    }
    format!("({telling}) AND ({telling} OR {})", quoted(&plan.other, " OR "))
}

fn quoted(terms: &[String], word: &str) -> String {
    terms.iter().map(|term| format!("\"{term}\"")).collect::<Vec<_>>().join(word)
}

/// A tsvector literal: each term with its positions, and the tokens of organisation and project without any. The slash keeps
/// those apart from what a person can write.
fn tsvector(org: Uuid, project: Uuid, terms: &str) -> String {
    let mut literal = format!("'{}' '{}'", org_token(org), project_token(project));
    for (position, term) in terms.split(' ').filter(|term| !term.is_empty()).enumerate() {
        // Postgres keeps no position beyond this.
        let _ = write!(literal, " '{term}':{}", (position + 1).min(16_383));
    }
    literal
}

fn org_token(org: Uuid) -> String {
    format!("/o/{}", org.simple())
}

fn project_token(project: Uuid) -> String {
    format!("/p/{}", project.simple())
}
