//! Dead letters on the broker. The subject of one is `gooseek_dead.<service>.<org>.<event>.<consumer>`, `service` being the
//! one that told the event; consumers' names have dots themselves.

use async_nats::jetstream::{
    message::StreamMessage,
    stream::{LastRawMessageErrorKind, Stream},
};
use futures::{TryStreamExt, future::try_join_all};
use uuid::Uuid;

use super::{
    super::{DeadLetter, Event, LetterKey},
    DEAD, Nats, NatsError, PutError, REPLAYS, envelope,
};

const CONSUMER: &str = "Gooseek-Consumer";
const ATTEMPTS: &str = "Gooseek-Attempts";
const ERROR: &str = "Gooseek-Error";
/// Characters of the reason that are kept.
const REASON: usize = 500;

fn subject(service: &str, org: Uuid, key: &LetterKey) -> String {
    format!("{DEAD}.{service}.{org}.{}.{}", key.id, key.consumer)
}

fn key(subject: &str) -> Option<LetterKey> {
    let mut tokens = subject.splitn(5, '.').skip(3);
    let (id, consumer) = (tokens.next()?, tokens.next()?);
    Some(LetterKey { id: id.parse().ok()?, consumer: consumer.to_owned() })
}

impl Nats {
    /// Puts `event` aside for `consumer`.
    pub(super) async fn bury(
        &self,
        event: &Event,
        consumer: &str,
        attempts: i64,
        reason: &str,
    ) -> Result<(), PutError> {
        let service = event.subject.split('.').nth(1).unwrap_or_default();
        let mut headers = envelope::headers(event, None);
        headers.insert(CONSUMER, consumer);
        headers.insert(ATTEMPTS, attempts.to_string());
        let reason: String = reason.chars().take(REASON).collect();
        headers.insert(ERROR, envelope::line(&reason));
        let key = LetterKey { id: event.id, consumer: consumer.to_owned() };
        // No message id: the letter of an event that failed again after its replay is not a duplicate.
        self.put(subject(service, event.org, &key), headers, event.payload.clone()).await
    }

    /// At most `limit` letters about events of `service` that come after `after`, in order.
    pub(in super::super) async fn letters(
        &self,
        service: &str,
        org: Uuid,
        after: &LetterKey,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, NatsError> {
        let stream = self.dead_letters().await?;
        let listing = stream.info_builder().subjects(format!("{DEAD}.{service}.{org}.>")).fetch().await;
        let listed: Vec<(String, usize)> =
            listing.map_err(NatsError::new)?.try_collect().await.map_err(NatsError::new)?;
        let mut keys: Vec<LetterKey> =
            listed.iter().filter_map(|(subject, _)| key(subject)).filter(|key| key > after).collect();
        keys.sort_unstable();
        keys.truncate(limit);
        let reading = keys.iter().map(|key| self.find(&stream, subject(service, org, key)));
        let found = try_join_all(reading).await?;
        // One that was settled in between is not there any more.
        Ok(found.into_iter().flatten().filter_map(|message| letter(&message)).collect())
    }

    /// Gives the event to this consumer again; whether there was such a letter.
    pub(in super::super) async fn replay_letter(
        &self,
        service: &str,
        org: Uuid,
        key: &LetterKey,
    ) -> Result<bool, NatsError> {
        let stream = self.dead_letters().await?;
        let Some(message) = self.find(&stream, subject(service, org, key)).await? else { return Ok(false) };
        let event = envelope::event(Some(&message.headers), &message.payload)
            .ok_or_else(|| NatsError::new("a dead letter is not one of ours"))?;
        // The same letter replayed by two at once is told once.
        let message_id = format!("{}/{}/{}", key.id, key.consumer, message.sequence);
        let headers = envelope::headers(&event, Some(&message_id));
        self.put(format!("{REPLAYS}.{}", key.consumer), headers, event.payload).await?;
        self.remove(&stream, &message).await?;
        Ok(true)
    }

    /// Gives the event up; whether there was such a letter.
    pub(in super::super) async fn drop_letter(
        &self,
        service: &str,
        org: Uuid,
        key: &LetterKey,
    ) -> Result<bool, NatsError> {
        let stream = self.dead_letters().await?;
        let Some(message) = self.find(&stream, subject(service, org, key)).await? else { return Ok(false) };
        self.remove(&stream, &message).await?;
        Ok(true)
    }

    async fn dead_letters(&self) -> Result<Stream, NatsError> {
        self.ready().await?;
        let stream = self.context.get_stream(DEAD).await;
        // Whatever is wrong with it, declaring it again harms nothing.
        stream.inspect_err(|_| self.lost()).map_err(NatsError::new)
    }

    async fn find(&self, stream: &Stream, subject: String) -> Result<Option<StreamMessage>, NatsError> {
        match stream.get_last_raw_message_by_subject(&subject).await {
            Ok(message) => Ok(Some(message)),
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound | LastRawMessageErrorKind::InvalidSubject => Ok(None),
                _ => Err(NatsError::new(error)),
            },
        }
    }

    async fn remove(&self, stream: &Stream, message: &StreamMessage) -> Result<(), NatsError> {
        stream.delete_message(message.sequence).await.map(drop).map_err(NatsError::new)
    }
}

fn letter(message: &StreamMessage) -> Option<DeadLetter> {
    let event = envelope::event(Some(&message.headers), &message.payload)?;
    Some(DeadLetter {
        id: event.id,
        consumer: envelope::text(&message.headers, CONSUMER)?.to_owned(),
        subject: event.subject,
        org: event.org,
        attempts: envelope::text(&message.headers, ATTEMPTS)?.parse().ok()?,
        error: envelope::text(&message.headers, ERROR).map(str::to_owned),
        occurred_at: event.occurred_at,
    })
}
