//! HTTP clients: [`operator`] for addresses from the configuration (fixed origin, private networks allowed) and the
//! hardened [`Fetcher`] for addresses supplied by a user, a page or a model.
//!
//! Every HTTP request GooSeek makes starts in this crate, because the two kinds of address need opposite rules. The
//! fetcher parses an address once, resolves its host, refuses it if any resolved address is not public, and connects
//! to one of the addresses it checked. Each redirect starts over. Time, size, decompression and content type are
//! bounded. [`sse`] and [`lines`] parse streamed responses.

pub mod address;
mod api;
mod body;
mod cidr;
mod content;
mod decode;
mod error;
mod fetcher;
mod host_limits;
pub mod lines;
pub mod operator;
mod policy;
mod resolve;
mod robots;
pub mod sse;
mod target;

pub use api::{ApiRequest, ApiResponse};
pub use cidr::{CidrError, parse_cidrs};
pub use content::ContentKind;
pub use error::{FetchError, Phase};
pub use fetcher::{BuildError, FetchRequest, FetchResponse, Fetcher};
pub use policy::{Concurrency, Limits, Policy};
pub use resolve::{Resolve, SystemResolver};
