//! What tests stand on: fake upstreams that are strict about what they accept, real servers on free ports,
//! and a harness that starts `gooseek`.

mod hostile;
mod server;

pub use hostile::HostileServer;
mod model;
mod ollama;
mod openai;
mod server;

pub use model::{Behaviour, Kind, Recorded, Script, Step};
pub use ollama::FakeOllama;
pub use openai::FakeOpenAi;
pub use server::FakeServer;
