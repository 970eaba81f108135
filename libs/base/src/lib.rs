//! What every crate of the workspace stands on: clock and ids, configuration, problem documents, scopes of data, logs and
//! traces, background work.

pub mod config;
pub mod problem;
mod scope;
pub mod tasks;
pub mod telemetry;
pub mod time;

pub use problem::Problem;
pub use scope::{Scope, SystemScope};
