//! The private Postgres: every test has a database of its own, with vectors, and owns it without being a superuser.

use sqlx::{Connection, PgConnection};
use testkit::Postgres;

#[tokio::test]
async fn each_database_is_fresh() {
    let (Some(one), Some(other)) = (Postgres::database().await, Postgres::database().await) else { return };
    assert_ne!(one, other);
    let mut connection = PgConnection::connect(&one).await.unwrap();
    sqlx::query("CREATE TABLE things (id BIGINT)").execute(&mut connection).await.unwrap();
    let mut connection = PgConnection::connect(&other).await.unwrap();
    assert!(sqlx::query("SELECT id FROM things").execute(&mut connection).await.is_err());
}

#[tokio::test]
async fn its_owner_may_use_vectors_and_is_no_superuser() {
    let Some(url) = Postgres::database().await else { return };
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::query("CREATE EXTENSION IF NOT EXISTS vector").execute(&mut connection).await.unwrap();
    let distance: f64 =
        sqlx::query_scalar("SELECT '[1,0]'::vector <-> '[1,2]'::vector").fetch_one(&mut connection).await.unwrap();
    assert!((distance - 2.0).abs() < 1e-9);
    let superuser: bool = sqlx::query_scalar("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(!superuser);
}
