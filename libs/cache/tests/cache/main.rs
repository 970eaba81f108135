//! What may be lost: the cache, limits and live logs, each against every backend it has.

mod limits;
mod live;
mod values;
