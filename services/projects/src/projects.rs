//! What projects are and the rules about them.

use access::Caller;
use base::{
    problem::{Code, Problem, Violation},
    time::{Clock, Ids},
};
use chrono::{DateTime, Utc};
use db::Db;
use kit::cursor::CursorKey;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store;

const LIST: &str = "projects";

/// A project of an organisation.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct Project {
    pub(crate) id: Uuid,
    /// Lowercase letters, digits and hyphens; unique in the organisation.
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// A page of projects.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectPage {
    pub(crate) items: Vec<Project>,
    pub(crate) next_cursor: Option<String>,
}

/// The projects of every organisation, each asked for in a person's name. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Projects {
    db: Db,
    clock: Clock,
    ids: Ids,
    cursors: CursorKey,
}

impl Projects {
    pub(crate) fn new(db: Db, clock: Clock, ids: Ids, cursors: CursorKey) -> Self {
        Self { db, clock, ids, cursors }
    }

    /// Makes a project; 409 when the slug is taken.
    pub(crate) async fn create(&self, who: &Caller, slug: &str, name: Option<&str>) -> Result<Project, Problem> {
        check_slug(slug)?;
        let project = Project {
            id: self.ids.next(),
            slug: slug.to_owned(),
            name: name.map_or(slug, str::trim).to_owned(),
            created_at: self.clock.now(),
        };
        let mut session = self.db.begin(&who.scope()).await?;
        match store::insert(&mut session, who.org, who.user, &project).await {
            Ok(()) => {}
            Err(error) if error.is_unique_violation() => {
                return Err(Problem::conflict(format!("a project with the slug {slug:?} exists")));
            }
            Err(error) => return Err(error.into()),
        }
        session.commit().await?;
        Ok(project)
    }

    /// By slug or id. The 404 lists near names, since a mistyped one is the usual cause.
    pub(crate) async fn resolve(&self, who: &Caller, slug_or_id: &str) -> Result<Project, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        let found = match slug_or_id.parse::<Uuid>() {
            Ok(id) => store::by_id(&mut session, who.org, id).await?,
            Err(_) => store::by_slug(&mut session, who.org, slug_or_id).await?,
        };
        if let Some(project) = found {
            return Ok(project);
        }
        let near = near(slug_or_id, &store::slugs(&mut session, who.org).await?);
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        Err(Problem::new(Code::NotFound, format!("project {slug_or_id:?} not found{hint}")))
    }

    /// Newest first.
    pub(crate) async fn list(&self, who: &Caller, limit: i64, cursor: Option<&str>) -> Result<ProjectPage, Problem> {
        let before: Option<Uuid> = cursor.map(|cursor| self.cursors.open(LIST, cursor)).transpose()?;
        let mut session = self.db.read(&who.scope()).await?;
        let mut items = store::list(&mut session, who.org, before, limit + 1).await?;
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next_cursor = last.map(|project| self.cursors.seal(LIST, &project.id));
        Ok(ProjectPage { items, next_cursor })
    }
}

fn check_slug(slug: &str) -> Result<(), Problem> {
    let ok = (1..=64).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !slug.starts_with('-')
        && slug.parse::<Uuid>().is_err();
    if ok {
        return Ok(());
    }
    Err(Problem::invalid(vec![Violation::new(
        "/slug",
        "1 to 64 lowercase letters, digits and hyphens, not starting with one",
    )]))
}

/// Up to three slugs within two edits, or sharing a beginning of three characters.
fn near(wanted: &str, slugs: &[String]) -> Vec<String> {
    let mut scored: Vec<(usize, &String)> = slugs
        .iter()
        .map(|slug| (distance(wanted, slug), slug))
        .filter(|(edits, slug)| {
            *edits <= 2 || (wanted.len() >= 3 && wanted.get(..3).is_some_and(|start| slug.starts_with(start)))
        })
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, slug)| slug.clone()).collect()
}

/// Levenshtein's edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
