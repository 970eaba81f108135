//! Natural language without a model: words, sentences, tokens, ranking, citations and the extractive writer.
//!
//! Pure functions over strings: no I/O, no clock, no randomness. Every function takes time linear in its input, whatever the
//! input is. Ranges are byte ranges of the text they were made from unless a field says characters.

pub mod language;
pub mod sentences;
mod stopwords;
pub mod terms;
pub mod tokens;
