//! Merges the result lists of several engines into one by reciprocal rank fusion.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use text::fusion::{K, reciprocal_rank};
use url::Url;

use super::{Hit, Query, canonical};

/// A page that one or more engines found.
#[derive(Debug, Clone, PartialEq)]
pub struct FusedResult {
    /// Without tracking parameters; the plain address when a variant was found too.
    pub url: String,
    /// Of the best-ranked hit.
    pub title: String,
    /// The longest one.
    pub snippet: String,
    /// The engines that found it, in order of arrival.
    pub engines: Vec<&'static str>,
    /// Sum of `1 / (60 + rank)` over all lists.
    pub score: f64,
    pub published_at: Option<DateTime<Utc>>,
}

/// Ranked lists merged so far. Each list is one engine's answer to one query; lists are added as they arrive.
#[derive(Debug, Clone, Default)]
pub struct ResultFusion {
    by_key: HashMap<String, usize>,
    entries: Vec<MergedPage>,
    lists: usize,
}

#[derive(Debug, Clone)]
struct MergedPage {
    fused: FusedResult,
    best_rank: usize,
    /// Lower is better: variants of the page last, plain http after https, then the rank.
    url_order: (bool, bool, usize),
    /// The last list that counted for this page.
    last_list: usize,
}

impl ResultFusion {
    /// Adds one list. A page that occurs twice in it counts once, at its better rank.
    pub fn add(&mut self, hits: &[Hit]) {
        self.lists += 1;
        let list = self.lists;
        for hit in hits {
            let (Some(key), Some(url)) = (canonical::key(&hit.url), canonical::clean(&hit.url)) else { continue };
            match self.by_key.get(&key) {
                Some(&index) => self.entries[index].merge(hit, url, list),
                None => {
                    self.by_key.insert(key, self.entries.len());
                    self.entries.push(MergedPage::new(hit, url, list));
                }
            }
        }
    }

    /// The pages that the query's domain filters allow, best first; equals in order of arrival.
    pub fn results(&self, query: &Query) -> Vec<FusedResult> {
        let allowed = |fused: &&FusedResult| {
            let url = Url::parse(&fused.url).ok();
            url.is_some_and(|url| url.host_str().is_some_and(|host| query.allows(host)))
        };
        let mut list: Vec<FusedResult> =
            self.entries.iter().map(|entry| &entry.fused).filter(allowed).cloned().collect();
        list.sort_by(|one, other| other.score.total_cmp(&one.score));
        list
    }
}

impl MergedPage {
    fn new(hit: &Hit, url: String, list: usize) -> Self {
        Self {
            best_rank: hit.rank,
            url_order: url_order(&url, hit.rank),
            last_list: list,
            fused: FusedResult {
                url,
                title: hit.title.clone(),
                snippet: hit.snippet.clone(),
                engines: vec![hit.engine],
                score: reciprocal_rank(hit.rank, K),
                published_at: hit.published_at,
            },
        }
    }

    fn merge(&mut self, hit: &Hit, url: String, list: usize) {
        let fused = &mut self.fused;
        if self.last_list != list {
            self.last_list = list;
            fused.score += reciprocal_rank(hit.rank, K);
        }
        if !fused.engines.contains(&hit.engine) {
            fused.engines.push(hit.engine);
        }
        let url_order = url_order(&url, hit.rank);
        if url_order < self.url_order {
            (self.url_order, fused.url) = (url_order, url);
        }
        if hit.rank < self.best_rank {
            (self.best_rank, fused.title) = (hit.rank, hit.title.clone());
        }
        if hit.snippet.chars().count() > fused.snippet.chars().count() {
            fused.snippet.clone_from(&hit.snippet);
        }
        fused.published_at = fused.published_at.or(hit.published_at);
    }
}

fn url_order(url: &str, rank: usize) -> (bool, bool, usize) {
    (!canonical::is_plain(url), !url.starts_with("https:"), rank)
}
