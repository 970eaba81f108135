//! Full text of messages: FTS5 on SQLite, a tsvector on Postgres, the same terms in both.
//!
//! Each row holds the terms of one message and of its thread's title, beside a word made of organisation and person that
//! every search begins with.

use db::{DbError, Session, execute, fetch_all, fetch_one};
use uuid::Uuid;

use super::Position;

/// What lies behind is not found: a tsvector holds at most 1 MB.
const INDEXED_CHARS: usize = 100_000;

/// A thread with its first message that has all terms: the later ones may have them from the title, which is mostly
/// the first question, alone.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Hit {
    #[sqlx(flatten)]
    pub(crate) thread: super::ThreadRow,
    pub(crate) question: String,
    pub(crate) answer: String,
}

/// What both databases do with the rows that match.
macro_rules! threads_of {
    ($matching:literal) => {
        concat!(
            "WITH hits AS (
                 SELECT m.thread_id, m.run_id,
                     ROW_NUMBER() OVER (PARTITION BY m.thread_id ORDER BY m.created_at, m.run_id) AS place
                 FROM message_index i
                 JOIN messages m ON m.org = i.org AND m.user_id = i.user_id AND m.run_id = i.run_id
                 WHERE i.org = $1 AND i.user_id = $2 AND ",
            $matching,
            ")
             SELECT t.id, t.title, t.pinned, t.version, t.created_at, t.updated_at, m.question, m.answer,
                 (SELECT COUNT(*) FROM messages c
                  WHERE c.org = t.org AND c.user_id = t.user_id AND c.thread_id = t.id) AS messages
             FROM hits h
             JOIN threads t ON t.org = $1 AND t.user_id = $2 AND t.id = h.thread_id
             JOIN messages m ON m.org = $1 AND m.user_id = $2 AND m.run_id = h.run_id
             WHERE h.place = 1 AND (t.pinned, t.updated_at, t.id) < ($3, $4, $5)
             ORDER BY t.pinned DESC, t.updated_at DESC, t.id DESC LIMIT $7"
        )
    };
}

/// Threads behind `after` with a message that has all `terms`; none without terms.
pub(crate) async fn find(
    session: &mut Session,
    terms: &[String],
    after: Position,
    limit: i64,
) -> Result<Vec<Hit>, DbError> {
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let owner = owner_word(session);
    if session.is_sqlite() {
        fetch_all!(
            session,
            owner on sqlite: threads_of!("i.id IN (SELECT rowid FROM message_terms WHERE message_terms MATCH $6)"),
            after.pinned,
            after.updated_at,
            after.id,
            fts5_query(&owner, terms),
            limit
        )
    } else {
        fetch_all!(
            session,
            owner on postgres: threads_of!("i.terms @@ CAST($6 AS tsquery)"),
            after.pinned,
            after.updated_at,
            after.id,
            ts_query(&owner, terms),
            limit
        )
    }
}

/// Makes a message findable by its texts, title first. It must not be in the index.
pub(crate) async fn index(
    session: &mut Session,
    thread_id: Uuid,
    run_id: Uuid,
    texts: [&str; 3],
) -> Result<(), DbError> {
    let text: String = texts.join("\n").chars().take(INDEXED_CHARS).collect();
    let terms = text::terms::index_text(&text);
    let owner = owner_word(session);
    if session.is_sqlite() {
        let (row,): (i64,) = fetch_one!(
            session,
            owner on sqlite: "INSERT INTO message_index (org, user_id, thread_id, run_id) VALUES ($1, $2, $3, $4)
                              RETURNING id",
            thread_id,
            run_id
        )?;
        // A full-text table has no column of the tenant; its row is the one that was just made.
        execute!(
            session,
            unscoped on sqlite: "INSERT INTO message_terms (rowid, owner, terms) VALUES ($1, $2, $3)",
            row,
            owner,
            terms
        )?;
    } else {
        // The terms are lexemes already: parsing them again could only split them.
        execute!(
            session,
            owner on postgres: "INSERT INTO message_index (org, user_id, thread_id, run_id, terms)
                                VALUES ($1, $2, $3, $4, array_to_tsvector(string_to_array($5, ' ')))",
            thread_id,
            run_id,
            format!("{owner} {terms}").trim_end()
        )?;
    }
    Ok(())
}

/// Takes the messages of a thread out of the index.
pub(crate) async fn remove(session: &mut Session, thread_id: Uuid) -> Result<(), DbError> {
    if session.is_sqlite() {
        execute!(
            session,
            owner on sqlite: "DELETE FROM message_terms WHERE rowid IN (
                                  SELECT id FROM message_index WHERE org = $1 AND user_id = $2 AND thread_id = $3)",
            thread_id
        )?;
    }
    execute!(
        session,
        owner: "DELETE FROM message_index WHERE org = $1 AND user_id = $2 AND thread_id = $3",
        thread_id
    )?;
    Ok(())
}

/// Longer than any term of a text may be (64 characters), so no text can hold it.
fn owner_word(session: &Session) -> String {
    format!("u{}{}", session.org().simple(), session.user().simple())
}

/// Terms hold letters, marks and digits only, so quoting needs no escapes.
fn fts5_query(owner: &str, terms: &[String]) -> String {
    format!("owner : {owner} AND terms : (\"{}\")", terms.join("\" AND \""))
}

fn ts_query(owner: &str, terms: &[String]) -> String {
    format!("{owner} & '{}'", terms.join("' & '"))
}
