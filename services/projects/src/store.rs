//! SQL of projects.

use db::{DbError, Session, execute, fetch_all, fetch_optional};
use uuid::Uuid;

use crate::projects::Project;

pub(crate) async fn insert(session: &mut Session, project: &Project) -> Result<(), DbError> {
    execute!(
        session,
        owner: "INSERT INTO projects (org, created_by, id, slug, name, version, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)",
        project.id,
        &project.slug,
        &project.name,
        project.version,
        project.created_at
    )?;
    Ok(())
}

pub(crate) async fn by_slug(session: &mut Session, slug: &str) -> Result<Option<Project>, DbError> {
    fetch_optional!(
        session,
        org: "SELECT id, slug, name, version, created_at FROM projects WHERE org = $1 AND slug = $2",
        slug
    )
}

pub(crate) async fn by_id(session: &mut Session, id: Uuid) -> Result<Option<Project>, DbError> {
    fetch_optional!(session, org: "SELECT id, slug, name, version, created_at FROM projects WHERE org = $1 AND id = $2", id)
}

/// Counts an edit, and keeps others from making one until the session ends. The project with its new version.
pub(crate) async fn begin_edit(session: &mut Session, id: Uuid) -> Result<Option<Project>, DbError> {
    fetch_optional!(
        session,
        org: "UPDATE projects SET version = version + 1 WHERE org = $1 AND id = $2
              RETURNING id, slug, name, version, created_at",
        id
    )
}

pub(crate) async fn set_name(session: &mut Session, id: Uuid, name: &str) -> Result<(), DbError> {
    execute!(session, org: "UPDATE projects SET name = $3 WHERE org = $1 AND id = $2", id, name)?;
    Ok(())
}

/// `false` when there is none.
pub(crate) async fn delete(session: &mut Session, id: Uuid) -> Result<bool, DbError> {
    Ok(execute!(session, org: "DELETE FROM projects WHERE org = $1 AND id = $2", id)? == 1)
}

/// Projects older than `before`, newest first; ids sort by the time they were made.
pub(crate) async fn list(session: &mut Session, before: Option<Uuid>, limit: i64) -> Result<Vec<Project>, DbError> {
    fetch_all!(
        session,
        org: "SELECT id, slug, name, version, created_at FROM projects
              WHERE org = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
        before,
        limit
    )
}

/// Slugs to look for near names in; an organisation with more than a thousand projects gets its newest.
pub(crate) async fn slugs(session: &mut Session) -> Result<Vec<(Uuid, String)>, DbError> {
    fetch_all!(session, org: "SELECT id, slug FROM projects WHERE org = $1 ORDER BY id DESC LIMIT 1000")
}
