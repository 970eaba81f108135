//! What tests stand on: fake upstreams that are strict about what they accept, real servers on free ports,
//! and a harness that starts `gooseek`.

mod hostile;
mod server;

pub use hostile::HostileServer;
pub use server::FakeServer;
