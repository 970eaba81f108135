//! Renders an extractive answer as Markdown.

use super::{ExtractiveAnswer, QuotedSentence};
use crate::language::Language;

/// The answer in chunks ready to be streamed; joined they are its Markdown. Each sentence is followed by its marker `
/// [n]`. Lines in the user's language (English or Russian) say before them if they are only the closest ones, and after
/// them which ones disagree and which words no source mentions.
#[must_use]
pub fn compose(answer: &ExtractiveAnswer) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    let mut last: Option<&QuotedSentence> = None;
    if !answer.is_direct && !answer.sentences.is_empty() {
        chunks.push(closest(answer.language).to_owned());
    }
    for (index, sentence) in answer.sentences.iter().enumerate() {
        let side = answer.sides.iter().find(|(first, _)| *first == index);
        if let Some((_, name)) = side {
            let gap = if chunks.is_empty() { "" } else { "\n\n" };
            chunks.push(format!("{gap}**{name}**"));
        }
        let gap = match last {
            _ if side.is_some() => "\n\n",
            None if chunks.is_empty() => "",
            Some(last) if last.passage == sentence.passage => " ",
            _ => "\n\n",
        };
        chunks.push(format!("{gap}{} [{}]", with_full_stop(&sentence.text), sentence.source));
        last = Some(sentence);
    }
    for note in notes(answer) {
        let gap = if chunks.is_empty() { "" } else { "\n\n" };
        chunks.push(format!("{gap}{note}"));
    }
    chunks
}

fn closest(language: Language) -> &'static str {
    if language == Language::RUSSIAN {
        "Прямого ответа в источниках нет; ближе всего к вопросу:"
    } else {
        "Nothing in the sources answers this directly; the closest passages are:"
    }
}

/// Ends a list item or table row with a full stop.
fn with_full_stop(text: &str) -> String {
    if text.ends_with(['.', '!', '?', '…', '。', '！', '"', '»', '”', ')']) {
        return text.to_owned();
    }
    format!("{}.", text.trim_end_matches([',', ';', ':', ' ']))
}

fn notes(answer: &ExtractiveAnswer) -> Vec<String> {
    let russian = answer.language == Language::RUSSIAN;
    let mut notes = Vec::new();
    for (first, second) in &answer.disagreeing {
        let sentences = format!("{} — {}", reference(&answer.sentences[*first]), reference(&answer.sentences[*second]));
        notes.push(if russian {
            format!("Источники расходятся: {sentences}.")
        } else {
            format!("The sources disagree here: {sentences}.")
        });
    }
    if answer.sentences.is_empty() {
        notes.push(
            if russian {
                "Источники не отвечают на этот вопрос."
            } else {
                "The sources do not answer this question."
            }
            .to_owned(),
        );
    }
    if !answer.missing.is_empty() && !answer.sentences.is_empty() {
        let (open, close) = if russian { ("«", "»") } else { ("“", "”") };
        let words: Vec<String> = answer.missing.iter().map(|word| format!("{open}{word}{close}")).collect();
        let words = words.join(", ");
        notes.push(if russian {
            format!("В источниках не упоминается: {words}.")
        } else {
            format!("The sources do not mention {words}.")
        });
    }
    notes
}

fn reference(sentence: &QuotedSentence) -> String {
    match sentence.published_at {
        Some(date) => format!("[{}] ({})", sentence.source, date.format("%Y-%m-%d")),
        None => format!("[{}]", sentence.source),
    }
}
