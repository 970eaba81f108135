//! What tests stand on: fake upstreams that are strict about what they accept, real servers on free ports,
//! services built on fresh databases, and a harness that starts `gooseek`.

mod model;
mod ollama;
mod openai;
mod postgres;
mod server;
pub mod service;

pub use model::{Behaviour, Kind, Recorded, Script, Step};
pub use ollama::FakeOllama;
pub use openai::FakeOpenAi;
pub use postgres::Postgres;
pub use server::FakeServer;
