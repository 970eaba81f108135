//! Files through HTTP and gRPC, each test on SQLite and on Postgres.

#![expect(clippy::unwrap_used, reason = "tests")]

mod deletion;
mod faults;
mod hostile_queries;
mod lifecycle;
mod members;
mod recall;
mod retrieval;
mod s3;
mod support;
mod tenants;
mod uploading;
mod versions;
