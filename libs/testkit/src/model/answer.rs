//! What a fake model says when no script tells it.

use serde_json::{Map, Value, json};

/// An answer made from the passages of the prompt: the first sentence of each line block that begins with `[n]`,
/// followed by its number. Without passages it repeats the last line of the prompt.
pub(crate) fn answer(prompt: &str) -> String {
    let sentences: Vec<String> =
        passages(prompt).iter().filter_map(|(number, text)| Some(cited(*number, first_sentence(text)?))).collect();
    if !sentences.is_empty() {
        return sentences.join(" ");
    }
    let question = prompt.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing");
    format!("You asked: {}", question.trim())
}

/// The smallest value that is valid against `schema`: empty texts and lists, zeros, the first of an `enum`.
pub(crate) fn minimal(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(first) = schema["anyOf"].as_array().and_then(|schemas| schemas.first()) {
        return minimal(first);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    let count = |name: &str| schema[name].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    match kind {
        Some("string") => "x".repeat(count("minLength")).into(),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
        Some("boolean") => false.into(),
        Some("array") => vec![minimal(&schema["items"]); count("minItems")].into(),
        Some("object") => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, schema)| (name.clone(), minimal(schema))).collect::<Map<_, _>>().into()
        }
        _ => Value::Null,
    }
}

/// Blocks that begin with a line `[n] …` and end before the next one or at a blank line.
fn passages(prompt: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for line in prompt.lines().map(str::trim) {
        if let Some((number, text)) = numbered(line) {
            found.push((number, text.to_owned()));
            open = true;
        } else if line.is_empty() {
            open = false;
        } else if let Some((_, text)) = found.last_mut().filter(|_| open) {
            text.push('\n');
            text.push_str(line);
        }
    }
    found
}

fn numbered(line: &str) -> Option<(usize, &str)> {
    let (number, text) = line.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, text.trim()))
}

/// The first sentence of at least four words; titles and addresses have none.
fn first_sentence(text: &str) -> Option<&str> {
    text.lines().filter(|line| !line.contains("://")).find_map(|line| {
        let end = line.match_indices(['.', '!', '?']).map(|(at, _)| at + 1).find(|&end| {
            let stands_alone = line[end..].chars().next().is_none_or(char::is_whitespace);
            stands_alone && line[..end].split_whitespace().count() >= 4
        })?;
        Some(line[..end].trim())
    })
}

fn cited(number: usize, sentence: &str) -> String {
    let (words, end) = sentence.split_at(sentence.len() - 1);
    format!("{words} [{number}]{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cites_the_first_sentence_of_each_passage() {
        let prompt = "Sources:\n[1] Moon - https://moon.example\nThe Moon is 384,400 km away. It has phases.\n\n\
                      [2] The Earth turns once in 24 hours! Really.\n\nHow far is the Moon?";
        assert_eq!(answer(prompt), "The Moon is 384,400 km away [1]. The Earth turns once in 24 hours [2]!");
        assert_eq!(answer("Be kind.\n\nHow far is the Moon?\n"), "You asked: How far is the Moon?");
    }
}
