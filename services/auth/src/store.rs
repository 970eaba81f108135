//! SQL of accounts, a module for each group of tables. What belongs to no organisation is read and written in sessions of the
//! system.

pub(crate) mod api_keys;
pub(crate) mod attempts;
pub(crate) mod device_codes;
pub(crate) mod domains;
pub(crate) mod identities;
pub(crate) mod keys;
pub(crate) mod organisations;
pub(crate) mod revocations;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod users;
