//! Frontier of pages to open: which result to open next.

use std::collections::{HashMap, HashSet};

use crate::{
    engines::{FusedResult, canonical},
    pages::site,
};

/// The results that have not been opened yet. Results of sites with the fewest opened pages come first: one page each
/// from five sites says more than five pages of one site, and no site gets all requests at once.
#[derive(Debug)]
pub(super) struct Frontier {
    /// Address and its site; best first.
    candidates: Vec<(String, String)>,
    /// Canonical keys of opened and excluded addresses.
    claimed: HashSet<String>,
    opened_by_site: HashMap<String, usize>,
}

impl Frontier {
    pub(super) fn new(exclude: &[String]) -> Self {
        let claimed = exclude.iter().filter_map(|url| canonical::key(url)).collect();
        Self { candidates: Vec::new(), claimed, opened_by_site: HashMap::new() }
    }

    /// Marks an address as opened; `false` if it already was.
    pub(super) fn claim(&mut self, url: &str) -> bool {
        let key = canonical::key(url).unwrap_or_else(|| url.to_owned());
        self.claimed.insert(key)
    }

    /// Replaces the candidates by `results`, best first.
    pub(super) fn update(&mut self, results: Vec<FusedResult>) {
        self.candidates = results
            .into_iter()
            .map(|result| {
                let site = site(&result.url);
                (result.url, site)
            })
            .collect();
    }

    /// Claims and returns the best candidate left.
    pub(super) fn next(&mut self) -> Option<String> {
        loop {
            let opened =
                |(_, (_, site)): &(usize, &(String, String))| self.opened_by_site.get(site).copied().unwrap_or(0);
            let (index, _) = self.candidates.iter().enumerate().min_by_key(opened)?;
            let (url, site) = self.candidates.remove(index);
            if self.claim(&url) {
                *self.opened_by_site.entry(site).or_insert(0) += 1;
                return Some(url);
            }
        }
    }
}
