//! Which subjects a consumer receives.

use std::{borrow::Cow, fmt};

/// A subject, or a pattern of subjects as NATS writes them: `*` stands for one part between dots, a last `>` for one or more.
/// It means the same with and without a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectPattern(Cow<'static, str>);

impl SubjectPattern {
    /// Every subject.
    pub const ALL: Self = Self(Cow::Borrowed(">"));

    pub const fn new(pattern: &'static str) -> Self {
        Self(Cow::Borrowed(pattern))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can match a subject of `service`, which is the second part of it.
    pub fn covers_service(&self, service: &str) -> bool {
        let mut parts = self.0.split('.');
        match (parts.next(), parts.next()) {
            (Some(">"), _) => true,
            (Some(_), Some(part)) => part == "*" || part == ">" || part == service,
            _ => false,
        }
    }

    pub fn matches(&self, subject: &str) -> bool {
        let (mut pattern, mut parts) = (self.0.split('.'), subject.split('.'));
        loop {
            match (pattern.next(), parts.next()) {
                (Some(">"), Some(_)) | (None, None) => return true,
                (Some("*"), Some(_)) => {}
                (Some(wanted), Some(part)) if wanted == part => {}
                _ => return false,
            }
        }
    }
}

impl fmt::Display for SubjectPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
