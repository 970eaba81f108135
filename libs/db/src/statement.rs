//! One statement about to run: whose rows it says it is about is compared with the session and with its text; it gets a
//! span and is timed.

use std::time::Instant;

use sqlx::SqlStr;
use tracing::Instrument;
use uuid::Uuid;

use crate::{DbError, Session};

/// Whose rows a statement is about: the word before its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// `$1` is the session's organisation.
    Org,
    /// `$1` is the session's organisation, `$2` its user.
    Owner,
    /// `$1` is the label of the session's scope, for tables that hold public rows too.
    Scope,
    /// Nothing is bound, in the sessions of the system and of the public.
    Any,
    /// Nothing is bound, in any session.
    Unscoped,
}

/// A statement that has been compared with its session.
#[derive(Debug)]
pub struct Statement {
    sql: SqlStr,
    /// The module it stands in.
    module: &'static str,
    org: Uuid,
    user: Uuid,
    label: String,
}

impl Statement {
    /// # Panics
    /// When the session is not of the kind that `bound` asks for. In debug builds also when a statement of an
    /// organisation's session does not name the organisation; tests on both databases thus meet every such statement.
    pub fn new(session: &Session, bound: Bound, module: &'static str, sql: SqlStr) -> Self {
        let scope = session.scope();
        let (mut org, mut user, mut label) = (Uuid::nil(), Uuid::nil(), String::new());
        match bound {
            Bound::Org => org = session.org(),
            Bound::Owner => (org, user) = (session.org(), session.user()),
            Bound::Scope => label = scope.label(),
            Bound::Any => {
                assert!(scope.org().is_none(), "a statement without a tenant in the session of one: {}", sql.as_str());
            }
            Bound::Unscoped => {}
        }
        debug_assert!(names_tenant(bound, sql.as_str()), "{bound:?} is bound and not named: {}", sql.as_str());
        Self { sql, module, org, user, label }
    }

    pub fn sql(&self) -> SqlStr {
        self.sql.clone()
    }

    pub fn org(&self) -> Uuid {
        self.org
    }

    pub fn user(&self) -> Uuid {
        self.user
    }

    pub fn label(&self) -> String {
        self.label.clone()
    }

    /// Runs `work`, which is this statement on a connection.
    pub async fn run<T>(self, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, DbError> {
        measured(self.module, self.sql.as_str(), work).await
    }
}

/// Runs `work` in a span of its own and counts how long it took by `module`.
async fn measured<T>(
    module: &'static str,
    sql: &str,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, DbError> {
    let span = tracing::debug_span!("statement", db.query.text = sql);
    let started = Instant::now();
    let outcome = work.instrument(span).await;
    metrics::histogram!("gooseek_query_seconds", "statement" => module).record(started.elapsed());
    Ok(outcome?)
}

/// Whether the text compares what is bound with the column of the tenant, or writes it there.
fn names_tenant(bound: Bound, sql: &str) -> bool {
    match bound {
        Bound::Org => compares(sql, "org") || inserts(sql, "org"),
        Bound::Owner => (compares(sql, "org") || inserts(sql, "org")) && sql.contains("$2"),
        Bound::Scope => compares(sql, "scope") || inserts(sql, "scope"),
        Bound::Any | Bound::Unscoped => true,
    }
}

/// `column = $1` or `column IN ('public', $1)`.
fn compares(sql: &str, column: &str) -> bool {
    [" = $1", " IN ('public', $1)"].into_iter().any(|test| {
        sql.match_indices(&format!("{column}{test}")).any(|(at, found)| {
            let (before, after) = (&sql[..at], &sql[at + found.len()..]);
            !before.ends_with(|char: char| char.is_alphanumeric() || char == '_')
                && !after.starts_with(|char: char| char.is_ascii_digit())
        })
    })
}

/// `INSERT INTO table (…, column, …)` with `$1` among the values.
fn inserts(sql: &str, column: &str) -> bool {
    let Some((_, rest)) = sql.split_once("INSERT INTO ") else { return false };
    let Some((columns, values)) = rest.split_once('(').and_then(|(_, rest)| rest.split_once(')')) else { return false };
    columns.split(',').any(|name| name.trim() == column) && values.contains("$1")
}
