//! `/api/v1/notifications`.

use access::{Allowed, action};
use axum::{
    Json,
    extract::{FromRef, State},
    response::NoContent,
};
use base::Problem;
use kit::{
    Id, LastEventId, Page,
    sse::{self, EventStream},
};
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use crate::inbox::{Inbox, InboxPage, Notification};

#[derive(Debug, Clone, FromRef)]
struct Routes {
    inbox: Inbox,
    drain: CancellationToken,
}

pub(crate) fn routes(inbox: Inbox, drain: CancellationToken) -> OpenApiRouter {
    kit::routes![list, follow, read, read_all].with_state(Routes { inbox, drain })
}

/// What you were told, newest first, and how much of it you have not read. An inbox is a person's in all its organisations.
#[utoipa::path(get, path = "/api/v1/notifications", operation_id = "list_notifications")]
async fn list(
    State(inbox): State<Inbox>,
    who: Allowed<action::ListNotifications>,
    page: Page,
) -> Result<Json<InboxPage>, Problem> {
    inbox.list(&who, &page).await.map(Json)
}

/// Follow your inbox: an event `notification` for each that comes, or for those after `Last-Event-ID` first. The stream ends after
/// ten minutes; come back with the `id` of the last event.
#[utoipa::path(get, path = "/api/v1/notifications/events", operation_id = "follow_notifications")]
async fn follow(
    State(Routes { inbox, drain }): State<Routes>,
    who: Allowed<action::FollowNotifications>,
    LastEventId(last): LastEventId,
) -> Result<EventStream, Problem> {
    let events = inbox.follow(&who, last).await?;
    Ok(sse::response(events, drain))
}

/// Mark a notification as read.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/read", operation_id = "read_notification")]
async fn read(
    State(inbox): State<Inbox>,
    who: Allowed<action::ReadNotification>,
    id: Id<Notification>,
) -> Result<NoContent, Problem> {
    inbox.read(&who, id.0).await?;
    Ok(NoContent)
}

/// Mark all of them as read.
#[utoipa::path(post, path = "/api/v1/notifications/read", operation_id = "read_all_notifications")]
async fn read_all(
    State(inbox): State<Inbox>,
    who: Allowed<action::ReadAllNotifications>,
) -> Result<NoContent, Problem> {
    inbox.read_all(&who).await?;
    Ok(NoContent)
}
