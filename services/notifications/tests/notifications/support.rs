//! Mails as auth-svc asks for them.

use bus::EventRecord;
use db::fetch_one;
use notifications_svc::SERVICE;
use proto::{convert, events::v1::MailRequested};
use testkit::{
    Smtp, eventually,
    service::{Person, TestService, World},
    system,
};
use uuid::Uuid;

pub(crate) const LINK: &str = "https://seek.example.org/account/reset?token=s3cr3t-of-the-link";
/// What a test of one day may wait for.
pub(crate) const DAY: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// The service with a mail server; `None` when that is not installed.
pub(crate) async fn start(world: &mut World) -> Option<(TestService, Smtp)> {
    let smtp = Smtp::start().await?;
    world.set("SMTP_URL", smtp.url());
    world.set("SMTP_FROM", "GooSeek <gooseek@example.org>");
    Some((world.start(SERVICE).await, smtp))
}

/// A mail with the link of a new password to a person.
pub(crate) fn reset_password(world: &World, to: &str, user: Option<&Person>) -> MailRequested {
    MailRequested {
        to: to.to_owned(),
        user_id: user.map(|person| person.user.to_string()).unwrap_or_default(),
        template: "reset_password".to_owned(),
        locale: "en".to_owned(),
        values: [("link".to_owned(), LINK.to_owned())].into(),
        expires_at: Some(convert::timestamp(world.clock.clock().now() + DAY)),
    }
}

/// An invitation, whose link is no secret.
pub(crate) fn invitation(world: &World, user: Option<&Person>, inviter: &str) -> MailRequested {
    let values =
        [("link", "https://seek.example.org/account/organisation"), ("organisation", "Acme"), ("inviter", inviter)];
    MailRequested {
        template: "invitation".to_owned(),
        values: values.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..reset_password(world, "ann@example.org", user)
    }
}

/// The event that asks for a mail; such events concern no organisation.
pub(crate) fn event(world: &World, mail: &MailRequested) -> EventRecord {
    EventRecord::new(world.ids.next(), Uuid::nil(), mail, world.clock.clock().now())
}

/// What became of a mail, and why.
pub(crate) async fn outcome(service: &TestService, id: Uuid) -> (String, Option<String>) {
    let mut session = service.db.read(&system().into()).await.unwrap();
    fetch_one!(&mut session, any: "SELECT status, reason FROM mails WHERE id = $1", id).unwrap()
}

pub(crate) async fn eventually_is(service: &TestService, id: Uuid, status: &str) {
    eventually(status, async || outcome(service, id).await.0 == status).await;
}

/// The jobs that wait for another try.
pub(crate) async fn waiting_jobs(service: &TestService) -> i64 {
    let mut session = service.db.read(&system().into()).await.unwrap();
    let (jobs,): (i64,) = fetch_one!(
        &mut session,
        any: "SELECT COUNT(*) FROM jobs WHERE kind = 'notifications.send_mail' AND state = 'scheduled' AND attempts > 0"
    )
    .unwrap();
    jobs
}
