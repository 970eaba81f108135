//! Every HTTP request GooSeek makes starts here, because the two kinds of address need opposite rules:
//! [`operator`] for addresses an operator configured (fixed origin, private networks allowed) and the
//! hardened [`Fetcher`] for addresses a person, a page or a model supplied.
//!
//! The fetcher parses an address once, resolves its host, refuses if any answer is not a public address,
//! and connects to one of the very addresses it checked. Each redirect starts over. Time, bytes,
//! decompression and content type are bounded.

pub mod address;
mod body;
mod cidr;
mod content;
mod decode;
mod error;
mod fetcher;
pub mod operator;
mod policy;
mod resolve;
mod robots;
mod slots;
mod target;

pub use cidr::{Cidr, CidrError};
pub use content::Kind;
pub use error::{FetchError, Phase};
pub use fetcher::{BuildError, Fetched, Fetcher, Get};
pub use policy::{Concurrency, Limits, Policy};
pub use resolve::{Resolve, SystemResolver};
