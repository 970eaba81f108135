//! Compares two things by answering for each of them.

use super::candidates;
use super::corpus::Corpus;
use super::question::Question;
use super::{AnswerOptions, ExtractiveAnswer, build_answer, select, unknown_words};
use crate::language::Language;

/// The best sentences for each side; `None` if neither side has any.
pub(super) fn answer(
    sides: [&str; 2],
    corpus: &Corpus<'_>,
    options: AnswerOptions<'_>,
    language: Language,
) -> Option<ExtractiveAnswer> {
    let max_per_side = options.max_sentences.div_ceil(sides.len());
    let mut combined: Option<ExtractiveAnswer> = None;
    let mut missing = Vec::new();
    for name in sides {
        let question = Question::parse(name, options.context, Some(language));
        let candidates = candidates::score_all(&question, corpus);
        let mut selection = select::select(&question, &candidates, max_per_side);
        missing.extend(unknown_words(&question.words, corpus).map(|(_, word)| word.surface.clone()));
        if !selection.is_direct {
            selection.indices.clear();
        }
        let mut side = build_answer(&question, corpus, &candidates, &selection);
        let first = combined.as_ref().map_or(0, |combined| combined.sentences.len());
        if let Some(combined) = &combined {
            side.sentences.retain(|sentence| {
                let is_same = |known: &super::QuotedSentence| {
                    (known.passage, &known.range) == (sentence.passage, &sentence.range)
                };
                !combined.sentences.iter().any(is_same)
            });
        }
        // If the same sentences speak of both sides, they are listed under the first one.
        if side.sentences.is_empty() {
            continue;
        }
        let combined = combined.get_or_insert_with(|| ExtractiveAnswer {
            sentences: Vec::new(),
            covered: Vec::new(),
            ..side.clone()
        });
        combined.disagreeing.clear();
        combined.sides.push((first, name.to_owned()));
        combined.sentences.extend(side.sentences);
        combined.covered.extend(side.covered);
    }
    let mut combined = combined?;
    missing.dedup();
    combined.missing = if combined.sides.len() < sides.len() { missing } else { Vec::new() };
    Some(combined)
}
