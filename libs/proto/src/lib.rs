//! The contracts between services: code generated from the files under `proto/`, the subjects of events, and conversions
//! of ids and times.

pub mod convert;
mod event;

pub use event::Event;

/// The file descriptors of every contract, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

pub mod search {
    pub mod v1 {
        tonic::include_proto!("gooseek.search.v1");
    }
}

pub mod upload {
    pub mod v1 {
        tonic::include_proto!("gooseek.upload.v1");
    }
}

pub mod projects {
    pub mod v1 {
        tonic::include_proto!("gooseek.projects.v1");
    }
}

pub mod events {
    pub mod v1 {
        tonic::include_proto!("gooseek.events.v1");
    }
}
