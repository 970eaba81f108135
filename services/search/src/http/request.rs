//! Request body of the Search API (in the shape of Perplexity's) and its validation.

use base::Problem;
use kit::Validator;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    dates::DateRange,
    schema::{DateFilter, DomainFilter, LanguageCode},
};
use crate::engines::{Query, Recency, SearchKind};

pub(super) const MAX_QUERIES: usize = 5;
pub(super) const MAX_QUERY_LENGTH: usize = 2_000;
pub(super) const MAX_FILTERS: usize = 20;
pub(super) const MAX_DOMAIN_LENGTH: usize = 253;

/// A search request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchBody {
    /// One query, or a list of up to 5.
    query: OneOrMany,
    /// Number of results, by default 10.
    #[schema(minimum = 1, maximum = 20)]
    max_results: Option<u32>,
    /// Tokens of all snippets together, by default 10,000.
    #[schema(minimum = 1, maximum = 1_000_000)]
    max_tokens: Option<u32>,
    /// Tokens of one snippet, by default 4,096.
    #[schema(minimum = 1, maximum = 1_000_000)]
    max_tokens_per_page: Option<u32>,
    /// Default of `max_tokens_per_page`: 1,024, 4,096 or 8,192.
    search_context_size: Option<ContextSize>,
    /// ISO 3166-1.
    #[schema(max_length = 2, pattern = "^[A-Za-z]{2}$")]
    country: Option<String>,
    search_mode: Option<SearchMode>,
    #[expect(dead_code, reason = "both values ask for what this does anyway; others are refused")]
    search_type: Option<SearchType>,
    /// Hosts to include, or hosts with a leading `-` to exclude.
    #[serde(default)]
    #[schema(value_type = DomainFilter)]
    search_domain_filter: Vec<String>,
    /// Codes of ISO 639-1.
    #[serde(default)]
    #[schema(value_type = Vec<LanguageCode>, max_items = 20)]
    search_language_filter: Vec<String>,
    search_recency_filter: Option<RecencyFilter>,
    /// MM/DD/YYYY
    #[schema(value_type = Option<DateFilter>)]
    search_after_date_filter: Option<String>,
    /// MM/DD/YYYY
    #[schema(value_type = Option<DateFilter>)]
    search_before_date_filter: Option<String>,
    /// MM/DD/YYYY; compared with the publication date.
    #[schema(value_type = Option<DateFilter>)]
    last_updated_after_filter: Option<String>,
    /// MM/DD/YYYY; compared with the publication date.
    #[schema(value_type = Option<DateFilter>)]
    last_updated_before_filter: Option<String>,
    /// Whether the response includes the server's time.
    #[serde(default)]
    display_server_time: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a string or a list of strings")]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ContextSize {
    Low,
    Medium,
    High,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SearchMode {
    Web,
    Academic,
    /// Filings: pages of `sec.gov`.
    Sec,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SearchType {
    Web,
    /// Like `web`.
    Fast,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RecencyFilter {
    /// Treated as `day`; engines have no shorter period.
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// A validated request.
#[derive(Debug)]
pub(super) struct ValidatedSearch {
    pub(super) queries: Vec<Query>,
    pub(super) results: usize,
    pub(super) tokens: usize,
    pub(super) tokens_per_page: usize,
    /// Empty for any language.
    pub(super) languages: Vec<String>,
    pub(super) date_ranges: [DateRange; 2],
    pub(super) server_time: bool,
}

impl SearchBody {
    /// Validates all fields and reports all errors at once.
    pub(super) fn check(self) -> Result<ValidatedSearch, Problem> {
        let mut check = Validator::default();
        let texts = match &self.query {
            OneOrMany::One(text) => std::slice::from_ref(text),
            OneOrMany::Many(texts) => texts,
        };
        check.ensure((1..=MAX_QUERIES).contains(&texts.len()), "/query", "1 to 5 queries");
        let sized = |text: &String| !text.trim().is_empty() && text.chars().count() <= MAX_QUERY_LENGTH;
        check.ensure(texts.iter().all(sized), "/query", "1 to 2000 characters each");
        let results = number(&mut check, "/max_results", self.max_results, 10, 20);
        let tokens = number(&mut check, "/max_tokens", self.max_tokens, 10_000, 1_000_000);
        let per_page = match self.search_context_size {
            Some(ContextSize::Low) => 1_024,
            Some(ContextSize::High) => 8_192,
            Some(ContextSize::Medium) | None => 4_096,
        };
        let tokens_per_page = number(&mut check, "/max_tokens_per_page", self.max_tokens_per_page, per_page, 1_000_000);
        let country = self.country.as_deref();
        check.ensure(country.is_none_or(is_two_letters), "/country", "two letters, as in ISO 3166-1");
        let languages = &self.search_language_filter;
        check.ensure(languages.len() <= MAX_FILTERS, "/search_language_filter", "at most 20");
        let codes = languages.iter().all(|code| is_two_letters(code));
        check.ensure(codes, "/search_language_filter", "two letters each, as in ISO 639-1");
        self.check_domains(&mut check);
        let after = ("search_after_date_filter", self.search_after_date_filter.as_deref());
        let before = ("search_before_date_filter", self.search_before_date_filter.as_deref());
        let published = DateRange::read(&mut check, after, before);
        let after = ("last_updated_after_filter", self.last_updated_after_filter.as_deref());
        let before = ("last_updated_before_filter", self.last_updated_before_filter.as_deref());
        let updated = DateRange::read(&mut check, after, before);
        check.finish()?;
        Ok(ValidatedSearch {
            queries: texts.iter().map(|text| self.query_of(text, results)).collect(),
            results,
            tokens,
            tokens_per_page,
            languages: languages.iter().map(|code| code.to_ascii_lowercase()).collect(),
            date_ranges: [published, updated],
            server_time: self.display_server_time,
        })
    }

    fn check_domains(&self, check: &mut Validator) {
        let (field, domains) = ("/search_domain_filter", &self.search_domain_filter);
        check.ensure(domains.len() <= MAX_FILTERS, field, "at most 20");
        let denied = domains.iter().filter(|domain| domain.starts_with('-')).count();
        check.ensure(
            denied == 0 || denied == domains.len(),
            field,
            "either only hosts, or only hosts with a leading -",
        );
        let host = |domain: &String| {
            let host = domain.strip_prefix('-').unwrap_or(domain);
            (1..=MAX_DOMAIN_LENGTH).contains(&host.chars().count()) && !host.contains(['/', ' ', '@'])
        };
        check.ensure(domains.iter().all(host), field, "hosts such as example.org");
    }

    fn query_of(&self, text: &str, results: usize) -> Query {
        let (exclude_domains, mut domains): (Vec<String>, Vec<String>) =
            self.search_domain_filter.iter().cloned().partition(|domain| domain.starts_with('-'));
        if matches!(self.search_mode, Some(SearchMode::Sec)) && domains.is_empty() {
            domains.push("sec.gov".to_owned());
        }
        let kind = match self.search_mode {
            Some(SearchMode::Academic) => SearchKind::Academic,
            Some(SearchMode::Web | SearchMode::Sec) | None => SearchKind::Web,
        };
        let language = match (self.search_language_filter.as_slice(), &self.country) {
            ([only], Some(country)) => Some(format!("{}-{}", only.to_ascii_lowercase(), country.to_ascii_uppercase())),
            ([only], None) => Some(only.to_ascii_lowercase()),
            _ => None,
        };
        let recency = self.search_recency_filter.map(|recency| match recency {
            RecencyFilter::Hour | RecencyFilter::Day => Recency::Day,
            RecencyFilter::Week => Recency::Week,
            RecencyFilter::Month => Recency::Month,
            RecencyFilter::Year => Recency::Year,
        });
        Query {
            language,
            recency,
            limit: results.max(10),
            domains,
            exclude_domains: exclude_domains.iter().map(|domain| domain[1..].to_owned()).collect(),
            ..Query::new(text.trim()).kind(kind)
        }
    }
}

fn number(check: &mut Validator, field: &str, value: Option<u32>, default: u32, max: u32) -> usize {
    let value = value.unwrap_or(default);
    check.ensure((1..=max).contains(&value), field, format!("1 to {max}"));
    value as usize
}

fn is_two_letters(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic())
}
