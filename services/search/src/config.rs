//! Configuration of search-svc.

use std::time::Duration;

use base::config::{Reader, Secret, Variable};
use llm::EmbedderConfig;

use crate::engines::{KeylessConfig, SearchKind, SearxngConfig};

/// The keyless engines by the names `SEARCH_ENGINES` knows, with the variable of each one's address.
const KEYLESS: [(&str, &str); 8] = [
    ("wikipedia", "WIKIPEDIA_URL"),
    ("wikidata", "WIKIDATA_URL"),
    ("arxiv", "ARXIV_URL"),
    ("crossref", "CROSSREF_URL"),
    ("openalex", "OPENALEX_URL"),
    ("hacker_news", "HACKER_NEWS_URL"),
    ("stack_exchange", "STACK_EXCHANGE_URL"),
    ("github", "GITHUB_URL"),
];

pub(crate) const VARIABLES: &[Variable] = &[
    Variable::optional("SEARXNG_URL", "SearXNG, which is asked first; its settings must allow format json"),
    Variable::optional("SEARXNG_ENGINES_WEB", "engines of SearXNG for the web; unset: those it has enabled"),
    Variable::with_default(
        "SEARXNG_ENGINES_ACADEMIC",
        "arxiv,google scholar,pubmed,semantic scholar,crossref,openalex",
        "its engines for papers; those that it lacks are left out",
    ),
    Variable::with_default(
        "SEARXNG_ENGINES_DISCUSSIONS",
        "stackoverflow,hackernews,lemmy posts,lobste.rs",
        "its engines for discussions",
    ),
    Variable::optional("SEARXNG_ENGINES_NEWS", "its engines for news; unset: those it has enabled"),
    Variable::with_default("SEARXNG_ENGINES_CODE", "github,gitlab,codeberg,stackoverflow,mdn", "its engines for code"),
    Variable::with_default(
        "SEARCH_ENGINES",
        "all",
        "built-in engines: all, none, or a list of wikipedia, wikidata, arxiv, crossref, openalex, hacker_news, \
         stack_exchange, github",
    ),
    Variable::with_default("WIKIPEDIA_URL", "https://{lang}.wikipedia.org", "Wikipedia; {lang} is the edition"),
    Variable::with_default("WIKIDATA_URL", "https://www.wikidata.org", "Wikidata"),
    Variable::with_default("ARXIV_URL", "https://export.arxiv.org", "arXiv"),
    Variable::with_default("CROSSREF_URL", "https://api.crossref.org", "Crossref"),
    Variable::with_default("OPENALEX_URL", "https://api.openalex.org", "OpenAlex"),
    Variable::secret("OPENALEX_API_KEY", "raises OpenAlex's daily allowance"),
    Variable::with_default("HACKER_NEWS_URL", "https://hn.algolia.com", "search of Hacker News"),
    Variable::with_default("STACK_EXCHANGE_URL", "https://api.stackexchange.com", "Stack Exchange"),
    Variable::with_default("STACK_EXCHANGE_SITE", "stackoverflow", "site of the Stack Exchange network"),
    Variable::with_default("GITHUB_URL", "https://api.github.com", "GitHub"),
    Variable::secret("GITHUB_TOKEN", "raises GitHub's rate limit"),
    Variable::with_default("SEARCH_CACHE_TTL", "15m", "how long results of a query are fresh; 0s: never cached"),
    Variable::with_default("SEARCH_CACHE_STALE", "24h", "how long results may stand in when every engine fails"),
    Variable::with_default("PAGE_CACHE_TTL", "24h", "how long a page copy is used without asking its site again"),
    Variable::with_default("PAGE_CACHE_STALE", "7d", "how long a page copy may stand in when its site does not answer"),
    Variable::with_default("PAGE_CACHE_BYTES", "67108864", "memory for pages opened often"),
    Variable::with_default("PAGE_INDEX_LIMIT", "50000", "pages that stay searchable; those read longest ago go first"),
    Variable::with_default(
        "SEARCH_EMBED_WITHIN",
        "300ms",
        "longest wait for the vectors of a page, then words alone rank it; 0s: words alone always do",
    ),
    Variable::optional("FETCH_ALLOW_CIDRS", "private networks whose pages may be read, such as 10.1.0.0/16"),
    Variable::optional("FETCH_DENY_HOSTS", "host names that are never read"),
    Variable::with_default("FETCH_PORTS", "80,443", "ports of public addresses that may be asked"),
    Variable::with_default("FETCH_PER_HOST", "2", "pages read from one host at once"),
    Variable::with_default("FETCH_ROBOTS", "true", "whether robots.txt is obeyed: true or false"),
    Variable::optional(
        "FETCH_CONTACT",
        "page or address where sites and engines can reach the operator; Wikimedia and Crossref ask for one",
    ),
];

