//! The bus: a fact is told exactly when its change is committed, and takes effect once, whatever dies in between.
#![expect(clippy::unwrap_used, reason = "tests")]

mod away;
mod batches;
mod broker;
mod contract;
mod mute;
mod network;
mod operator;
mod relay;
mod stopping;
mod support;
mod throughput;
mod unreadable;
