//! Every HTTP request GooSeek makes starts here, because the two kinds of address need opposite rules:
//! [`operator`] for addresses an operator configured (fixed origin, private networks allowed) and the
//! hardened fetcher for addresses a person, a page or a model supplied.

pub mod operator;
