//! Mails through a real mail server, and the inbox through HTTP, on both databases.
#![expect(clippy::unwrap_used, reason = "tests")]

mod inbox;
mod mails;
mod support;
