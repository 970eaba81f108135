//! What items are and the rules about them.

use access::{Action, Caller};
use audit::{Audit, Object};
use base::{
    Problem,
    time::{Clock, Ids},
};
use chrono::{DateTime, Utc};
use db::Db;
use kit::{Page, PageOf, Resource, cursor::CursorKey};
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
        let item = ExampleItem { id: self.ids.next(), title: title.to_owned(), created_at: self.clock.now() };
        let mut session = self.db.begin(&who.scope()).await?;
        store::insert(&mut session, &item).await?;
        let object = Object::new(ExampleItem::NAME, item.id).after(&item);
        self.audit.record(&mut session, who, Action::CreateExample, object).await?;
        session.commit().await?;
        Ok(item)
    }

    /// What belongs to another organisation is answered as what does not exist.
    pub(crate) async fn get(&self, who: &Caller, id: Uuid) -> Result<ExampleItem, Problem> {
        let mut session = self.db.read(&who.scope()).await?;
        store::get(&mut session, id).await?.ok_or_else(ExampleItem::missing)
    }

    /// Newest first.
    pub(crate) async fn list(&self, who: &Caller, page: &Page) -> Result<PageOf<ExampleItem>, Problem> {
        let before: Option<Uuid> = self.cursors.position(LIST, page)?;
        let mut session = self.db.read(&who.scope()).await?;
        let items = store::list(&mut session, before, page.fetch_limit()).await?;
        Ok(self.cursors.page(LIST, page, items, |item| item.id))
    }
}
