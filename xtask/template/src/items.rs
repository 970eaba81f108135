//! What items are and the rules about them.

use access::Caller;
use base::{
    Problem,
    problem::Code,
    time::{Clock, Ids},
};
use chrono::{DateTime, Utc};
use db::Db;
use kit::cursor::CursorKey;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store;

const LIST: &str = "example";

/// An item of an organisation.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct ExampleItem {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// A page of items.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExamplePage {
    pub(crate) items: Vec<ExampleItem>,
    pub(crate) next_cursor: Option<String>,
}

/// The items of every organisation. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Items {
    db: Db,
    clock: Clock,
    ids: Ids,
    cursors: CursorKey,
}

impl Items {
    pub(crate) fn new(db: Db, clock: Clock, ids: Ids, cursors: CursorKey) -> Self {
        Self { db, clock, ids, cursors }
    }

    pub(crate) async fn create(&self, who: &Caller, title: &str) -> Result<ExampleItem, Problem> {
        let item = ExampleItem { id: self.ids.next(), title: title.to_owned(), created_at: self.clock.now() };
        let mut session = self.db.begin(&who.scope()).await?;
        store::insert(&mut session, &item).await?;
        session.commit().await?;
        Ok(item)
    }

    /// What belongs to another organisation is answered as what does not exist.
    pub(crate) async fn get(&self, who: &Caller, id: &str) -> Result<ExampleItem, Problem> {
        let missing = || Problem::new(Code::NotFound, format!("item {id:?} not found"));
        let key = id.parse().map_err(|_| missing())?;
        let mut session = self.db.read(&who.scope()).await?;
        store::get(&mut session, key).await?.ok_or_else(missing)
    }

    /// Newest first.
    pub(crate) async fn list(&self, who: &Caller, limit: i64, cursor: Option<&str>) -> Result<ExamplePage, Problem> {
        let before: Option<Uuid> = cursor.map(|cursor| self.cursors.open(LIST, cursor)).transpose()?;
        let mut session = self.db.read(&who.scope()).await?;
        let mut items = store::list(&mut session, before, limit + 1).await?;
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next_cursor = last.map(|item| self.cursors.seal(LIST, &item.id));
        Ok(ExamplePage { items, next_cursor })
    }
}
