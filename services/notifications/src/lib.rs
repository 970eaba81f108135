//! Telling people: mails, and an inbox that each person reads in the product.
//!
//! Services ask for a mail by an event ([`mails`]); what it says is written here, in English and Russian ([`letters`]), and a job
//! sends it by SMTP ([`smtp`]). What concerns a person with an account stands in that person's inbox too ([`inbox`]).

mod config;
mod http;
mod inbox;
mod letters;
mod mails;
mod prune;
mod smtp;
mod store;
mod system;

use bus::Consumer;
use config::Config;
use db::Migrations;
use inbox::Inbox;
use jobs::Jobs;
use mails::{MailRequests, MailSender};
use server::{Deps, Service, ServiceBuilder, service::ServiceDef};

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef {
    variables: &[config::VARIABLES],
    ..ServiceDef::new(registry::NOTIFICATIONS, MIGRATIONS, |reader| {
        let config = Config::read(reader);
        ServiceBuilder::new(move |deps| build(config, deps))
    })
};

const MIGRATIONS: Migrations = Migrations { tables: &sqlx::migrate!(), sqlite: None, postgres: None };

async fn build(config: Config, deps: Deps) -> anyhow::Result<Service> {
    let smtp = config.smtp.map(smtp::Smtp::new).transpose()?;
    if smtp.is_none() && deps.has_accounts {
        tracing::warn!("no SMTP_URL: no mail is sent; the links of mails are written to this log");
    }
    let inbox = Inbox::new(&deps);
    let mut service = Service::new(SERVICE.name, http::routes(inbox.clone(), deps.drain.clone()));
    let requests = MailRequests::new(&deps, inbox);
    service.consumers = vec![Consumer::new("notifications.mails", deps.db.clone(), requests)];
    let clock = deps.clock.clone();
    service.jobs = Jobs::default().handle(4, MailSender::new(smtp, deps.clock.clone())).cron(
        "notifications.prune",
        "23 4 * * *",
        move |context| prune::prune(clock.clone(), context),
    );
    Ok(service)
}
