//! The frame every service stands in: configuration, telemetry, listeners and shutdown, errors, identity,
//! databases, cache, limits, events, objects, calls to other services, and recurring work.
//!
//! A service cannot tell whether it runs alone or beside the others in one process: it is handed a [`Deps`]
//! and gives back a [`Service`], and the binary decides the rest.

pub mod auth;
pub mod bus;
pub mod cache;
pub mod client;
pub mod config;
pub mod cursor;
pub mod db;
pub mod http;
pub mod limits;
pub mod live;
pub mod objects;
pub mod problem;
pub mod redis;
pub mod server;
pub mod service;
pub mod tasks;
pub mod telemetry;
pub mod time;

pub use problem::Problem;
pub use service::{Deps, Service};
