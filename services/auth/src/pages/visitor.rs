//! Who looks at a page, and in which language.

use access::Caller;
use axum::{extract::FromRequestParts, http::HeaderMap, http::header, http::request::Parts};
use base::Problem;

use super::texts::{EN, RU, Texts};
use crate::accounts::Accounts;

/// Whoever looks at a page.
pub(super) struct Visitor {
    /// Of the account's language, or else of the browser's.
    pub(super) texts: &'static Texts,
}

impl FromRequestParts<Accounts> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, accounts: &Accounts) -> Result<Self, Problem> {
        let known = match Caller::attached(&parts.extensions) {
            Some(caller) => accounts.locale(caller).await?,
            None => None,
        };
        let is_russian = known.map_or_else(|| prefers_russian(&parts.headers), |locale| locale == "ru");
        Ok(Self { texts: if is_russian { &RU } else { &EN } })
    }
}

/// Whether `Accept-Language` puts Russian before English (RFC 9110, section 12.5.4).
fn prefers_russian(headers: &HeaderMap) -> bool {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let quality = |language: &str| {
        let ranges = wanted.split(',').filter_map(|range| {
            let (name, quality) = range.split_once(';').unwrap_or((range, "q=1"));
            let primary = name.trim().split('-').next().unwrap_or_default();
            let quality = quality.trim().strip_prefix("q=")?.parse::<f32>().ok()?;
            primary.eq_ignore_ascii_case(language).then_some(quality)
        });
        ranges.fold(0.0, f32::max)
    };
    let (english, russian) = (quality("en"), quality("ru"));
    // Of equal ones the first counts.
    let russian_first = wanted.to_ascii_lowercase().trim_start().starts_with("ru");
    russian > english || (russian > 0.0 && (russian - english).abs() < f32::EPSILON && russian_first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wanted_more_is_shown() {
        for (wanted, russian) in [
            ("ru", true),
            ("ru-RU,ru;q=0.9,en;q=0.8", true),
            ("en-US,en;q=0.9,ru;q=0.8", false),
            ("de,ru;q=0.5", true),
            ("de", false),
            ("ru;q=0", false),
            ("en;q=0.3, ru;q=0.7", true),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, wanted.parse().unwrap())]);
            assert_eq!(prefers_russian(&headers), russian, "{wanted}");
        }
    }
}
