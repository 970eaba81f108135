//! Gives mails to the mail server.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};
use uuid::Uuid;

use crate::{
    config::{Encryption, SmtpConfig, SmtpServer},
    letters::RenderedLetter,
};

/// For each step of a conversation; RFC 5321 (4.5.3.2) would wait for minutes, and a job is tried again.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Replies to credentials (RFC 4954): they say nothing of the mail, and an operator mends them.
const CREDENTIALS_REFUSED: [u16; 4] = [530, 534, 535, 538];
/// Keeps mailing lists and absent people from answering (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// Why a mail was not taken. Reasons name no address and may be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// Another try may help.
    #[error("{0}")]
    Transient(String),
    /// The server will not take this mail.
    #[error("{0}")]
    Permanent(String),
}

/// A mail as it goes out.
#[derive(Debug)]
pub(crate) struct OutgoingMail<'a> {
    /// The same whenever the same mail is sent, so that its reader has one.
    pub(crate) id: Uuid,
    pub(crate) to: &'a str,
    pub(crate) letter: &'a RenderedLetter,
    pub(crate) date: DateTime<Utc>,
}

/// The mail server.
#[derive(Debug)]
pub(crate) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// Connects with each mail: they are few.
    pub(crate) fn new(config: SmtpConfig) -> Result<Self, Error> {
        let SmtpConfig { server, from } = config;
        let SmtpServer { host, port, encryption, credentials } = server;
        let parameters = || TlsParameters::new(host.clone());
        let tls = match encryption {
            Encryption::Tls => Tls::Wrapper(parameters()?),
            Encryption::Required => Tls::Required(parameters()?),
            Encryption::WhereOffered => Tls::Opportunistic(parameters()?),
            Encryption::None => Tls::None,
        };
        let name = ClientId::Domain(from.email.domain().to_owned());
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host).port(port).tls(tls).hello_name(name);
        if let Some((user, password)) = credentials {
            builder = builder.credentials(Credentials::new(user, password.expose().to_owned()));
        }
        Ok(Self { transport: builder.timeout(Some(TIMEOUT)).build(), from })
    }

    /// Returns once the server has answered for the mail.
    pub(crate) async fn send(&self, mail: &OutgoingMail<'_>) -> Result<(), SendError> {
        let message = self.message(mail)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(mail = %mail.id, %error, "the mail server did not take a mail");
                Err(refusal(&error))
            }
        }
    }

    fn message(&self, mail: &OutgoingMail<'_>) -> Result<Message, SendError> {
        let invalid = |what: &str| SendError::Permanent(format!("{what} cannot be written into a mail"));
        let to: Address = mail.to.parse().map_err(|_| invalid("the address"))?;
        let letter = mail.letter;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.as_str())
            .date(SystemTime::from(mail.date))
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .map_err(|_| invalid("the text"))
    }
}

fn refusal(error: &Error) -> SendError {
    let Some(code) = error.status().map(u16::from) else {
        let fault = if error.is_tls() { "no TLS with the mail server" } else { "the mail server did not answer" };
        return SendError::Transient(fault.to_owned());
    };
    let reason = format!("the mail server answered {code}");
    if error.is_permanent() && !CREDENTIALS_REFUSED.contains(&code) {
        return SendError::Permanent(reason);
    }
    SendError::Transient(reason)
}
