//! What projects are and the rules about them.

use access::{Action, Caller};
use audit::{Audit, Object};
use base::{
    problem::{Code, Problem},
    time::{Clock, Ids},
};
use chrono::{DateTime, Utc};
use db::Db;
use kit::{Page, PageOf, cursor::CursorKey};
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
}

impl Projects {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { db: deps.db, clock: deps.clock, ids: deps.ids, audit: deps.audit, cursors: deps.cursor_key }
    }

    /// Makes a project; 409 when the slug is taken.
    pub(crate) async fn create(&self, who: &Caller, slug: &str, name: &str) -> Result<Project, Problem> {
        let project =
            Project { id: self.ids.next(), slug: slug.to_owned(), name: name.to_owned(), created_at: self.clock.now() };
        let mut session = self.db.begin(&who.scope()).await?;
        match store::insert(&mut session, &project).await {
            Ok(()) => {}
            Err(error) if error.is_unique_violation() => {
                return Err(Problem::conflict(format!("a project with the slug {slug:?} exists")));
            }
            Err(error) => return Err(error.into()),
        }
        let object = Object::new("project", project.id).after(&project);
        self.audit.record(&mut session, who, Action::CreateProject, object).await?;
        session.commit().await?;
        Ok(project)
    }

    /// By slug or id. The 404 lists near names, since a mistyped one is the usual cause.
    pub(crate) async fn resolve(&self, who: &Caller, slug_or_id: &str) -> Result<Project, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        let found = match slug_or_id.parse::<Uuid>() {
            Ok(id) => store::by_id(&mut session, id).await?,
            Err(_) if is_slug(slug_or_id) => store::by_slug(&mut session, slug_or_id).await?,
            Err(_) => None,
        };
        if let Some(project) = found {
            return Ok(project);
        }
        let near = near(slug_or_id, &store::slugs(&mut session).await?);
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        Err(Problem::new(Code::NotFound, format!("project {slug_or_id:?} not found{hint}")))
    }

    /// Newest first.
    pub(crate) async fn list(&self, who: &Caller, page: &Page) -> Result<PageOf<Project>, Problem> {
        let before: Option<Uuid> = self.cursors.position(LIST, page)?;
        let mut session = self.db.read(&who.scope()).await?;
        let items = store::list(&mut session, before, page.fetch_limit()).await?;
        Ok(self.cursors.page(LIST, page, items, |project| project.id))
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
fn near(wanted: &str, slugs: &[String]) -> Vec<String> {
    // The time it takes grows with both lengths.
    if wanted.len() > 2 * MAX_SLUG_LENGTH {
        return Vec::new();
    }
    let mut scored: Vec<(usize, &String)> = slugs
        .iter()
        .map(|slug| (strsim::levenshtein(wanted, slug), slug))
        .filter(|(edits, slug)| {
            *edits <= 2 || (wanted.len() >= 3 && wanted.get(..3).is_some_and(|start| slug.starts_with(start)))
        })
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, slug)| slug.clone()).collect()
}
