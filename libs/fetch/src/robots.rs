//! robots.txt (RFC 9309): which paths of a site our user agent may read.

use std::time::{Duration, Instant};

use moka::{Expiry, future::Cache};

/// Bytes of a robots.txt that are read; the RFC requires at least 500 KiB.
pub(crate) const ROBOTS_SIZE_LIMIT: usize = 512 << 10;

/// Memory of all cached rules (bytes).
const CACHE_SIZE_LIMIT: u64 = 8 << 20;

/// A site's robots.txt, reduced to the rules for our user agent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RobotsTxt {
    /// No file (any 4xx).
    AllowAll,
    /// The server failed (5xx).
    DisallowAll,
    Rules(Vec<Rule>),
}

/// An `Allow` or `Disallow` line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    allow: bool,
    /// Normalised path with `*` for anything, without the final `$`.
    pattern: String,
    /// Whether a final `$` anchors the pattern to the end of the path.
    anchored: bool,
}

impl RobotsTxt {
    /// The rules of `file` for the product token `name`: those of its own groups, else those of `*`.
    pub(crate) fn parse(file: &[u8], name: &str) -> Self {
        let file = String::from_utf8_lossy(file);
        let mut ours: Option<Vec<Rule>> = None;
        let mut wildcard = Vec::new();
        let mut group = Group::default();
        for line in file.trim_start_matches('\u{feff}').split(['\r', '\n']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "user-agent" => {
                    group.begin_line();
                    group.wildcard |= value == "*";
                    if product_token(value).eq_ignore_ascii_case(name) {
                        group.ours = true;
                        ours.get_or_insert_default();
                    }
                }
                key @ ("allow" | "disallow") => {
                    group.has_rules = true;
                    let Some(rule) = Rule::parse(key == "allow", value) else { continue };
                    match &mut ours {
                        Some(rules) if group.ours => rules.push(rule),
                        _ if group.wildcard => wildcard.push(rule),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        Self::Rules(ours.unwrap_or(wildcard))
    }

    /// Whether `path` (with its query) may be read. The longest rule that matches decides, and `Allow` among equals.
    pub(crate) fn allows(&self, path: &str) -> bool {
        let rules = match self {
            Self::AllowAll => return true,
            Self::DisallowAll => return false,
            Self::Rules(rules) => rules,
        };
        let path = normalise(path).replace('*', "%2A").replace('$', "%24");
        let matching = rules.iter().filter(|rule| rule.matches(&path));
        matching.max_by_key(|rule| (rule.pattern.len(), rule.allow)).is_none_or(|rule| rule.allow)
    }

    fn size(&self) -> u32 {
        let rules = match self {
            Self::AllowAll | Self::DisallowAll => 0,
            Self::Rules(rules) => rules.iter().map(|rule| size_of::<Rule>() + rule.pattern.len()).sum(),
        };
        u32::try_from(rules + 128).unwrap_or(u32::MAX)
    }
}

/// The group being parsed: several `User-agent` lines in a row share the rules that follow.
#[derive(Default)]
struct Group {
    ours: bool,
    wildcard: bool,
    has_rules: bool,
}

impl Group {
    fn begin_line(&mut self) {
        if self.has_rules {
            *self = Self::default();
        }
    }
}

impl Rule {
    /// `None` for an empty value, which disallows nothing.
    fn parse(allow: bool, value: &str) -> Option<Self> {
        let (pattern, anchored) = value.strip_suffix('$').map_or((value, false), |pattern| (pattern, true));
        if pattern.is_empty() {
            return None;
        }
        Some(Self { allow, pattern: normalise(pattern).replace('$', "%24"), anchored })
    }

    fn matches(&self, path: &str) -> bool {
        let mut pieces = self.pattern.split('*').peekable();
        let Some(mut rest) = path.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
        while let Some(piece) = pieces.next() {
            if self.anchored && pieces.peek().is_none() {
                return rest.ends_with(piece);
            }
            let Some(found) = rest.find(piece) else { return false };
            rest = &rest[found + piece.len()..];
        }
        !self.anchored || rest.is_empty()
    }
}

/// The product token at the start of a `User-agent` value or header.
pub(crate) fn product_token(user_agent: &str) -> &str {
    let end = user_agent.find(|c: char| !(c.is_ascii_alphabetic() || matches!(c, '-' | '_')));
    &user_agent[..end.unwrap_or(user_agent.len())]
}

/// Normal form of a path: unreserved characters plain, everything outside ASCII percent-encoded.
fn normalise(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (byte, escaped) = match bytes.get(at..at + 3).and_then(unescape) {
            Some(byte) => (byte, true),
            None => (bytes[at], false),
        };
        at += if escaped { 3 } else { 1 };
        let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let plain = if escaped { unreserved } else { byte.is_ascii_graphic() };
        if plain {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn unescape(triple: &[u8]) -> Option<u8> {
    let [b'%', high, low] = triple else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// Rules by origin, bounded in memory.
pub(crate) type RobotsCache = Cache<String, std::sync::Arc<RobotsTxt>>;

pub(crate) fn cache() -> RobotsCache {
    Cache::builder()
        .max_capacity(CACHE_SIZE_LIMIT)
        .weigher(|origin: &String, robots: &std::sync::Arc<RobotsTxt>| {
            robots.size().saturating_add(u32::try_from(origin.len()).unwrap_or(u32::MAX))
        })
        .expire_after(RobotsExpiry)
        .build()
}

/// A file is cached for 24 hours, the most the RFC allows; after a server error it is requested again soon.
struct RobotsExpiry;

impl Expiry<String, std::sync::Arc<RobotsTxt>> for RobotsExpiry {
    fn expire_after_create(&self, _: &String, robots: &std::sync::Arc<RobotsTxt>, _: Instant) -> Option<Duration> {
        let minutes = if **robots == RobotsTxt::DisallowAll { 10 } else { 24 * 60 };
        Some(Duration::from_secs(minutes * 60))
    }
}
