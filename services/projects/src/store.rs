//! SQL of projects.

use db::{DbError, Session, on_db};
use uuid::Uuid;

use crate::projects::Project;

pub(crate) async fn insert(session: &mut Session, org: Uuid, user: Uuid, project: &Project) -> Result<(), DbError> {
    on_db!(session, conn => sqlx::query(
        "INSERT INTO projects (id, org, slug, name, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(project.id)
        .bind(org)
        .bind(&project.slug)
        .bind(&project.name)
        .bind(user)
        .bind(project.created_at)
        .execute(conn)
        .await
        .map(drop))?;
    Ok(())
}

pub(crate) async fn by_slug(session: &mut Session, org: Uuid, slug: &str) -> Result<Option<Project>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, slug, name, created_at FROM projects WHERE org = $1 AND slug = $2")
        .bind(org)
        .bind(slug)
        .fetch_optional(conn)
        .await)?)
}

pub(crate) async fn by_id(session: &mut Session, org: Uuid, id: Uuid) -> Result<Option<Project>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, slug, name, created_at FROM projects WHERE org = $1 AND id = $2")
        .bind(org)
        .bind(id)
        .fetch_optional(conn)
        .await)?)
}

/// Projects older than `before`, newest first; ids sort by the time they were made.
pub(crate) async fn list(
    session: &mut Session,
    org: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Project>, DbError> {
    Ok(on_db!(session, conn => sqlx::query_as(
        "SELECT id, slug, name, created_at FROM projects
         WHERE org = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3")
        .bind(org)
        .bind(before)
        .bind(limit)
        .fetch_all(conn)
        .await)?)
}

/// Slugs to look for near names in; an organisation with more than a thousand projects gets its newest.
pub(crate) async fn slugs(session: &mut Session, org: Uuid) -> Result<Vec<String>, DbError> {
    let rows: Vec<(String,)> = on_db!(session, conn => sqlx::query_as(
        "SELECT slug FROM projects WHERE org = $1 ORDER BY id DESC LIMIT 1000")
        .bind(org)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(|(slug,)| slug).collect())
}
