//! Accounts through HTTP and gRPC, on both databases.
#![expect(clippy::unwrap_used, reason = "tests")]

mod devices;
mod domains;
mod identity_provider;
mod keys;
mod members;
mod name_server;
mod pages;
mod password;
mod second_factor;
mod sessions;
mod sign_up;
mod sso;
mod strangers;
mod support;
mod tenancy;
mod throttle;
