//! Two things side by side.

use super::candidates;
use super::question::Question;
use super::reading::Reading;
use super::{Extract, Options, extract, select, unsaid};
use crate::language::Language;

/// The best sentences for each side; `None` if no side has any.
pub(super) fn answer(
    sides: [&str; 2],
    reading: &Reading<'_>,
    options: Options<'_>,
    language: Language,
) -> Option<Extract> {
    let room = options.max_sentences.div_ceil(sides.len());
    let mut whole: Option<Extract> = None;
    let mut missing = Vec::new();
    for name in sides {
        let question = Question::read(name, options.context, Some(language));
        let candidates = candidates::gather(&question, reading);
        let mut choice = select::choose(&question, &candidates, room);
        missing.extend(unsaid(&question.words, reading).map(|(_, word)| word.surface.clone()));
        if !choice.direct {
            choice.places.clear();
        }
        let mut side = extract(&question, reading, &candidates, &choice);
        let first = whole.as_ref().map_or(0, |whole| whole.sentences.len());
        if let Some(whole) = &whole {
            side.sentences.retain(|picked| {
                whole.sentences.iter().all(|known| (known.passage, &known.range) != (picked.passage, &picked.range))
            });
        }
        // Both sides are one where the same sentence speaks of them.
        if side.sentences.is_empty() {
            continue;
        }
        let whole = whole.get_or_insert_with(|| Extract { sentences: Vec::new(), covered: Vec::new(), ..side.clone() });
        whole.disagreeing.clear();
        whole.sides.push((first, name.to_owned()));
        whole.sentences.extend(side.sentences);
        whole.covered.extend(side.covered);
    }
    let mut whole = whole?;
    missing.dedup();
    whole.missing = missing;
    Some(whole)
}
