//! What the guarded fetcher refuses, and what it bears.

mod addresses;
mod hostile_addresses;
mod hostile_servers;
mod robots;
