//! A pull that never leaves a received message in the client's buffer: such a message would stay invisible to other replicas
//! until its ack wait is over.

use std::time::Duration;

use async_nats::{StatusCode, jetstream::Message};
use futures::{FutureExt, StreamExt};
use serde_json::json;
use tokio::{
    task::unconstrained,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::super::{Nats, NatsError, STREAM};

/// Events handled in one transaction.
const BATCH_SIZE: usize = 128;
/// How long a request waits at the broker. A broker that forgot the request but kept the connection is asked again after this.
const PULL_TIMEOUT: Duration = Duration::from_secs(10);

/// What the broker has for `durable` now, or the first message that comes; at `stop` what it sent before it knew. Call it only
/// while connected: the client would keep the request for the next connection, and the answer would come after the timeout.
pub(super) async fn pull(nats: &Nats, durable: &str, stop: &CancellationToken) -> Result<Vec<Message>, NatsError> {
    let mut disconnects = nats.disconnects.subscribe();
    let inbox = nats.client.new_inbox();
    let mut answers = nats.client.subscribe(inbox.clone()).await.map_err(NatsError::new)?;
    let request =
        json!({ "batch": BATCH_SIZE, "no_wait": true, "expires": PULL_TIMEOUT.as_nanos() as u64 }).to_string();
    let api = format!("$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{durable}");
    nats.client.publish_with_reply(api, inbox, request.into()).await.map_err(NatsError::new)?;
    // A broker that forgot the request does not say that its time is over.
    let end = Instant::now() + PULL_TIMEOUT + Duration::from_secs(1);
    let mut messages = Vec::new();
    let mut draining = false;
    while messages.len() < BATCH_SIZE {
        let next = tokio::select! {
            // A message that has arrived comes before the other events.
            biased;
            next = timeout_at(end, answers.next()) => next,
            // The request is lost with the connection. What came before must be acknowledged, also what came just now.
            _ = disconnects.changed() => {
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
            // What came before it must be acknowledged.
            Some(_) if !messages.is_empty() => break,
            Some(status) => {
                let reason = message.description.unwrap_or_default();
                return Err(NatsError::new(format!("{status} {reason}")));
            }
        }
    }
    Ok(messages)
}
