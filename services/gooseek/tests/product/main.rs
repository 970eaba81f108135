//! The product as its users meet it: the real binary in a process of its own, asked over HTTP and from the command line,
//! with fakes of everything it reaches on loopback. What stands for itself runs on SQLite; what depends on the database
//! runs on Postgres too.

#![expect(clippy::unwrap_used, reason = "tests")]

mod alone;
mod api;
mod cancel;
mod cut;
mod guards;
mod keys;
mod kill;
mod library;
mod login;
mod mail;
mod matrix;
mod model;
mod newcomer;
mod openapi;
mod outage;
mod readers;
mod replicas;
mod roles;
mod settings;
mod stop;
mod support;
mod tenants;
mod terminal;
mod web;
