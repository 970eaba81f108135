//! Which page to open next.

use std::collections::{HashMap, HashSet};

use crate::{
    engines::{Fused, canonical},
    pages::site,
};

/// The results not opened yet. Sites that have given little come first: five pages of one site say less than one page
/// of five, and no site is asked for everything at once.
#[derive(Debug)]
pub(super) struct Leads {
    /// Address, and the site it is on; best first.
    list: Vec<(String, String)>,
    taken: HashSet<String>,
    by_site: HashMap<String, usize>,
}

impl Leads {
    pub(super) fn new(exclude: &[String]) -> Self {
        let taken = exclude.iter().filter_map(|url| canonical::key(url)).collect();
        Self { list: Vec::new(), taken, by_site: HashMap::new() }
    }

    /// Marks an address as opened; `false` when it was before.
    pub(super) fn claim(&mut self, url: &str) -> bool {
        let key = canonical::key(url).unwrap_or_else(|| url.to_owned());
        self.taken.insert(key)
    }

    pub(super) fn renew(&mut self, results: Vec<Fused>) {
        self.list =
            results.into_iter().map(|result| (site(&result.url), result.url)).map(|(site, url)| (url, site)).collect();
    }

    /// The best one left.
    pub(super) fn next(&mut self) -> Option<String> {
        loop {
            let crowd = |(_, (_, site)): &(usize, &(String, String))| self.by_site.get(site).copied().unwrap_or(0);
            let (place, _) = self.list.iter().enumerate().min_by_key(crowd)?;
            let (url, site) = self.list.remove(place);
            if self.claim(&url) {
                *self.by_site.entry(site).or_insert(0) += 1;
                return Some(url);
            }
        }
    }
}
