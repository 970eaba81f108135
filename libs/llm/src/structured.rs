//! Answers that are JSON of a given schema.

use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value, json};

use crate::{ChatRequest, Delta, LlmError, Model, Usage};

/// A structured answer is read no further than this.
const MAX_ANSWER: usize = 4 << 20;

/// The JSON that is asked for.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: String,
    pub(crate) schema: Value,
}

impl Format {
    /// What a server without structured output is told instead.
    pub(crate) fn instruction(&self) -> String {
        format!(
            "Answer with one JSON value and nothing else. It must be valid against this JSON Schema:\n{}",
            self.schema
        )
    }
}

impl Model {
    /// Asks for JSON of `schema` and reads it as `T`. `name` says what it is (letters, digits, `_`, `-`, at most 64).
    ///
    /// The schema is tightened as OpenAI's strict mode wants: objects take no other properties and need all of theirs.
    /// Models that wrap the JSON in fences, prose or thinking are understood. A server that refuses the parameter gets
    /// the schema in the prompt.
    ///
    /// # Errors
    /// [`LlmError::Garbage`] when the answer is not such JSON, else as for [`Model::stream`].
    pub async fn structured<T: DeserializeOwned>(
        &self,
        request: ChatRequest,
        schema: Value,
        name: &str,
    ) -> Result<(T, Usage), LlmError> {
        let format = Format { name: name.to_owned(), schema: strict(schema) };
        let mut deltas = self.answer(request, Some(format));
        let mut text = String::new();
        while let Some(delta) = deltas.next().await {
            match delta? {
                Delta::Text(piece) if text.len() + piece.len() > MAX_ANSWER => {
                    return Err(LlmError::Garbage("the answer is too long"));
                }
                Delta::Text(piece) => text.push_str(&piece),
                Delta::Finished { usage, .. } => return Ok((read(&text)?, usage)),
                Delta::Reasoning(_) | Delta::ToolCall(_) => {}
            }
        }
        Err(LlmError::Interrupted)
    }
}

/// Reads the first JSON value in `text` that is a `T`, whatever stands around it.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, LlmError> {
    // The opening tag may have been in the prompt.
    let text = text.rsplit("</think>").next().unwrap_or(text).trim();
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    // Bounded, because each start is read anew: prose with this many brackets is no answer.
    for (at, _) in text.match_indices(['{', '[']).take(64) {
        if let Some(Ok(value)) = Deserializer::from_str(&text[at..]).into_iter::<T>().next() {
            return Ok(value);
        }
    }
    Err(LlmError::Garbage("the answer is not the JSON that was asked for"))
}

/// Closes every object of a schema and requires all of its properties.
fn strict(mut schema: Value) -> Value {
    tighten(&mut schema);
    schema
}

fn tighten(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tighten),
        Value::Object(fields) => {
            fields.values_mut().for_each(tighten);
            if let Some(properties) = fields.get("properties").and_then(Value::as_object) {
                let names = properties.keys().cloned().collect::<Vec<_>>();
                fields.insert("required".to_owned(), json!(names));
                fields.insert("additionalProperties".to_owned(), false.into());
            }
        }
        _ => {}
    }
}
