//! SQL of projects.

use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

use crate::projects::Project;

pub(crate) async fn insert(session: &mut Session, project: &Project) -> Result<(), DbError> {
    execute!(
        session,
        owner: "INSERT INTO projects (org, created_by, id, slug, name, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        project.id,
        &project.slug,
        &project.name,
        project.created_at
    )?;
    Ok(())
}

pub(crate) async fn by_slug(session: &mut Session, slug: &str) -> Result<Option<Project>, DbError> {
    fetch_optional!(
        session,
        org: "SELECT id, slug, name, created_at FROM projects WHERE org = $1 AND slug = $2",
        slug
    )
}

pub(crate) async fn by_id(session: &mut Session, id: Uuid) -> Result<Option<Project>, DbError> {
    fetch_optional!(session, org: "SELECT id, slug, name, created_at FROM projects WHERE org = $1 AND id = $2", id)
}

/// Projects older than `before`, newest first; ids sort by the time they were made.
pub(crate) async fn list(session: &mut Session, before: Option<Uuid>, limit: i64) -> Result<Vec<Project>, DbError> {
    fetch_all!(
        session,
        org: "SELECT id, slug, name, created_at FROM projects
              WHERE org = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        before,
        limit
    )
}

/// Slugs to look for near names in; an organisation with more than a thousand projects gets its newest.
pub(crate) async fn slugs(session: &mut Session) -> Result<Vec<String>, DbError> {
    let rows: Vec<(String,)> =
        fetch_all!(session, org: "SELECT slug FROM projects WHERE org = $1 ORDER BY id DESC LIMIT 1000")?;
    Ok(rows.into_iter().map(|(slug,)| slug).collect())
}
