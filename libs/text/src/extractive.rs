//! Answers without a model: selects and quotes sentences of the sources.
//!
//! A sentence, table row, list or piece of code is the answer only if it states all that the question names and gives
//! the type of answer it asks for. If none does, the closest ones are shown as such, with the words of the question that
//! no passage mentions. Each half of a question is answered, a comparison side by side; a summary quotes the leading
//! sentences of a document's sections. Sentences are never shortened or rewritten, so each can be found in its passage;
//! a row is rendered on one line with its column names, a list with its lead-in.

mod acronyms;
mod answer_type;
mod aspect;
mod candidates;
mod compare;
mod corpus;
mod disagreement;
mod entry;
mod fit;
mod halves;
mod heading_context;
mod intent;
mod matching;
mod parts;
mod phrases;
mod query_words;
mod question;
mod quotable;
mod records;
mod related;
mod render;
mod score;
mod select;
mod subject;
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
pub use self::render::{AnswerPart, Quotation, compose, parts};
use self::select::Selection;
use crate::language::Language;
use crate::{pasted, terms};

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

/// What the support of a quotation is called where that of a written sentence is `supported`: it is the source's own
/// words.
pub const VERBATIM: &str = "verbatim";

/// What the quoted sentences are to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtractKind {
    /// They answer it.
    Answer,
    /// They are only the closest ones and are shown under a headline that says so.
    ClosestPassages,
    /// There are none.
    Nothing,
}

/// An answer made of quoted sentences.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtractiveAnswer {
    /// Sorted by passage, that with the best sentence first, then from top to bottom. Empty if no sentence is even
    /// close.
    pub sentences: Vec<QuotedSentence>,
    pub kind: ExtractKind,
    /// For a comparison: the index of the first sentence of each side, and its name.
    pub sides: Vec<(usize, String)>,
    /// Words of the question that the sentences cover, as written.
    pub covered: Vec<String>,
    /// Content words of the question that no passage mentions, or all of them if `sentences` is empty; none beside an
    /// answer.
    pub missing: Vec<String>,
    /// Halves of the question without an answer, if another half has one.
    pub unanswered: Vec<String>,
    /// Pairs of `sentences` (indices) from different sources that state different values, names or the opposite about
    /// the same thing. The newer one has the lower index.
    pub disagreeing: Vec<(usize, usize)>,
    pub language: Language,
}

/// Answers `question` with sentences of `passages`.
#[must_use]
pub fn answer(question: &str, passages: &[SourcePassage], options: AnswerOptions<'_>) -> ExtractiveAnswer {
    let question = pasted::question(question);
    let corpus = Corpus::new(passages);
    let parsed = Question::parse(question, options.context, options.language);
    let special = match intent::query_intent(question) {
        QueryIntent::Compare(left, right) => compare::answer([&left, &right], &corpus, options, parsed.language),
        QueryIntent::Summarize => summary::answer(&parsed, &corpus, options.max_sentences),
        QueryIntent::Answer => halves::answer(question, &parsed, &corpus, options),
    };
    special.unwrap_or_else(|| answer_question(&parsed, &corpus, options.max_sentences))
}

/// The content words of a question as written, each once.
pub(crate) fn content_words(question: &str) -> Vec<String> {
    let content = query_words::query_words(question).into_iter().filter(|word| !word.is_generic);
    content.map(|word| word.surface).collect()
}

/// The words by which sources for a question are searched again, as written: a search engine knows no index terms.
#[must_use]
pub fn search_words(question: &str) -> Vec<String> {
    let words = query_words::query_words(pasted::question(question));
    let has_content = words.iter().any(|word| !word.is_generic);
    words.into_iter().filter(|word| !(has_content && word.is_generic)).map(|word| word.surface).collect()
}

/// The terms of words that may stand for those of a question; a passage with them may answer it.
#[must_use]
pub fn related_terms(question: &str) -> Vec<String> {
    let mut related: Vec<String> = Vec::new();
    for word in query_words::query_words(pasted::question(question)).into_iter().filter(|word| !word.is_generic) {
        related.extend(word.synonyms);
    }
    related.sort_unstable();
    related.dedup();
    related
}

/// The terms by which passages for a question are found and ranked, at most
/// [`MAX_QUERY_TERMS`](crate::terms::MAX_QUERY_TERMS). For a summary these are the content words alone, so
/// the result may be empty.
#[must_use]
pub fn search_terms(question: &str) -> Vec<String> {
    let question = pasted::question(question);
    let is_summary = intent::query_intent(question) == QueryIntent::Summarize;
    let words = query_words::query_words(question).into_iter().filter(|word| !(is_summary && word.is_generic));
    terms::distinct(words.map(|word| word.terms))
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
    let kind = match (selection.indices.is_empty(), selection.is_direct) {
        (true, _) => ExtractKind::Nothing,
        (_, true) => ExtractKind::Answer,
        (_, false) => ExtractKind::ClosestPassages,
    };
    let missing = match kind {
        ExtractKind::Answer => Vec::new(),
        ExtractKind::Nothing => content(&question.words).map(surface).collect(),
        ExtractKind::ClosestPassages => {
            unknown_words(&question.words, corpus).filter(|(number, _)| !is_covered(*number)).map(surface).collect()
        }
    };
    let date = |index: usize| corpus.passages[candidates[index].statement.passage].published_at;
    let mut indices = selection.indices.clone();
    let mut disagreeing = Vec::new();
    if selection.is_direct {
        let pairs = disagreement::disagreements(corpus, candidates, &indices);
        indices = disagreement::newest_first(&pairs, &indices, date);
        disagreeing = disagreement::disagreements(corpus, candidates, &indices);
    }
    ExtractiveAnswer {
        missing,
        covered: covered.map(|(_, word)| word.surface.clone()).collect(),
        kind,
        sides: Vec::new(),
        unanswered: Vec::new(),
        disagreeing,
        sentences: indices.iter().map(|index| quoted(&candidates[*index], corpus)).collect(),
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
