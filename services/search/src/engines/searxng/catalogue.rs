//! The engines an instance has, from its `/config`.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Catalogue {
    #[serde(default)]
    pub(super) version: String,
    engines: Vec<CatalogueEngine>,
}

#[derive(Debug, Deserialize)]
struct CatalogueEngine {
    name: String,
    #[serde(default)]
    categories: Vec<String>,
    #[serde(default)]
    enabled: bool,
}

impl Catalogue {
    /// Whether the instance has an engine of that name, enabled by default or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.engines.iter().any(|engine| engine.name == name)
    }

    /// Number of engines that run if a query names only the category.
    pub(super) fn enabled_in(&self, category: &str) -> usize {
        let within = |engine: &&CatalogueEngine| engine.categories.iter().any(|name| name == category);
        self.engines.iter().filter(within).filter(|engine| engine.enabled).count()
    }
}
