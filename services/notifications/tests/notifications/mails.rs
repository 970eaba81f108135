//! Mails: each is sent, whatever breaks, and none twice.

use std::time::Duration;

use bus::DeliveryError;
use db::fetch_one;
use notifications_svc::SERVICE;
use testkit::{SmtpFault, eventually, service::TestService, system};
use uuid::Uuid;

use crate::support::{LINK, event, eventually_is, invitation, outcome, reset_password, start, waiting_jobs};

/// Longer than the delay before another try, and than a lease.
const LATER: Duration = Duration::from_secs(700);

testkit::on_both! {
    async fn a_mail_is_sent_once_with_its_text_in_two_forms(world: World) {
        let mut world = world;
        let Some((service, smtp)) = start(&mut world).await else { return };
        let asked = event(&world, &reset_password(&world, "ann@example.org", None));
        service.deliver(&asked).await;
        service.deliver(&asked).await;
        eventually_is(&service, asked.id, "sent").await;
        let mails = smtp.mails();
        assert_eq!(mails.len(), 1);
        let mail = &mails[0];
        assert_eq!(mail.user.as_deref(), Some("ann"));
        assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("gooseek@example.org", ["ann@example.org".to_owned()].as_slice()));
        assert_eq!(mail.header("From"), "GooSeek <gooseek@example.org>");
        assert_eq!(mail.header("To"), "ann@example.org");
        assert_eq!(mail.header("Subject"), "A new password was asked for");
        assert_eq!(mail.header("Message-ID"), format!("<{}@example.org>", asked.id));
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert_eq!(mail.header("List-Unsubscribe"), "", "a mail about one's account cannot be unsubscribed");
        assert!(mail.text.as_ref().unwrap().contains(LINK));
        assert!(mail.html.as_ref().unwrap().contains(&format!("href=\"{LINK}\"")));
        assert_eq!(fields(&service, asked.id).await, "{}", "the secret of the link is forgotten");
    }

    async fn a_mail_speaks_the_language_of_its_reader(world: World) {
        let mut world = world;
        let Some((service, smtp)) = start(&mut world).await else { return };
        let mut mail = invitation(&world, None, "Ольга");
        mail.locale = "ru".to_owned();
        let asked = event(&world, &mail);
        service.deliver(&asked).await;
        eventually_is(&service, asked.id, "sent").await;
        let mail = &smtp.mails()[0];
        assert_eq!(mail.header("Subject"), "Ольга приглашает вас в Acme");
        assert!(mail.html.as_ref().unwrap().contains("<html lang=\"ru\">"));
    }

    async fn nobody_writes_headers_or_markup_with_a_name(world: World) {
        let mut world = world;
        let Some((service, smtp)) = start(&mut world).await else { return };
        let name = "Eve\r\nBcc: all@example.org\r\n\r\n<script>alert(1)</script>";
        let asked = event(&world, &invitation(&world, None, name));
        service.deliver(&asked).await;
        eventually_is(&service, asked.id, "sent").await;
        let mail = &smtp.mails()[0];
        assert_eq!(mail.to, ["ann@example.org"]);
        assert_eq!(mail.header("Bcc"), "");
        assert_eq!(mail.header("Subject"), "Eve Bcc: all@example.org <script>alert(1)</script> invites you to Acme");
        assert!(!mail.html.as_ref().unwrap().contains("<script"));
    }

    async fn an_event_that_makes_no_mail_is_a_dead_letter(world: World) {
        let service = world.start(SERVICE).await;
        let good = reset_password(&world, "ann@example.org", None);
        let mut unknown = good.clone();
        unknown.template = "advertisement".to_owned();
        let mut script = good.clone();
        script.values.insert("link".to_owned(), "javascript:alert(1)".to_owned());
        let mut two = good.clone();
        two.to = "ann@example.org\r\nRCPT TO:<eve@example.org>".to_owned();
        for mail in [unknown, script, two] {
            let refused = service.try_deliver(&event(&world, &mail)).await.unwrap_err();
            assert!(matches!(refused, DeliveryError::Poison(_)), "{refused}");
        }
    }

    async fn a_mail_waits_for_a_server_that_is_down(world: World) {
        let mut world = world;
        let Some((service, mut smtp)) = start(&mut world).await else { return };
        smtp.kill();
        let asked = event(&world, &reset_password(&world, "ann@example.org", None));
        service.deliver(&asked).await;
        eventually("a failed try", async || waiting_jobs(&service).await == 1).await;
        assert_eq!(outcome(&service, asked.id).await.0, "pending");
        smtp.restart().await;
        world.clock.advance(LATER);
        eventually_is(&service, asked.id, "sent").await;
        assert_eq!(smtp.mails().len(), 1);
    }

    async fn a_refusal_for_now_is_tried_again_and_one_for_good_is_not(world: World) {
        let mut world = world;
        let Some((service, smtp)) = start(&mut world).await else { return };
        smtp.fail(SmtpFault::Refuse(450));
        let asked = event(&world, &reset_password(&world, "ann@example.org", None));
        service.deliver(&asked).await;
        eventually("a failed try", async || waiting_jobs(&service).await == 1).await;
        smtp.fail(SmtpFault::Refuse(550));
        world.clock.advance(LATER);
        eventually_is(&service, asked.id, "failed").await;
        assert_eq!(outcome(&service, asked.id).await.1.unwrap(), "the mail server answered 550");
        assert_eq!(fields(&service, asked.id).await, "{}");
        smtp.fail(None);
        world.clock.advance(LATER);
        assert_eq!(waiting_jobs(&service).await, 0);
        assert!(smtp.mails().is_empty());
    }

    /// A wrong password says nothing about a mail.
    async fn refused_credentials_lose_no_mail(world: World) {
        let mut world = world;
        let Some(smtp) = testkit::Smtp::start().await else { return };
        world.set("SMTP_URL", smtp.url().replace("secret", "wrong"));
        world.set("SMTP_FROM", "gooseek@example.org");
        let service = world.start(SERVICE).await;
        let asked = event(&world, &reset_password(&world, "ann@example.org", None));
        service.deliver(&asked).await;
        eventually("a failed try", async || waiting_jobs(&service).await == 1).await;
        assert_eq!(outcome(&service, asked.id).await.0, "pending");
    }

    /// Nobody knows whether the server has it, so it is sent again under the same `Message-ID`.
    async fn a_mail_whose_answer_was_cut_is_sent_again_as_the_same(world: World) {
        let mut world = world;
        let Some((service, smtp)) = start(&mut world).await else { return };
        smtp.fail(SmtpFault::Cut);
        let asked = event(&world, &reset_password(&world, "ann@example.org", None));
        service.deliver(&asked).await;
        eventually("a failed try", async || waiting_jobs(&service).await == 1).await;
        smtp.fail(None);
        world.clock.advance(LATER);
        eventually_is(&service, asked.id, "sent").await;
        let mails = smtp.mails();
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
        assert_eq!(mails[0].header("Date"), mails[1].header("Date"));
    }

    async fn a_process_that_dies_between_sending_and_noting_it_loses_no_mail(world: World) {
        let mut world = world;
        let Some((service, smtp)) = start(&mut world).await else { return };
        smtp.fail(SmtpFault::Hold);
        let asked = event(&world, &reset_password(&world, "ann@example.org", None));
        service.deliver(&asked).await;
        eventually("the mail", async || smtp.mails().len() == 1).await;
        drop(service);
        smtp.fail(None);
        let service = world.start(SERVICE).await;
        assert_eq!(outcome(&service, asked.id).await.0, "pending");
        world.clock.advance(LATER);
        eventually_is(&service, asked.id, "sent").await;
        let ids: Vec<String> = smtp.mails().iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
        assert_eq!(ids, vec![format!("<{}@example.org>", asked.id); 2], "one mail for its reader");
    }

    async fn a_mail_is_not_sent_when_its_link_has_expired(world: World) {
        let mut world = world;
        let Some((service, mut smtp)) = start(&mut world).await else { return };
        smtp.kill();
        let asked = event(&world, &reset_password(&world, "ann@example.org", None));
        service.deliver(&asked).await;
        eventually("a failed try", async || waiting_jobs(&service).await == 1).await;
        smtp.restart().await;
        world.clock.advance(Duration::from_secs(86_400));
        eventually_is(&service, asked.id, "expired").await;
        assert!(smtp.mails().is_empty());
    }

    async fn without_a_mail_server_the_mail_is_done_when_it_was_logged(world: World) {
        let service = world.start(SERVICE).await;
        let asked = event(&world, &reset_password(&world, "ann@example.org", None));
        service.deliver(&asked).await;
        eventually_is(&service, asked.id, "logged").await;
        assert_eq!(fields(&service, asked.id).await, "{}");
    }
}

