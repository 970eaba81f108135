//! What tests stand on: fake upstreams that are strict about what they accept, real servers on free ports,
//! and a harness that starts `gooseek`.

mod postgres;
mod server;

pub use postgres::Postgres;
pub use server::FakeServer;
