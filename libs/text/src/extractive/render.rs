//! Writes an extract as Markdown.

use super::{Extract, Picked};
use crate::language::Language;

/// The answer piece by piece, ready to be sent: joined they are its Markdown. Each sentence has its ` [n]`; a line in the asker's
/// language (English or Russian) says beforehand if they do not answer, and afterwards what disagrees and what no source mentions.
#[must_use]
pub fn compose(extract: &Extract) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut last: Option<&Picked> = None;
    if !extract.direct && !extract.sentences.is_empty() {
        pieces.push(closest(extract.language).to_owned());
    }
    for (place, picked) in extract.sentences.iter().enumerate() {
        let side = extract.sides.iter().find(|(first, _)| *first == place);
        if let Some((_, name)) = side {
            let gap = if pieces.is_empty() { "" } else { "\n\n" };
            pieces.push(format!("{gap}**{name}**"));
        }
        let gap = match last {
            _ if side.is_some() => "\n\n",
            None if pieces.is_empty() => "",
            Some(last) if last.passage == picked.passage => " ",
            _ => "\n\n",
        };
        pieces.push(format!("{gap}{} [{}]", finished(&picked.text), picked.source));
        last = Some(picked);
    }
    for note in notes(extract) {
        let gap = if pieces.is_empty() { "" } else { "\n\n" };
        pieces.push(format!("{gap}{note}"));
    }
    pieces
}

fn closest(language: Language) -> &'static str {
    if language == Language::RUSSIAN {
        "Прямого ответа в источниках нет; ближе всего к вопросу:"
    } else {
        "Nothing in the sources answers this directly; the closest passages are:"
    }
}

/// A list item or table row ends like a sentence.
fn finished(text: &str) -> String {
    if text.ends_with(['.', '!', '?', '…', '。', '！', '"', '»', '”', ')']) {
        return text.to_owned();
    }
    format!("{}.", text.trim_end_matches([',', ';', ':', ' ']))
}

fn notes(extract: &Extract) -> Vec<String> {
    let russian = extract.language == Language::RUSSIAN;
    let mut notes = Vec::new();
    for (first, second) in &extract.disagreeing {
        let places = format!("{} — {}", place(&extract.sentences[*first]), place(&extract.sentences[*second]));
        notes.push(if russian {
            format!("Источники расходятся: {places}.")
        } else {
            format!("The sources disagree here: {places}.")
        });
    }
    if extract.sentences.is_empty() {
        notes.push(
            if russian {
                "Источники не отвечают на этот вопрос."
            } else {
                "The sources do not answer this question."
            }
            .to_owned(),
        );
    }
    if !extract.missing.is_empty() && !extract.sentences.is_empty() {
        let (open, close) = if russian { ("«", "»") } else { ("“", "”") };
        let words: Vec<String> = extract.missing.iter().map(|word| format!("{open}{word}{close}")).collect();
        let words = words.join(", ");
        notes.push(if russian {
            format!("В источниках не упоминается: {words}.")
        } else {
            format!("The sources do not mention {words}.")
        });
    }
    notes
}

fn place(picked: &Picked) -> String {
    match picked.published_at {
        Some(date) => format!("[{}] ({})", picked.source, date.format("%Y-%m-%d")),
        None => format!("[{}]", picked.source),
    }
}