/// The service's configuration, validated.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) searxng: Option<SearxngConfig>,
    pub(crate) keyless: KeylessConfig,
    pub(crate) contact: String,
    pub(crate) queries: CacheTtl,
    pub(crate) pages: CacheTtl,
    pub(crate) page_bytes: u64,
    pub(crate) index_limit: i64,
    pub(crate) embedder: Option<EmbedderConfig>,
    /// Timeout for the vectors of a page.
    pub(crate) embed_timeout: Duration,
    pub(crate) fetch: fetch::Policy,
}

/// How long cached data is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheTtl {
    /// Without revalidation; zero disables the cache.
    pub(crate) fresh: Duration,
    /// As a fallback if revalidation fails.
    pub(crate) stale: Duration,
}

impl Config {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let contact = reader.text("FETCH_CONTACT").unwrap_or_default();
        let embed_timeout = reader.duration("SEARCH_EMBED_WITHIN");
        Self {
            searxng: searxng(reader),
            keyless: keyless(reader),
            queries: CacheTtl {
                fresh: reader.duration("SEARCH_CACHE_TTL"),
                stale: reader.duration("SEARCH_CACHE_STALE"),
            },
            pages: CacheTtl { fresh: reader.duration("PAGE_CACHE_TTL"), stale: reader.duration("PAGE_CACHE_STALE") },
            page_bytes: reader.parse("PAGE_CACHE_BYTES", "a number of bytes"),
            index_limit: reader.parse("PAGE_INDEX_LIMIT", "a number of pages"),
            embedder: llm::settings::embedder(reader).filter(|_| !embed_timeout.is_zero()),
            embed_timeout,
            fetch: policy(reader, &contact),
            contact,
        }
    }
}

fn searxng(reader: &mut Reader<'_>) -> Option<SearxngConfig> {
    let lists = [
        (SearchKind::Web, "SEARXNG_ENGINES_WEB"),
        (SearchKind::Academic, "SEARXNG_ENGINES_ACADEMIC"),
        (SearchKind::Discussions, "SEARXNG_ENGINES_DISCUSSIONS"),
        (SearchKind::News, "SEARXNG_ENGINES_NEWS"),
        (SearchKind::Code, "SEARXNG_ENGINES_CODE"),
    ];
    let engines = lists.map(|(kind, variable)| (kind, reader.list(variable))).into();
    Some(SearxngConfig { base: reader.address("SEARXNG_URL")?, engines })
}

fn keyless(reader: &mut Reader<'_>) -> KeylessConfig {
    let wanted = reader.list("SEARCH_ENGINES");
    for name in &wanted {
        if !matches!(name.as_str(), "all" | "none") && !KEYLESS.iter().any(|(known, _)| known == name) {
            reader.fault(format!("SEARCH_ENGINES: {name:?} is not an engine"));
        }
    }
    let all = wanted.is_empty() || wanted.iter().any(|name| name == "all");
    let mut address = |name: &str| {
        let (_, variable) = KEYLESS.iter().find(|(known, _)| *known == name)?;
        let address = reader.address(variable)?;
        (all || wanted.iter().any(|wanted| wanted == name)).then_some(address)
    };
    let mut address = |name: &str| address(name).unwrap_or_default();
    let (wikipedia, wikidata, arxiv) = (address("wikipedia"), address("wikidata"), address("arxiv"));
    let (crossref, openalex, hacker_news) = (address("crossref"), address("openalex"), address("hacker_news"));
    let (stack_exchange, github) = (address("stack_exchange"), address("github"));
    let key = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
    KeylessConfig {
        wikipedia,
        wikidata,
        arxiv,
        crossref,
        openalex,
        openalex_key: key(reader.secret("OPENALEX_API_KEY")),
        hacker_news,
        stack_exchange,
        stack_exchange_site: reader.text("STACK_EXCHANGE_SITE").unwrap_or_default(),
        github,
        github_token: key(reader.secret("GITHUB_TOKEN")),
    }
}

fn policy(reader: &mut Reader<'_>, contact: &str) -> fetch::Policy {
    let mut policy = fetch::Policy::default();
    match fetch::parse_cidrs(&reader.text("FETCH_ALLOW_CIDRS").unwrap_or_default()) {
        Ok(cidrs) => policy.allow_cidrs = cidrs,
        Err(error) => reader.fault(format!("FETCH_ALLOW_CIDRS: {error}")),
    }
    policy.deny_hosts = reader.list("FETCH_DENY_HOSTS");
    let ports: Result<Vec<u16>, _> = reader.list("FETCH_PORTS").iter().map(|port| port.parse()).collect();
    match ports {
        Ok(ports) => policy.ports = ports,
        Err(_) => reader.fault("FETCH_PORTS: not a list of ports such as 80,443"),
    }
    policy.concurrency.per_host = reader.parse::<usize>("FETCH_PER_HOST", "a number").max(1);
    policy.robots = reader.parse("FETCH_ROBOTS", "true or false");
    policy.user_agent = fetch::operator::user_agent(contact);
    policy
}
