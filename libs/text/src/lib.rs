//! Natural language without a model: words, sentences, tokens, ranking, citations and extractive answers.
//!
//! Pure functions over strings: no I/O, no clock, no randomness. Every function takes time linear in its input, hostile
//! input included. Ranges are byte ranges of the text they were made from unless a field says characters.

pub mod bm25;
mod calendar;
pub mod citations;
pub mod dates_asked;
pub mod diversify;
pub mod extractive;
mod facts;
pub mod followup;
pub mod fusion;
pub mod language;
mod markdown;
pub mod near_duplicates;
pub mod passages;
pub mod pasted;
pub mod ranking;
pub mod sentences;
mod stopwords;
pub mod support;
mod tables;
pub mod terms;
pub mod tokens;