/// What a mail is made of, as it is stored.
async fn fields(service: &TestService, id: Uuid) -> String {
    let mut session = service.db.read(&system().into()).await.unwrap();
    let (fields,): (String,) = fetch_one!(&mut session, any: "SELECT fields FROM mails WHERE id = $1", id).unwrap();
    fields
}

#[test]
fn half_a_setting_is_a_fault() {
    for (name, value) in [("SMTP_URL", "smtps://ann:s3cr3t@mail.example.org"), ("SMTP_FROM", "gooseek@example.org")] {
        let fault = faults(&[(name, value)]).unwrap();
        assert!(fault.contains("SMTP_URL") && fault.contains("SMTP_FROM") && !fault.contains("s3cr3t"), "{fault}");
    }
    let fault = faults(&[("SMTP_URL", "mail.example.org:s3cr3t"), ("SMTP_FROM", "nobody")]).unwrap();
    assert!(fault.contains("SMTP_URL: ") && fault.contains("SMTP_FROM: ") && !fault.contains("s3cr3t"), "{fault}");
    let right = [("SMTP_URL", "smtps://ann:s3cr3t@mail.example.org"), ("SMTP_FROM", "GooSeek <gooseek@example.org>")];
    assert_eq!(faults(&right), None);
}

/// What a start says of these settings.
fn faults(settings: &[(&str, &str)]) -> Option<String> {
    let environment = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let file = std::path::Path::new("no-such-file.toml");
    let settings = base::config::Settings::load(server::variables(&[SERVICE]), file, environment).unwrap();
    let mut reader = base::config::Reader::new(&settings);
    let _ = (SERVICE.configure)(&mut reader);
    reader.finish().err().map(|faults| faults.to_string())
}
