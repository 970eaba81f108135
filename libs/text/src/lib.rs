//! Natural language without a model: words, sentences, tokens, ranking, citations and the extractive writer.
//!
//! Pure functions over strings: no I/O, no clock, no randomness. Every function takes time linear in its input, whatever the
//! input is. Ranges are byte ranges of the text they were made from unless a field says characters.

pub mod bm25;
pub mod citations;
pub mod extractive;
mod facts;
pub mod followup;
pub mod fusion;
pub mod language;
mod markdown;
pub mod passages;
pub mod ranking;
pub mod sentences;
pub mod similar;
pub mod spread;
mod stopwords;
pub mod support;
mod tables;
pub mod terms;
pub mod tokens;
