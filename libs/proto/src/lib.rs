//! The contracts between services: code generated from the files under `proto/` (`gooseek.search.v1` is [`search::v1`]), the
//! subjects of events, and conversions of ids and times.

pub mod convert;
mod event;

pub use event::Event;

/// The file descriptors of every contract, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

include!(concat!(env!("OUT_DIR"), "/packages.rs"));
