//! What tests stand on: fake upstreams that are strict about what they accept, real servers on free ports,
//! and a harness that starts `gooseek`.

mod faults;
mod hostile;
mod searxng;
mod server;
mod web;
mod web_engines;

pub use faults::Fault;
pub use hostile::HostileServer;
pub use searxng::{FakeSearxng, SearxngFault};
pub use server::FakeServer;
pub use web::FakeWeb;
pub use web_engines::{EngineCall, FakeEngine, FakeEngines};
