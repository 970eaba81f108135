//! BM25 on Postgres, which ranks by nearness of words and knows no rare ones.

use db::{DbError, Session, fetch_all, fetch_one};
use uuid::Uuid;

use super::{org_token, project_token};
use crate::{
    lexical::{self, Plan},
    retrieve::Selection,
};

/// What a chunk has of different words, about.
const MEAN_WORDS: f64 = 115.0;

/// What each term of a question weighs.
#[derive(Debug)]
pub(crate) struct Weights(Vec<(String, f64)>);

impl Weights {
    /// Of terms that stand in the given numbers of `chunks` chunks.
    pub(crate) fn new(frequencies: &[(String, i64)], chunks: i64) -> Self {
        let size = |count: i64| usize::try_from(count).unwrap_or_default();
        let weigh = |count: i64| f64::from(text::bm25::idf(size(count), size(chunks.max(count))));
        Self(frequencies.iter().map(|(term, count)| (term.clone(), weigh(*count))).collect())
    }
}

/// How many numbers of chunks a project, or an organisation, has used.
pub(crate) async fn chunks(session: &mut Session, project: Option<Uuid>) -> Result<i64, DbError> {
    let (chunks,): (i64,) = fetch_one!(
        session,
        org on postgres: "SELECT CAST(COALESCE(SUM(next_seq - first_seq), 0) AS BIGINT) FROM project_sequences
             WHERE org = $1 AND ($2 IS NULL OR project = $2)",
        project
    )?;
    Ok(chunks)
}

/// In how many chunks of a project, or of an organisation, each term stands, counted up to where it no longer matters; terms
/// that nobody wrote are left out.
pub(crate) async fn frequencies_postgres(
    session: &mut Session,
    project: Option<Uuid>,
    terms: &[String],
) -> Result<Vec<(String, i64)>, DbError> {
    let scope = scope_token(session, project);
    fetch_all!(
        session,
        org on postgres: "SELECT wanted.term, counted.chunks FROM unnest($2::text[]) AS wanted (term)
             CROSS JOIN LATERAL (SELECT COUNT(*) AS chunks FROM (
                 SELECT 1 FROM chunk_terms WHERE org = $1 AND terms @@ ($3::tsquery && quote_literal(wanted.term)::tsquery)
                 LIMIT $4) AS holding) AS counted
             WHERE counted.chunks > 0",
        terms,
        format!("'{scope}'"),
        lexical::COUNTED + 1
    )
}

/// The numbers of the best chunks of the selection, best first.
///
/// What `ts_rank` gives for one term tells how often it stands in a chunk: after `n` times it is 0.1 times the sum of `1 / i²` up to
/// `n` over the whole sum, and what is missing from that is about `1 / (n + ½)`. The vector is taken out of its row once
/// (`|| ''`) and not for each term.
pub(crate) async fn best_postgres(
    session: &mut Session,
    selection: &Selection,
    weights: &Weights,
    plan: &Plan,
    limit: i64,
) -> Result<Vec<i64>, DbError> {
    let scope = scope_token(session, selection.project);
    let counts = |term: &String| plan.telling.contains(term) || plan.other.contains(term);
    let (terms, weights): (Vec<String>, Vec<f64>) =
        weights.0.iter().filter(|(term, _)| counts(term)).map(|(term, weight)| (format!("'{term}'"), *weight)).unzip();
    let (firsts, lasts): (Vec<i64>, Vec<i64>) = selection.ranges.iter().flatten().copied().unzip();
    let found: Vec<(i64,)> = fetch_all!(
        session,
        org on postgres: "SELECT seq FROM (
                 SELECT seq, terms || '' AS terms, 1.2 * (0.25 + 0.75 * length(terms) / $10) AS lengthy FROM chunk_terms
                 WHERE terms @@ ($2::tsquery && $3::tsquery) AND org = $1 AND ($4 IS NULL OR project = $4)
                    AND ($5 OR EXISTS (SELECT 1 FROM unnest($6::bigint[], $7::bigint[]) AS piece (first, last)
                        WHERE seq BETWEEN piece.first AND piece.last))
                 LIMIT $11) AS chunk
             ORDER BY (SELECT SUM(weight * CASE WHEN rank > 0 THEN times / (times + lengthy) ELSE 0 END)
                 FROM unnest($8::text[]::tsquery[], $9::float8[]) AS wanted (term, weight)
                 CROSS JOIN LATERAL (SELECT ts_rank(chunk.terms, term) AS rank) AS ranked
                 CROSS JOIN LATERAL (SELECT 1 / GREATEST(1.6449341 - rank * 16.449341, 0.001) - 0.5 AS times) AS counted
             ) DESC, seq LIMIT $12",
        format!("'{scope}'"),
        plan.telling.iter().map(|term| format!("'{term}'")).collect::<Vec<_>>().join(if plan.together { " & " } else { " | " }),
        selection.project,
        selection.ranges.is_none(),
        firsts,
        lasts,
        terms,
        weights,
        MEAN_WORDS,
        lexical::COUNTED,
        limit
    )?;
    Ok(found.into_iter().map(|(seq,)| seq).collect())
}

fn scope_token(session: &Session, project: Option<Uuid>) -> String {
    project.map_or_else(|| org_token(session.org()), project_token)
}
