//! What tests stand on: fake upstreams that are strict about what they accept, real servers on free ports,
//! services built on fresh databases, and a harness that starts `gooseek`.

mod certificate;
mod collector;
mod eventually;
mod faults;
pub mod gooseek;
mod hostile;
mod hostile_queries;
mod installed;
mod model;
mod nats;
mod network;
mod ollama;
mod openai;
mod postgres;
mod redis;
mod s3;
mod scope;
mod searxng;
mod server;
pub mod service;
mod smtp;
mod web;
mod web_engines;

pub use certificate::TestCertificate;
pub use collector::FakeCollector;
pub use eventually::eventually;
pub use faults::Fault;
pub use gooseek::Gooseek;
pub use hostile::HostileServer;
pub use hostile_queries::{hostile_queries, long_queries};
pub use installed::{embedding_model, free_port, python_module};
pub use model::{Behaviour, Kind, Recorded, Script, Step};
pub use nats::Nats;
pub use network::Network;
pub use ollama::FakeOllama;
pub use openai::FakeOpenAi;
pub use postgres::{KillablePostgres, Postgres};
pub use redis::Redis;
pub use s3::S3;
pub use scope::{system, tenant};
pub use searxng::{FakeSearxng, SearxngFault};
pub use server::FakeServer;
pub use smtp::{ReceivedMail, Smtp, SmtpFault};
pub use web::FakeWeb;
pub use web_engines::{EngineCall, FakeEngine, FakeEngines};
