//! search-svc: the web. Search engines behind one interface, asked side by side.

pub mod engines;
