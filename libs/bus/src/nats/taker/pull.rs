//! Asking the broker for events, so that none is left in the client when asking ends: it would not be known of, and nobody
//! else would get it before its time is over.

use std::time::Duration;

use async_nats::{StatusCode, jetstream::Message};
use futures::{FutureExt, StreamExt};
use serde_json::json;
use tokio::{
    task::unconstrained,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::super::{EVENTS, Nats, NatsError};

/// Events taken in one transaction.
const BATCH: usize = 128;
/// How long a request for events waits at the broker; lost together with the broker, it is missed for no longer.
const WAIT: Duration = Duration::from_secs(3);

/// What the broker has for `durable` now, or the first that comes; at `stop` what it sent before it knew. Without a
/// connection the request would be kept for the next one, and answered when nobody waits for it.
pub(super) async fn pull(nats: &Nats, durable: &str, stop: &CancellationToken) -> Result<Vec<Message>, NatsError> {
    let mut losses = nats.losses.subscribe();
    let inbox = nats.client.new_inbox();
    let mut answers = nats.client.subscribe(inbox.clone()).await.map_err(NatsError::new)?;
    let request = json!({ "batch": BATCH, "no_wait": true, "expires": WAIT.as_nanos() as u64 }).to_string();
    let api = format!("$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{durable}");
    nats.client.publish_with_reply(api, inbox, request.into()).await.map_err(NatsError::new)?;
    // A broker that forgot the request does not say that the wait is over.
    let end = Instant::now() + WAIT + Duration::from_secs(1);
    let mut messages = Vec::new();
    let mut draining = false;
    while messages.len() < BATCH {
        let next = tokio::select! {
            // What has come already is not left behind for one of the others.
            biased;
            next = timeout_at(end, answers.next()) => next,
            // The request is lost with the connection. What came before, the last of it just now, is ours to answer for.
            _ = losses.changed() => {
                while let Some(Some(message)) = unconstrained(answers.next()).now_or_never() {
                    if matches!(message.status, None | Some(StatusCode::OK)) {
                        messages.push(Message { message, context: nats.context.clone() });
                    }
                }
                break;
            }
            () = stop.cancelled(), if !draining => {
                // The broker ends the subscription after what it has sent already.
                answers.drain().await.map_err(NatsError::new)?;
                draining = true;
                continue;
            }
        };
        let Ok(Some(message)) = next else { break };
        match message.status {
            None | Some(StatusCode::OK) => messages.push(Message { message, context: nats.context.clone() }),
            Some(StatusCode::NOT_FOUND | StatusCode::TIMEOUT) => break,
            // What came before it is ours to answer for.
            Some(_) if !messages.is_empty() => break,
            Some(status) => {
                let reason = message.description.unwrap_or_default();
                return Err(NatsError::new(format!("{status} {reason}")));
            }
        }
    }
    Ok(messages)
}
