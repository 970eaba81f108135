//! SQL. Every session is the system's: statements about an inbox name its user.

pub(crate) mod inbox;
pub(crate) mod mails;
