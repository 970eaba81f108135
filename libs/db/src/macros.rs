//! The macros that statements are written with.
//!
//! The word before the text says what is bound in front of the values that follow it:
//!
//! | word | binds | in sessions of |
//! |---|---|---|
//! | `org:` | `$1` the organisation | an organisation or a user |
//! | `owner:` | `$1` the organisation, `$2` the user | a user |
//! | `scope:` | `$1` the label of the scope, for tables that hold public rows too | everyone |
//! | `any:` | nothing | the system and the public |
//! | `unscoped:` | nothing; for locks, settings and tables that are no tenant's, with a comment that says which | everyone |
//!
//! A statement that one database alone knows is marked: `org on postgres: "…"`; [`Session::is_sqlite`] says where it is.
//!
//! [`Session::is_sqlite`]: crate::Session::is_sqlite

/// Runs a statement: `execute!(session, org: "DELETE FROM things WHERE org = $1 AND id = $2", id).await`. How many rows
/// it changed.
#[macro_export]
macro_rules! execute {
    ($session:expr, $bound:ident $(on $only:ident)?: $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::__statement!([$($only)?] $session, $bound, $sql, query, [$($value),*], |query, connection| {
            query.execute(connection).await.map(|done| done.rows_affected())
        })
    };
}

/// Every row that a statement gives, as a `Vec`.
#[macro_export]
macro_rules! fetch_all {
    ($session:expr, $bound:ident $(on $only:ident)?: $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::__statement!([$($only)?] $session, $bound, $sql, query_as, [$($value),*], |query, connection| {
            query.fetch_all(connection).await
        })
    };
}

/// The one row that a statement gives.
#[macro_export]
macro_rules! fetch_one {
    ($session:expr, $bound:ident $(on $only:ident)?: $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::__statement!([$($only)?] $session, $bound, $sql, query_as, [$($value),*], |query, connection| {
            query.fetch_one(connection).await
        })
    };
}

/// The row that a statement gives, if it gives one.
#[macro_export]
macro_rules! fetch_optional {
    ($session:expr, $bound:ident $(on $only:ident)?: $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::__statement!([$($only)?] $session, $bound, $sql, query_as, [$($value),*], |query, connection| {
            query.fetch_optional(connection).await
        })
    };
}

/// Builds a statement piece by piece for either database, in the sessions of the system and of the public:
/// `on_db!(session, connection => { let mut query = QueryBuilder::new("…"); … query.build().execute(connection).await })`.
///
/// `connection` is `&mut SqliteConnection` in one arm and `&mut PgConnection` in the other. Keep the body to building
/// and fetching, since it is compiled twice. The other macros serve where the text is known.
#[macro_export]
macro_rules! on_db {
    ($session:expr, $connection:ident => $body:expr) => {{
        let session: &mut $crate::Session = $session;
        let statement = $crate::private::Statement::new(
            session,
            $crate::private::Bound::Any,
            module_path!(),
            $crate::private::sqlx::SqlSafeStr::into_sql_str("built piece by piece"),
        );
        match session.connection() {
            $crate::private::Connection::Sqlite(sqlite) => {
                let $connection: &mut $crate::private::sqlx::SqliteConnection = &mut *sqlite;
                statement.run(async { $body }).await
            }
            $crate::private::Connection::Postgres(postgres) => {
                let $connection: &mut $crate::private::sqlx::PgConnection = &mut *postgres;
                statement.run(async { $body }).await
            }
        }
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __statement {
    ($only:tt $session:expr, $bound:ident, $sql:expr, $($rest:tt)*) => {{
        let session: &mut $crate::Session = $session;
        let sql = $crate::private::sqlx::SqlSafeStr::into_sql_str($sql);
        let statement = $crate::private::Statement::new(session, $crate::__bound!($bound), module_path!(), sql);
        $crate::__on!($only session.connection(), statement, $bound, $($rest)*)
    }};
}

/// The arms of the databases that the statement is for.
#[doc(hidden)]
#[macro_export]
macro_rules! __on {
    ([] $connection:expr, $($rest:tt)*) => {
        match $connection {
            $crate::private::Connection::Sqlite(sqlite) => {
                $crate::__run!(Sqlite, SqliteConnection, sqlite, $($rest)*)
            }
            $crate::private::Connection::Postgres(postgres) => {
                $crate::__run!(Postgres, PgConnection, postgres, $($rest)*)
            }
        }
    };
    ([sqlite] $connection:expr, $($rest:tt)*) => {
        match $connection {
            $crate::private::Connection::Sqlite(sqlite) => {
                $crate::__run!(Sqlite, SqliteConnection, sqlite, $($rest)*)
            }
            $crate::private::Connection::Postgres(_) => unreachable!("a statement of SQLite in a session of Postgres"),
        }
    };
    ([postgres] $connection:expr, $($rest:tt)*) => {
        match $connection {
            $crate::private::Connection::Sqlite(_) => unreachable!("a statement of Postgres in a session of SQLite"),
            $crate::private::Connection::Postgres(postgres) => {
                $crate::__run!(Postgres, PgConnection, postgres, $($rest)*)
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __run {
    ($database:ident, $kind:ident, $from:ident, $statement:ident, $bound:ident, $make:ident, [$($value:expr),*],
     |$query:ident, $connection:ident| $run:block) => {{
        let $connection: &mut $crate::private::sqlx::$kind = &mut *$from;
        let $query = $crate::__make!($make, $database, $statement.sql());
        let $query = $crate::__bind!($bound, $query, $statement)$(.bind($value))*;
        $statement.run(async move $run).await
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __make {
    (query, $database:ident, $sql:expr) => {
        $crate::private::sqlx::query::<$crate::private::sqlx::$database>($sql)
    };
    (query_as, $database:ident, $sql:expr) => {
        $crate::private::sqlx::query_as::<$crate::private::sqlx::$database, _>($sql)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __bound {
    (org) => {
        $crate::private::Bound::Org
    };
    (owner) => {
        $crate::private::Bound::Owner
    };
    (scope) => {
        $crate::private::Bound::Scope
    };
    (any) => {
        $crate::private::Bound::Any
    };
    (unscoped) => {
        $crate::private::Bound::Unscoped
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __bind {
    (org, $query:ident, $statement:ident) => {
        $query.bind($statement.org())
    };
    (owner, $query:ident, $statement:ident) => {
        $query.bind($statement.org()).bind($statement.user())
    };
    (scope, $query:ident, $statement:ident) => {
        $query.bind($statement.label())
    };
    (any, $query:ident, $statement:ident) => {
        $query
    };
    (unscoped, $query:ident, $statement:ident) => {
        $query
    };
}
