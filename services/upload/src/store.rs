//! SQL, and nothing else.

pub(crate) mod content;
pub(crate) mod files;
pub(crate) mod near;
pub(crate) mod search;
pub(crate) mod vectors;
