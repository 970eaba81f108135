//! Answers without a model: selects and quotes sentences of the sources.
//!
//! It selects the sentences, table rows and lists that cover most of the question and have the type of answer it
//! expects. If none covers enough, the closest ones are shown as such. Words of the question that no source mentions
//! are listed. A comparison is answered side by side; a summary quotes the leading sentences of a document's sections.
//! Sentences are never shortened or rewritten, so each can be found in its passage; a row is rendered on one line with
//! its column names, a list with its lead-in.

mod answer_type;
mod candidates;
mod compare;
mod corpus;
mod entry;
mod fit;
mod intent;
mod query_words;
mod question;
mod quotable;
mod records;
mod related;
mod render;
mod score;
mod select;
mod summary;
mod synonyms;
mod units;
mod unsegmented;
mod value_kind;
mod vocabulary;

use std::ops::Range;

use chrono::{DateTime, Utc};

use self::candidates::Candidate;
use self::corpus::Corpus;
pub use self::intent::{QueryIntent, query_intent};
use self::query_words::QueryWord;
use self::question::Question;
pub use self::related::related;
pub use self::render::compose;
use self::select::Selection;
use crate::language::Language;

/// A passage the answer may quote.
#[derive(Clone, Debug)]
pub struct SourcePassage {
    /// The number printed in the answer.
    pub source: u32,
    pub text: String,
    /// Title of the page or name of the file.
    pub title: Option<String>,
    /// Headings above it, joined by ` › `.
    pub heading: Option<String>,
    /// Offset in its source in characters; a summary is sorted by it.
    pub start: u64,
    pub published_at: Option<DateTime<Utc>>,
    /// Retrieval score; only compared with those of the other passages.
    pub score: f32,
}

/// Options of [`answer`].
#[derive(Clone, Copy, Debug)]
pub struct AnswerOptions<'a> {
    pub max_sentences: usize,
    /// Words of earlier questions that this one depends on
    /// ([`followup::earlier_words`](crate::followup::earlier_words)), or empty.
    pub context: &'a str,
    /// The user's language; `None` to detect it from the question.
    pub language: Option<Language>,
}

impl Default for AnswerOptions<'_> {
    fn default() -> Self {
        Self { max_sentences: 5, context: "", language: None }
    }
}

/// A quoted sentence of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotedSentence {
    /// Index of its passage among those given.
    pub passage: usize,
    pub source: u32,
    /// Byte range in the passage.
    pub range: Range<usize>,
    /// The sentence without Markdown.
    pub text: String,
    pub published_at: Option<DateTime<Utc>>,
}

/// An answer made of quoted sentences.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtractiveAnswer {
    /// Sorted by passage, that with the best sentence first, then from top to bottom. Empty if no sentence is even
    /// close.
    pub sentences: Vec<QuotedSentence>,
    /// Whether the sentences answer the question or are only the closest ones.
    pub is_direct: bool,
    /// For a comparison: the index of the first sentence of each side, and its name.
    pub sides: Vec<(usize, String)>,
    /// Words of the question that the sentences cover, as written.
    pub covered: Vec<String>,
    /// Content words of the question that no source mentions; all of them if `sentences` is empty.
    pub missing: Vec<String>,
    /// Pairs of `sentences` (indices) from different sources that state different numbers or dates about the same
    /// thing.
    pub disagreeing: Vec<(usize, usize)>,
    pub language: Language,
}

/// Answers `question` with sentences of `passages`.
#[must_use]
pub fn answer(question: &str, passages: &[SourcePassage], options: AnswerOptions<'_>) -> ExtractiveAnswer {
    let parsed = Question::parse(question, options.context, options.language);
    let corpus = Corpus::new(passages);
    let special = match intent::query_intent(question) {
        QueryIntent::Compare(left, right) => compare::answer([&left, &right], &corpus, options, parsed.language),
        QueryIntent::Summarize => summary::answer(&parsed, &corpus, options.max_sentences),
        QueryIntent::Answer => None,
    };
    special.unwrap_or_else(|| answer_question(&parsed, &corpus, options.max_sentences))
}

/// The content words of a question as written, each once.
pub(crate) fn content_words(question: &str) -> Vec<String> {
    let content = query_words::query_words(question).into_iter().filter(|word| !word.is_generic);
    content.map(|word| word.surface).collect()
}

/// The terms by which passages for a question are found and ranked. For a summary these are the content words alone, so
/// the result may be empty.
#[must_use]
pub fn search_terms(question: &str) -> Vec<String> {
    let is_summary = intent::query_intent(question) == QueryIntent::Summarize;
    let mut search_terms: Vec<String> = Vec::new();
    for word in query_words::query_words(question).into_iter().filter(|word| !(is_summary && word.is_generic)) {
        for term in word.terms {
            if !search_terms.contains(&term) {
                search_terms.push(term);
            }
        }
    }
    search_terms
}

fn answer_question(question: &Question, corpus: &Corpus<'_>, max_sentences: usize) -> ExtractiveAnswer {
    let candidates = candidates::score_all(question, corpus);
    let selection = select::select(question, &candidates, max_sentences);
    build_answer(question, corpus, &candidates, &selection)
}

fn build_answer(
    question: &Question,
    corpus: &Corpus<'_>,
    candidates: &[Candidate<'_>],
    selection: &Selection,
) -> ExtractiveAnswer {
    let is_covered = |word: usize| selection.indices.iter().any(|index| candidates[*index].hits[word] >= COVERED);
    let covered = question.words.iter().enumerate().filter(|(number, _)| is_covered(*number));
    let surface = |(_, word): (usize, &QueryWord)| word.surface.clone();
    let missing = if selection.indices.is_empty() {
        content(&question.words).map(surface).collect()
    } else {
        // A word such as `price` is covered by a value of its kind, though no source uses it.
        unknown_words(&question.words, corpus).filter(|(number, _)| !is_covered(*number)).map(surface).collect()
    };
    ExtractiveAnswer {
        missing,
        covered: covered.map(|(_, word)| word.surface.clone()).collect(),
        is_direct: selection.is_direct,
        sides: Vec::new(),
        disagreeing: if selection.is_direct {
            select::contradictions(candidates, &selection.indices)
        } else {
            Vec::new()
        },
        sentences: selection.indices.iter().map(|index| quoted(&candidates[*index], corpus)).collect(),
        language: question.language,
    }
}

/// A word is covered if the sentence, its heading or its title has it.
const COVERED: f32 = 0.5;

/// The content words of a question, with their positions.
fn content(words: &[QueryWord]) -> impl Iterator<Item = (usize, &QueryWord)> {
    words.iter().enumerate().filter(|(_, word)| !word.is_generic)
}

/// The content words that no source uses, with their positions.
fn unknown_words<'q>(words: &'q [QueryWord], corpus: &Corpus<'_>) -> impl Iterator<Item = (usize, &'q QueryWord)> {
    let is_unknown =
        |word: &QueryWord| corpus.vocabulary.similarities(word).iter().all(|similarity| *similarity <= 0.0);
    content(words).filter(move |(_, word)| !word.is_infinitive() && is_unknown(word))
}

fn quoted(candidate: &Candidate<'_>, corpus: &Corpus<'_>) -> QuotedSentence {
    let statement = candidate.statement;
    let passage = &corpus.passages[statement.passage];
    QuotedSentence {
        passage: statement.passage,
        source: passage.source,
        range: statement.range.clone(),
        text: statement.text.clone(),
        published_at: passage.published_at,
    }
}
