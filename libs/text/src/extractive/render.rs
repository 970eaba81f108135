//! Renders an extractive answer as Markdown.

use std::ops::Range;

use super::phrases::{self, Phrases};
use super::{ExtractKind, ExtractiveAnswer, QuotedSentence};

/// A piece of a rendered answer. Joined, the texts of all pieces are the Markdown of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerPart {
    /// With the space or line break before it, and a quotation with its marker ` [n]` after it. Brackets that a source
    /// contains stand in it as they are, so markers must not be looked for in it.
    pub text: String,
    /// What is quoted in it; `None` for a line of our own.
    pub quotation: Option<Quotation>,
}

/// A quotation in an [`AnswerPart`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotation {
    /// Index of its sentence in the answer.
    pub sentence: usize,
    /// Byte range of the quoted words in the text of the part, without marker and added full stop.
    pub range: Range<usize>,
}

/// The answer in parts ready to be streamed. Lines in the user's language say before the sentences if they are only the
/// closest ones, and after them which ones disagree or what the sources do not mention.
#[must_use]
pub fn parts(answer: &ExtractiveAnswer) -> Vec<AnswerPart> {
    let mut parts: Vec<AnswerPart> = Vec::new();
    let line = |gap: &str, text: &str| AnswerPart { text: format!("{gap}{text}"), quotation: None };
    let phrases = Phrases::of(answer.language);
    if answer.kind == ExtractKind::ClosestPassages {
        parts.push(line("", phrases.closest));
    }
    let mut last: Option<&QuotedSentence> = None;
    for (index, sentence) in answer.sentences.iter().enumerate() {
        let side = answer.sides.iter().find(|(first, _)| *first == index);
        if let Some((_, name)) = side {
            parts.push(line(if parts.is_empty() { "" } else { "\n\n" }, &format!("**{name}**")));
        }
        let gap = match last {
            _ if side.is_some() => "\n\n",
            None if parts.is_empty() => "",
            Some(last) if last.passage == sentence.passage && !is_block(last) && !is_block(sentence) => " ",
            _ => "\n\n",
        };
        parts.push(quotation(index, sentence, gap));
        last = Some(sentence);
    }
    for note in notes(answer, phrases) {
        parts.push(line(if parts.is_empty() { "" } else { "\n\n" }, &note));
    }
    parts
}

/// The texts of [`parts`].
#[must_use]
pub fn compose(answer: &ExtractiveAnswer) -> Vec<String> {
    parts(answer).into_iter().map(|part| part.text).collect()
}

fn quotation(index: usize, sentence: &QuotedSentence, gap: &str) -> AnswerPart {
    let range = gap.len()..gap.len() + sentence.text.len();
    let marker_gap = if is_block(sentence) { "\n" } else { " " };
    let text = format!("{gap}{}{marker_gap}[{}]", with_full_stop(&sentence.text), sentence.source);
    AnswerPart { text, quotation: Some(Quotation { sentence: index, range }) }
}

/// Whether it has lines of its own, such as a block of code.
fn is_block(sentence: &QuotedSentence) -> bool {
    sentence.text.contains('\n')
}

/// Ends a list item or table row with a full stop.
fn with_full_stop(text: &str) -> String {
    if text.ends_with(['.', '!', '?', '…', '。', '！', '"', '»', '”', ')', '`', '*', '_']) {
        return text.to_owned();
    }
    format!("{}.", text.trim_end_matches([',', ';', ':', ' ']))
}

fn notes(answer: &ExtractiveAnswer, phrases: &Phrases) -> Vec<String> {
    let mut notes = Vec::new();
    if !answer.disagreeing.is_empty() {
        notes.push(disagreement(answer, phrases));
    }
    if answer.kind == ExtractKind::Nothing {
        notes.push(phrases.nothing.to_owned());
    }
    if !answer.unanswered.is_empty() {
        notes.push(phrases::fill(phrases.unanswered, &phrases.quoted(&answer.unanswered)));
    }
    if !answer.missing.is_empty() && answer.kind != ExtractKind::Nothing {
        notes.push(phrases::fill(phrases.not_mentioned, &phrases.quoted(&answer.missing)));
    }
    notes
}

/// That sentences disagree, with their dates if each has one. It has no markers: the sentences have theirs.
fn disagreement(answer: &ExtractiveAnswer, phrases: &Phrases) -> String {
    let mut indices: Vec<usize> = answer.disagreeing.iter().flat_map(|(first, second)| [*first, *second]).collect();
    indices.sort_unstable();
    indices.dedup();
    let dates = indices.iter().map(|index| answer.sentences[*index].published_at);
    match dates.collect::<Option<Vec<_>>>() {
        Some(dates) => {
            let dates: Vec<String> = dates.iter().map(|date| date.format("%Y-%m-%d").to_string()).collect();
            phrases::fill(phrases.disagree_dated, &dates.join(" — "))
        }
        None => phrases.disagree.to_owned(),
    }
}
