//! Work on the repository itself: `cargo xtask generate` and `cargo xtask new-service NAME`.

pub mod generate;
pub mod new_service;
mod render;
