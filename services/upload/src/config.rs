//! The configuration of this service.

use base::config::{Reader, Variable};
use llm::EmbedderConfig;

pub(crate) const VARIABLES: &[Variable] = &[
    Variable::with_default("UPLOAD_MAX_BYTES", "104857600", "largest file that is taken, in bytes"),
    Variable::with_default("UPLOAD_WORKERS", "2", "files parsed at the same time"),
    Variable::with_default("UPLOAD_VECTOR_CACHE_BYTES", "268435456", "memory for vectors kept at hand (SQLite only)"),
];

/// The configuration, validated.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) max_bytes: u64,
    pub(crate) workers: usize,
    pub(crate) vector_cache_bytes: u64,
    pub(crate) embedder: Option<EmbedderConfig>,
}

impl Config {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let workers = reader.parse("UPLOAD_WORKERS", "a number");
        if !(1..=64).contains(&workers) {
            reader.fault("UPLOAD_WORKERS: 1 to 64");
        }
        Self {
            max_bytes: reader.parse("UPLOAD_MAX_BYTES", "a number of bytes"),
            workers,
            vector_cache_bytes: reader.parse("UPLOAD_VECTOR_CACHE_BYTES", "a number of bytes"),
            embedder: llm::settings::embedder(reader),
        }
    }
}
