//! Code generated from the contracts under `proto/`, and nothing else.

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
