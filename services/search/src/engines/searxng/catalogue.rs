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
    /// Whether an engine of that name can be asked for, enabled by default or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.engines.iter().any(|engine| engine.name == name)
    }

    /// How many engines run when a query names only the category.
    pub(super) fn enabled_in(&self, category: &str) -> usize {
        let within = |engine: &&CatalogueEngine| engine.categories.iter().any(|name| name == category);
        self.engines.iter().filter(within).filter(|engine| engine.enabled).count()
    }
}
