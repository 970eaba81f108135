//! What people are told, in English and Russian: the same words in a mail and in the inbox.
//!
//! Names of people and organisations were chosen by somebody else, so every value becomes one short line before it is put into a
//! text, and is escaped where the text is HTML.

mod english;
mod render;
mod russian;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
pub(crate) use render::{RenderedLetter, render};
use url::Url;

const MAX_VALUE_CHARS: usize = 100;
const MAX_LINK_LENGTH: usize = 2_000;

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Template {
    VerifyEmail,
    AccountExists,
    ResetPassword,
    PasswordChanged,
    Invitation,
    SessionReuse,
    NewSignIn,
}

impl Template {
    const ALL: [Self; 7] = [
        Self::VerifyEmail,
        Self::AccountExists,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::Invitation,
        Self::SessionReuse,
        Self::NewSignIn,
    ];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == name)
    }

    /// As events and rows name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::AccountExists => "account_exists",
            Self::ResetPassword => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::Invitation => "invitation",
            Self::SessionReuse => "session_reuse",
            Self::NewSignIn => "new_sign_in",
        }
    }

    /// Whether its link proves that its reader has the address. Such a link is not shown in the inbox, where a stolen session
    /// would find it.
    pub(crate) const fn has_secret_link(self) -> bool {
        matches!(self, Self::VerifyEmail | Self::ResetPassword)
    }

    /// Whether it stands in the inbox of a person with an account. Nobody can sign in before the address is confirmed.
    pub(crate) const fn is_in_inbox(self) -> bool {
        !matches!(self, Self::VerifyEmail)
    }
}

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locale {
    English,
    Russian,
}

impl Locale {
    /// English for languages that there are no texts in.
    pub(crate) fn of(tag: &str) -> Self {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("ru") { Self::Russian } else { Self::English }
    }

    /// ISO 639.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
        }
    }
}

/// One thing that is told, in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) locale: Locale,
    pub(crate) subject: String,
    /// What has happened.
    pub(crate) news: String,
    /// What the link is for, as a button says it.
    pub(crate) action: &'static str,
    pub(crate) link: String,
    /// Until when the link works, where it is secret.
    pub(crate) deadline: Option<String>,
    /// What to do about it.
    pub(crate) note: &'static str,
}

/// Why an event makes no letter.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LetterError {
    #[error("the value {0} is missing")]
    Missing(&'static str),
    #[error("the link is no http or https address")]
    Link,
}

/// What a letter is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) template: Template,
    pub(crate) locale: Locale,
    pub(crate) values: &'a BTreeMap<String, String>,
    pub(crate) expires_at: DateTime<Utc>,
}

impl Request<'_> {
    pub(crate) fn letter(&self) -> Result<Letter, LetterError> {
        match self.locale {
            Locale::English => english::letter(self),
            Locale::Russian => russian::letter(self),
        }
    }

    /// A value as one short line.
    fn text(&self, name: &'static str) -> Result<String, LetterError> {
        self.values.get(name).map(|value| one_line(value)).ok_or(LetterError::Missing(name))
    }

    /// Where and when something was done, as far as it is known.
    fn place_and_time(&self) -> Result<String, LetterError> {
        let parts = [self.text("address")?, self.time()?];
        Ok(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
    }

    fn time(&self) -> Result<String, LetterError> {
        let text = self.text("time")?;
        Ok(text.parse().map_or(text, |time: DateTime<Utc>| minute(time)))
    }

    fn deadline(&self) -> Option<String> {
        self.template.has_secret_link().then(|| minute(self.expires_at))
    }

    fn link(&self) -> Result<String, LetterError> {
        let link = self.values.get("link").ok_or(LetterError::Missing("link"))?;
        let url = Url::parse(link).map_err(|_| LetterError::Link)?;
        let is_web = matches!(url.scheme(), "http" | "https") && link.len() <= MAX_LINK_LENGTH;
        // The parsed address holds nothing that ends a line.
        if is_web { Ok(url.into()) } else { Err(LetterError::Link) }
    }
}

fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// The beginning of a value without what would end a line, hide text or turn it around.
fn one_line(value: &str) -> String {
    let plain: String = value.chars().map(|char| if is_invisible(char) { ' ' } else { char }).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}

/// Control characters and those of Unicode that format text: zero width, bidirectional, tags.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn request(template: Template, locale: Locale, values: &BTreeMap<String, String>) -> Request<'_> {
        Request { template, locale, values, expires_at: "2026-01-02T03:04:05Z".parse().unwrap() }
    }

    #[test]
    fn every_template_has_words_in_both_languages() {
        let values = values(&[
            ("link", "https://seek.example.org/account/x?token=abc"),
            ("organisation", "Acme"),
            ("inviter", "Olga"),
            ("address", "192.0.2.1"),
            ("time", "2026-01-01T10:20:30+00:00"),
        ]);
        for template in Template::ALL {
            let [english, russian] = [Locale::English, Locale::Russian].map(|locale| {
                let rendered = render(&request(template, locale, &values).letter().unwrap());
                assert!(rendered.text.contains("https://seek.example.org/account/x?token=abc"), "{}", rendered.text);
                assert!(rendered.html.contains("token=abc"));
                rendered
            });
            assert_ne!(english.subject, russian.subject);
            assert!(russian.subject.chars().any(|char| ('а'..='я').contains(&char)), "{}", russian.subject);
            assert_eq!(english.text.contains("2026-01-02 03:04 UTC"), template.has_secret_link());
        }
    }

    #[test]
    fn a_name_can_neither_end_a_line_nor_become_markup() {
        let values = values(&[
            ("link", "https://seek.example.org/\"><script>"),
            ("organisation", "A\r\nBcc: eve@example.org\u{202e}"),
            ("inviter", "<img src=x onerror=alert(1)>&'\""),
        ]);
        let letter = request(Template::Invitation, Locale::English, &values).letter().unwrap();
        assert_eq!(letter.subject, "<img src=x onerror=alert(1)>&'\" invites you to A Bcc: eve@example.org");
        let html = render(&letter).html;
        assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("\"><s"), "{html}");
        assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;&amp;&#39;&quot; invites you"), "{html}");
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(one_line(&"ж".repeat(500)).chars().count(), MAX_VALUE_CHARS + 1);
    }

    #[test]
    fn what_cannot_be_a_letter_is_refused() {
        for (link, fault) in [
            ("javascript:alert(1)", LetterError::Link),
            ("/account", LetterError::Link),
            ("data:text/html,x", LetterError::Link),
        ] {
            let values = values(&[("link", link)]);
            assert_eq!(request(Template::AccountExists, Locale::English, &values).letter(), Err(fault), "{link}");
        }
        let values = values(&[("link", "https://seek.example.org")]);
        let letter = request(Template::Invitation, Locale::Russian, &values).letter();
        assert_eq!(letter, Err(LetterError::Missing("inviter")));
    }
}
