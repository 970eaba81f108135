//! Code generated from the contracts under `proto/`, and nothing else: `gooseek.search.v1` is [`search::v1`].

/// The file descriptors of every contract, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

include!(concat!(env!("OUT_DIR"), "/packages.rs"));
