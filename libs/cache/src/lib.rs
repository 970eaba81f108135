//! State that may be lost: cache, rate limits, and live copies of logs, in process or shared through Redis.

mod cache;
pub mod limits;
pub mod live;
pub mod redis;

pub use cache::{Cache, CacheKey};
