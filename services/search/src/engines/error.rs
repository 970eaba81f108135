//! Errors of search engines.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::UnresponsiveSource;

/// A failure of one engine. Messages are safe to show to a client; they say what an operator can change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    #[error("too many requests{}", advice.map(|advice| format!(": {advice}")).unwrap_or_default())]
    RateLimited {
        /// Delay that the upstream asked for.
        retry_after: Option<Duration>,
        /// What an operator can change about it.
        advice: Option<&'static str>,
    },
    #[error("the engine wants a valid key")]
    Unauthorized,
    #[error("the engine asks for a captcha")]
    Captcha,
    #[error("the engine refuses to serve this client")]
    Blocked,
    /// The engine's own configuration prevents it from serving us; the text says what to change.
    #[error("{0}")]
    Misconfigured(String),
    #[error("the engine does not accept this query (HTTP {status})")]
    BadQuery { status: u16 },
    #[error("the engine answered HTTP {status}")]
    Upstream { status: u16 },
    /// A metasearch engine answered, but none of the engines behind it did.
    #[error("none of the engines behind it answered: {}", list(.engines))]
    AllFailed { engines: Vec<UnresponsiveSource> },
    #[error("the engine did not answer in time")]
    Timeout,
    #[error("the engine cannot be reached")]
    Unreachable,
    #[error("the engine's answer broke off")]
    Cut,
    #[error("the engine's answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the engine's answer cannot be read: {0}")]
    Decode(String),
    /// The breaker is open until then.
    #[error("left alone until {} after failures", until.format("%Y-%m-%d %H:%M:%S UTC"))]
    Suspended { until: DateTime<Utc> },
    /// Its rate limit allows no request within the timeout.
    #[error("the engine may not be asked again so soon")]
    Paced { wait: Duration },
    #[error("the engine does not serve queries of this kind")]
    Unsupported,
    /// As [`Unsupported`](Self::Unsupported), by its configuration; the text says what to change.
    #[error("{0}")]
    NotServed(String),
}

impl EngineError {
    /// A stable word for reports and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "rate_limited",
            Self::Unauthorized => "unauthorized",
            Self::Captcha => "captcha",
            Self::Blocked => "blocked",
            Self::Misconfigured(_) => "misconfigured",
            Self::BadQuery { .. } => "bad_query",
            Self::Upstream { .. } => "upstream",
            Self::AllFailed { .. } => "all_failed",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Cut => "cut",
            Self::TooLarge { .. } => "too_large",
            Self::Decode(_) => "decode",
            Self::Suspended { .. } => "suspended",
            Self::Paced { .. } => "paced",
            Self::Unsupported | Self::NotServed(_) => "unsupported",
        }
    }

    /// What an operator can change about it.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::RateLimited { advice: Some(advice), .. } => Some((*advice).to_owned()),
            Self::Misconfigured(remedy) | Self::NotServed(remedy) => Some(remedy.clone()),
            _ => None,
        }
    }

    /// Whether the error counts against the engine's health, unlike errors of the query or of this client.
    pub(super) fn affects_health(&self) -> bool {
        !matches!(
            self,
            Self::BadQuery { .. }
                | Self::Suspended { .. }
                | Self::Paced { .. }
                | Self::Unsupported
                | Self::NotServed(_)
        )
    }
}

fn list(engines: &[UnresponsiveSource]) -> String {
    let each: Vec<_> = engines.iter().map(|each| format!("{} ({})", each.engine, each.reason)).collect();
    each.join(", ")
}
