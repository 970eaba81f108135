//! chat-svc through HTTP, and as a process.

mod forget;
mod limits;
mod mirror;
mod related;
mod runs;
mod start;
