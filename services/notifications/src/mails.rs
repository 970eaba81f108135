//! Mails: asked for by an event, sent by a job.
//!
//! The event's inbox row, the mail, its notification and its job are one transaction, so that none is lost and none asked for
//! twice. The job gives the mail to the server and then commits that it is sent together with its own end. A process that dies
//! between these two leaves a job that sends the mail again: with the same `Message-ID`, by which mail programs know it for the
//! same. SMTP offers nothing better.

use std::collections::BTreeMap;

use async_trait::async_trait;
use base::time::Clock;
use bus::{HandleError, Handler, Received};
use chrono::TimeDelta;
use db::Session;
use jobs::{Job, JobContext, JobError, JobHandler, JobQueue};
use proto::{convert, events::v1::MailRequested};
use serde::{Deserialize, Serialize};
use server::Deps;
use uuid::Uuid;

use crate::{
    inbox::{Inbox, NewNotification},
    letters::{self, Letter, Locale, Template},
    smtp::{OutgoingMail, SendError, Smtp},
    store::mails::{self as store, MailRow},
    system,
};

/// How long a mail is tried whose event does not say.
const LIFETIME: TimeDelta = TimeDelta::days(3);

/// Sends a mail.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SendMail {
    mail: Uuid,
}

impl Job for SendMail {
    const KIND: &'static str = "notifications.send_mail";
    /// A mail is tried until it expires, however long the mail server is away.
    const ATTEMPT_LIMIT: i64 = i64::MAX;
}

/// Takes the events that ask for mails.
pub(crate) struct MailRequests {
    jobs: JobQueue,
    inbox: Inbox,
}

impl MailRequests {
    pub(crate) fn new(deps: &Deps, inbox: Inbox) -> Self {
        Self { jobs: deps.jobs.clone(), inbox }
    }

    async fn notify(
        &self,
        session: &mut Session,
        user: &str,
        template: Template,
        letter: &Letter,
    ) -> Result<(), HandleError> {
        if user.is_empty() || !template.is_in_inbox() {
            return Ok(());
        }
        let new = NewNotification {
            kind: template.as_str(),
            title: &letter.subject,
            text: &format!("{}\n\n{}", letter.news, letter.note),
            link: (!template.has_secret_link()).then_some(letter.link.as_str()),
        };
        Ok(self.inbox.add(session, convert::id("user_id", user)?, &new).await?)
    }
}

#[async_trait]
impl Handler<MailRequested> for MailRequests {
    async fn handle(&self, session: &mut Session, event: &Received<MailRequested>) -> Result<(), HandleError> {
        let message = &event.message;
        let template = Template::parse(&message.template)
            .ok_or_else(|| HandleError::Poison(format!("{:?} is no mail of this version", message.template)))?;
        let locale = Locale::of(&message.locale);
        let values: BTreeMap<String, String> = message.values.clone().into_iter().collect();
        let expires_at = message.expires_at.and_then(convert::time).unwrap_or(event.occurred_at + LIFETIME);
        let request = letters::Request { template, locale, values: &values, expires_at };
        let letter = request.letter().map_err(|error| HandleError::Poison(error.to_string()))?;
        if message.to.parse::<lettre::Address>().is_err() {
            return Err(HandleError::Poison("`to` is no address".to_owned()));
        }
        let mail = MailRow {
            id: event.id,
            recipient: message.to.clone(),
            template: template.as_str().to_owned(),
            locale: locale.as_str().to_owned(),
            fields: serde_json::json!(values).to_string(),
            requested_at: event.occurred_at,
            expires_at,
        };
        session.enter(system::scope()).await?;
        store::insert(session, &mail).await?;
        self.notify(session, &message.user_id, template, &letter).await?;
        self.jobs.enqueue(session, &SendMail { mail: event.id }).await?;
        Ok(())
    }
}

/// What became of a mail.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The mail server has it.
    Sent,
    /// The mail server refused it for good.
    Failed(String),
    /// It was too late for its link.
    Expired,
    /// There is no mail server, and the log has its link.
    Logged,
}

impl Outcome {
    /// As rows and metrics name it.
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed(_) => "failed",
            Self::Expired => "expired",
            Self::Logged => "logged",
        }
    }
}

pub(crate) struct MailSender {
    smtp: Option<Smtp>,
    clock: Clock,
}

impl MailSender {
    pub(crate) fn new(smtp: Option<Smtp>, clock: Clock) -> Self {
        Self { smtp, clock }
    }

    async fn send(&self, mail: &MailRow) -> Result<Outcome, JobError> {
        if mail.expires_at <= self.clock.now() {
            return Ok(Outcome::Expired);
        }
        let letter = letter(mail)?;
        let Some(smtp) = &self.smtp else {
            log(mail, &letter);
            return Ok(Outcome::Logged);
        };
        let rendered = letters::render(&letter);
        let outgoing = OutgoingMail { id: mail.id, to: &mail.recipient, letter: &rendered, date: mail.requested_at };
        match smtp.send(&outgoing).await {
            Ok(()) => Ok(Outcome::Sent),
            Err(SendError::Permanent(reason)) => Ok(Outcome::Failed(reason)),
            Err(SendError::Transient(reason)) => Err(JobError::transient(reason)),
        }
    }
}

#[async_trait]
impl JobHandler<SendMail> for MailSender {
    async fn run(&self, context: &JobContext, job: SendMail) -> Result<(), JobError> {
        let mut session = context.begin().await?;
        let Some(mail) = store::pending(&mut session, job.mail).await? else { return Ok(()) };
        drop(session);
        let outcome = self.send(&mail).await?;
        let reason = match &outcome {
            Outcome::Failed(reason) => Some(reason.as_str()),
            _ => None,
        };
        let mut session = context.begin().await?;
        store::finish(&mut session, mail.id, outcome.as_str(), reason, self.clock.now()).await?;
        context.complete(&mut session).await?;
        session.commit().await?;
        metrics::counter!("gooseek_mails", "outcome" => outcome.as_str()).increment(1);
        if matches!(outcome, Outcome::Failed(_) | Outcome::Expired) {
            tracing::warn!(mail = %mail.id, template = mail.template, outcome = outcome.as_str(), reason, "a mail was not sent");
        }
        Ok(())
    }

    async fn on_dead(
        &self,
        _context: &JobContext,
        session: &mut Session,
        job: SendMail,
        reason: &str,
    ) -> Result<(), db::DbError> {
        store::finish(session, job.mail, "failed", Some(reason), self.clock.now()).await
    }
}

fn letter(mail: &MailRow) -> Result<Letter, JobError> {
    let unreadable = || JobError::Permanent("the mail cannot be read by this version".to_owned());
    let values: BTreeMap<String, String> = serde_json::from_str(&mail.fields).map_err(|_| unreadable())?;
    let template = Template::parse(&mail.template).ok_or_else(unreadable)?;
    let locale = Locale::of(&mail.locale);
    let request = letters::Request { template, locale, values: &values, expires_at: mail.expires_at };
    request.letter().map_err(|_| unreadable())
}

/// Without a mail server the operator hands out links. The log is the operator's own.
fn log(mail: &MailRow, letter: &Letter) {
    tracing::warn!(
        mail = %mail.id,
        template = mail.template,
        "no SMTP_URL: the link for {} is {}",
        mail.recipient,
        letter.link
    );
}
