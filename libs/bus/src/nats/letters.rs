//! Dead letters on the broker. The subject of one is `gooseek_dead.<service>.<org>.<event>.<consumer>`, `service` being the
//! one that told the event; consumers' names have dots themselves. A message that cannot be read is a letter too, kept as it
//! came; when no organisation can be read from it, it is nobody's: each organisation may see it and have it delivered again,
//! which repeats nothing, and none may drop it, since it may be another's.

use async_nats::{
    HeaderMap,
    header::NATS_MESSAGE_ID,
    jetstream::{
        message::StreamMessage,
        stream::{LastRawMessageErrorKind, Stream},
    },
};
use bytes::Bytes;
use futures::{TryStreamExt, future::try_join_all};
use uuid::Uuid;

use super::{
    super::{DeadLetter, LetterKey},
    DEAD, Nats, NatsError, PutError, REPLAYS, envelope,
};

const CONSUMER: &str = "Gooseek-Consumer";
const ATTEMPTS: &str = "Gooseek-Attempts";
const ERROR: &str = "Gooseek-Error";
/// Characters of the reason that are kept.
const REASON: usize = 500;

/// In place of the organisation of a letter of nobody.
const NOBODY: &str = "nobody";

/// What is put aside, and why.
pub(super) struct Burial {
    pub(super) key: LetterKey,
    pub(super) org: Option<Uuid>,
    /// The envelope.
    pub(super) headers: HeaderMap,
    pub(super) payload: Bytes,
    pub(super) attempts: i64,
    pub(super) reason: String,
}

/// Begins the subjects of the letters of `org`, or of nobody.
fn place(service: &str, org: Option<Uuid>) -> String {
    let org = org.map_or_else(|| NOBODY.to_owned(), |org| org.to_string());
    format!("{DEAD}.{service}.{org}")
}

fn subject(service: &str, org: Option<Uuid>, key: &LetterKey) -> String {
    format!("{}.{}.{}", place(service, org), key.id, key.consumer)
}

fn key(subject: &str) -> Option<LetterKey> {
    let mut tokens = subject.splitn(5, '.').skip(3);
    let (id, consumer) = (tokens.next()?, tokens.next()?);
    Some(LetterKey { id: id.parse().ok()?, consumer: consumer.to_owned() })
}

impl Nats {
    /// Puts a message of `service` aside for one consumer.
    pub(super) async fn bury(&self, service: &str, burial: Burial) -> Result<(), PutError> {
        let Burial { key, org, mut headers, payload, attempts, reason } = burial;
        headers.insert(CONSUMER, key.consumer.as_str());
        headers.insert(ATTEMPTS, attempts.to_string());
        let reason: String = reason.chars().take(REASON).collect();
        headers.insert(ERROR, envelope::line(&reason));
        // No message id: the letter of an event that failed again after its replay is not a duplicate.
        self.put(subject(service, org, &key), headers, payload).await
    }

    /// At most `limit` letters, of `org` and of nobody, about events of `service` that come after `after`, in order.
    pub(in super::super) async fn letters(
        &self,
        service: &str,
        org: Uuid,
        after: &LetterKey,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, NatsError> {
        let stream = self.dead_letters().await?;
        let mut places = Vec::new();
        for org in [Some(org), None] {
            let listing = stream.info_builder().subjects(format!("{}.>", place(service, org))).fetch().await;
            let listed: Vec<(String, usize)> =
                listing.map_err(NatsError::new)?.try_collect().await.map_err(NatsError::new)?;
            places.extend(listed.into_iter().filter_map(|(subject, _)| Some((key(&subject)?, subject))));
        }
        places.retain(|(key, _)| key > after);
        places.sort_unstable();
        places.truncate(limit);
        let reading = places.iter().map(|(_, subject)| self.read(&stream, subject));
        let found = try_join_all(reading).await?;
        // One that was settled in between is not there any more.
        Ok(found.into_iter().flatten().filter_map(|message| letter(&message)).collect())
    }

    /// Gives the event to this consumer again; whether there was such a letter, of `org` or of nobody.
    pub(in super::super) async fn replay_letter(
        &self,
        service: &str,
        org: Uuid,
        key: &LetterKey,
    ) -> Result<bool, NatsError> {
        let stream = self.dead_letters().await?;
        let found = match self.read(&stream, &subject(service, Some(org), key)).await? {
            None => self.read(&stream, &subject(service, None, key)).await?,
            found => found,
        };
        let Some(message) = found else { return Ok(false) };
        let mut headers = envelope::copied(&message.headers, |name| ![CONSUMER, ATTEMPTS, ERROR].contains(&name));
        // The same letter replayed by two at once is told once.
        headers.insert(NATS_MESSAGE_ID, format!("{}/{}/{}", key.id, key.consumer, message.sequence));
        self.put(format!("{REPLAYS}.{}", key.consumer), headers, message.payload.clone()).await?;
        self.remove(&stream, &message).await?;
        Ok(true)
    }

    /// Gives the event up, and tells the consumer so, which passes it over when it comes again; whether there was such a
    /// letter of `org`, or of nobody.
    pub(in super::super) async fn drop_letter(
        &self,
        service: &str,
        org: Option<Uuid>,
        key: &LetterKey,
    ) -> Result<bool, NatsError> {
        let stream = self.dead_letters().await?;
        let Some(message) = self.read(&stream, &subject(service, org, key)).await? else { return Ok(false) };
        self.put(format!("{REPLAYS}.{}", key.consumer), envelope::dropping(key.id), Bytes::new()).await?;
        self.remove(&stream, &message).await?;
        Ok(true)
    }

    async fn dead_letters(&self) -> Result<Stream, NatsError> {
        self.ready().await?;
        let stream = self.context.get_stream(DEAD).await;
        // Whatever is wrong with it, declaring it again harms nothing.
        stream.inspect_err(|_| self.lost()).map_err(NatsError::new)
    }

    /// Whether there is such a letter of nobody.
    pub(in super::super) async fn is_nobodys(&self, service: &str, key: &LetterKey) -> Result<bool, NatsError> {
        let stream = self.dead_letters().await?;
        Ok(self.read(&stream, &subject(service, None, key)).await?.is_some())
    }

    async fn read(&self, stream: &Stream, subject: &str) -> Result<Option<StreamMessage>, NatsError> {
        match stream.get_last_raw_message_by_subject(subject).await {
            Ok(message) => Ok(Some(message)),
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound | LastRawMessageErrorKind::InvalidSubject => Ok(None),
                _ => Err(NatsError::new(error)),
            },
        }
    }

    async fn remove(&self, stream: &Stream, message: &StreamMessage) -> Result<(), NatsError> {
        let Err(error) = stream.delete_message(message.sequence).await else { return Ok(()) };
        // The event may have failed again already, and its new letter be in the place of this one.
        match self.read(stream, &message.subject).await? {
            Some(still) if still.sequence == message.sequence => Err(NatsError::new(error)),
            _ => Ok(()),
        }
    }
}

fn letter(message: &StreamMessage) -> Option<DeadLetter> {
    let known = envelope::known(&message.headers)?;
    Some(DeadLetter {
        id: known.id,
        consumer: envelope::text(&message.headers, CONSUMER)?.to_owned(),
        subject: known.subject,
        org: known.org.unwrap_or_default(),
        attempts: envelope::text(&message.headers, ATTEMPTS)?.parse().ok()?,
        error: envelope::text(&message.headers, ERROR).map(str::to_owned),
        occurred_at: known.occurred_at,
    })
}
