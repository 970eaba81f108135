//! What projects are and the rules about them.

use access::{Action, CachedDirectory, Caller};
use audit::{Audit, Object};
use base::{
    problem::{Code, Problem},
    time::{Clock, Ids},
};
use bus::Outbox;
use chrono::{DateTime, Utc};
use db::Db;
use kit::{IfMatch, Page, PageOf, Resource, Tagged, cursor::CursorKey};
use proto::{convert, events::v1::ProjectDeleted};
use serde::Serialize;
use server::Deps;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store;

const LIST: &str = "projects";
const MAX_SLUG_LENGTH: usize = 64;

/// A project of an organisation.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct Project {
    pub(crate) id: Uuid,
    /// Lowercase letters, digits and hyphens; unique in the organisation.
    pub(crate) slug: String,
    pub(crate) name: String,
    /// Counts the edits; clients see it as the `ETag`.
    #[serde(skip)]
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
}

/// The projects of every organisation; each call is made for one caller. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Projects {
    db: Db,
    clock: Clock,
    ids: Ids,
    audit: Audit,
    cursors: CursorKey,
    directory: CachedDirectory,
    outbox: Outbox,
}

impl Resource for Project {
    const NAME: &'static str = "project";
}

impl Projects {
    pub(crate) fn new(deps: Deps) -> Self {
        let Deps { db, clock, ids, audit, cursor_key, directory, outbox, .. } = deps;
        Self { db, clock, ids, audit, cursors: cursor_key, directory, outbox }
    }

    /// Makes a project; 409 when the slug is taken.
    pub(crate) async fn create(&self, who: &Caller, slug: &str, name: &str) -> Result<Project, Problem> {
        let (slug, name) = (slug.to_owned(), name.to_owned());
        let project = Project { id: self.ids.next(), slug, name, version: 1, created_at: self.clock.now() };
        let mut session = self.db.begin(&who.scope()).await?;
        match store::insert(&mut session, &project).await {
            Ok(()) => {}
            Err(error) if error.is_unique_violation() => {
                return Err(Problem::conflict(format!("a project with the slug {:?} exists", project.slug)));
            }
            Err(error) => return Err(error.into()),
        }
        let object = Object::new(Project::NAME, project.id).after(&project);
        self.audit.record(&mut session, who, Action::CreateProject, object).await?;
        session.commit().await?;
        Ok(project)
    }

    /// Renames a project if `if_match` allows it. Its slug stays, as addresses have it.
    pub(crate) async fn rename(
        &self,
        who: &Caller,
        slug_or_id: &str,
        name: &str,
        if_match: &IfMatch,
    ) -> Result<Tagged<Project>, Problem> {
        let id = self.resolve(who, slug_or_id, Action::RenameProject).await?.id;
        let mut session = self.db.begin(&who.scope()).await?;
        let before = store::begin_edit(&mut session, id).await?.ok_or_else(Project::missing)?;
        if_match.check(before.version - 1)?;
        store::set_name(&mut session, id, name).await?;
        let project = Project { name: name.to_owned(), ..before.clone() };
        let object = Object::new(Project::NAME, id).before(&before).after(&project);
        self.audit.record(&mut session, who, Action::RenameProject, object).await?;
        session.commit().await?;
        Ok(Tagged { version: project.version, body: project })
    }

    /// Deletes a project. What is in it goes as soon as its services hear of it.
    pub(crate) async fn delete(&self, who: &Caller, slug_or_id: &str) -> Result<(), Problem> {
        let project = self.resolve(who, slug_or_id, Action::DeleteProject).await?;
        let mut session = self.db.begin(&who.scope()).await?;
        if !store::delete(&mut session, project.id).await? {
            return Err(Project::missing());
        }
        let deleted_at = Some(convert::timestamp(self.clock.now()));
        self.outbox.publish(&mut session, &ProjectDeleted { project_id: project.id.to_string(), deleted_at }).await?;
        let object = Object::new(Project::NAME, project.id).before(&project);
        self.audit.record(&mut session, who, Action::DeleteProject, object).await?;
        Ok(session.commit().await?)
    }

    /// By slug or id, for who may do `action` in it. The 404 lists near names, since a mistyped one is the usual cause.
    pub(crate) async fn resolve(&self, who: &Caller, slug_or_id: &str, action: Action) -> Result<Project, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        let found = match slug_or_id.parse::<Uuid>() {
            Ok(id) => store::by_id(&mut session, id).await?,
            Err(_) if is_slug(slug_or_id) => store::by_slug(&mut session, slug_or_id).await?,
            Err(_) => None,
        };
        if let Some(project) = found {
            match self.directory.check_project(who, action, Project::NAME, project.id).await {
                Ok(()) => return Ok(project),
                // It is answered as one that does not exist.
                Err(problem) if problem.code == Code::NotFound => {}
                Err(problem) => return Err(problem),
            }
        }
        let mut near = near(slug_or_id, store::slugs(&mut session).await?);
        drop(session);
        self.directory.retain_allowed(who, Action::GetProject, &mut near, |(id, _)| *id).await?;
        let near: Vec<String> = near.into_iter().map(|(_, slug)| slug).collect();
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        Err(Problem::new(Code::NotFound, format!("project {slug_or_id:?} not found{hint}")))
    }

    /// Newest first.
    pub(crate) async fn list(&self, who: &Caller, page: &Page) -> Result<PageOf<Project>, Problem> {
        let before: Option<Uuid> = self.cursors.position(LIST, page)?;
        let mut session = self.db.read(&who.scope()).await?;
        let items = store::list(&mut session, before, page.fetch_limit()).await?;
        drop(session);
        let mut page = self.cursors.page(LIST, page, items, |project| project.id);
        self.directory.retain_allowed(who, Action::GetProject, &mut page.items, |project| project.id).await?;
        Ok(page)
    }
}

/// Whether this can be a slug. A UUID cannot, since an address names a project by slug or id.
pub(crate) fn is_slug(text: &str) -> bool {
    (1..=MAX_SLUG_LENGTH).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && text.parse::<Uuid>().is_err()
}

/// Up to three slugs within two edits, or with the same first three characters.
fn near(wanted: &str, projects: Vec<(Uuid, String)>) -> Vec<(Uuid, String)> {
    // The time it takes grows with both lengths.
    if wanted.len() > 2 * MAX_SLUG_LENGTH {
        return Vec::new();
    }
    let mut scored: Vec<(usize, String, Uuid)> = projects
        .into_iter()
        .map(|(id, slug)| (strsim::levenshtein(wanted, &slug), slug, id))
        .filter(|(edits, slug, _)| {
            *edits <= 2 || (wanted.len() >= 3 && wanted.get(..3).is_some_and(|start| slug.starts_with(start)))
        })
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, slug, id)| (id, slug)).collect()
}
