//! What items are and the rules about them.

use access::{Action, Caller};
use audit::{Audit, Object};
use base::{
    Problem,
    time::{Clock, Ids},
};
use chrono::{DateTime, Utc};
use db::Db;
use kit::{IfMatch, Page, PageOf, Resource, Tagged, cursor::CursorKey};
use serde::Serialize;
use server::Deps;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store;

const LIST: &str = "example";

/// An item of an organisation.
#[derive(Debug, Clone, Serialize, ToSchema, sqlx::FromRow)]
pub(crate) struct ExampleItem {
    pub(crate) id: Uuid,
    pub(crate) title: String,
    /// Counts the edits; clients see it as the `ETag`.
    #[serde(skip)]
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
}

impl Resource for ExampleItem {
    const NAME: &'static str = "item";
}

/// The items of every organisation. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Items {
    db: Db,
    clock: Clock,
    ids: Ids,
    audit: Audit,
    cursors: CursorKey,
}

impl Items {
    pub(crate) fn new(deps: Deps) -> Self {
        Self { db: deps.db, clock: deps.clock, ids: deps.ids, audit: deps.audit, cursors: deps.cursor_key }
    }

    pub(crate) async fn create(&self, who: &Caller, title: &str) -> Result<ExampleItem, Problem> {
        let (id, created_at) = (self.ids.next(), self.clock.now());
        let item = ExampleItem { id, title: title.to_owned(), version: 1, created_at };
        let mut session = self.db.begin(&who.scope()).await?;
        store::insert(&mut session, &item).await?;
        let object = Object::new(ExampleItem::NAME, item.id).after(&item);
        self.audit.record(&mut session, who, Action::CreateExample, object).await?;
        session.commit().await?;
        Ok(item)
    }

    /// What belongs to another organisation is answered as what does not exist.
    pub(crate) async fn get(&self, who: &Caller, id: Uuid) -> Result<Tagged<ExampleItem>, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        let item = store::get(&mut session, id).await?.ok_or_else(ExampleItem::missing)?;
        Ok(Tagged { version: item.version, body: item })
    }

    /// Renames an item if `if_match` allows it.
    pub(crate) async fn rename(
        &self,
        who: &Caller,
        id: Uuid,
        title: &str,
        if_match: &IfMatch,
    ) -> Result<Tagged<ExampleItem>, Problem> {
        let mut session = self.db.begin(&who.scope()).await?;
        let before = store::begin_edit(&mut session, id).await?.ok_or_else(ExampleItem::missing)?;
        if_match.check(before.version - 1)?;
        store::set_title(&mut session, id, title).await?;
        let item = ExampleItem { title: title.to_owned(), ..before.clone() };
        let object = Object::new(ExampleItem::NAME, id).before(&before).after(&item);
        self.audit.record(&mut session, who, Action::RenameExample, object).await?;
        session.commit().await?;
        Ok(Tagged { version: item.version, body: item })
    }

    pub(crate) async fn delete(&self, who: &Caller, id: Uuid) -> Result<(), Problem> {
        let mut session = self.db.begin(&who.scope()).await?;
        if !store::delete(&mut session, id).await? {
            return Err(ExampleItem::missing());
        }
        self.audit.record(&mut session, who, Action::DeleteExample, Object::new(ExampleItem::NAME, id)).await?;
        Ok(session.commit().await?)
    }

    /// Newest first.
    pub(crate) async fn list(&self, who: &Caller, page: &Page) -> Result<PageOf<ExampleItem>, Problem> {
        let before: Option<Uuid> = self.cursors.position(LIST, page)?;
        let mut session = self.db.read(&who.scope()).await?;
        let items = store::list(&mut session, before, page.fetch_limit()).await?;
        Ok(self.cursors.page(LIST, page, items, |item| item.id))
    }
}
