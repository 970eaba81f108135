//! Structured output: answers that are JSON of a given schema.

use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Deserializer, Value, json};

use crate::{ChatRequest, Delta, LlmError, Model, Usage};

/// Longest structured answer (bytes).
const RESPONSE_LIMIT: usize = 4 << 20;

/// The requested JSON.
#[derive(Debug)]
pub(crate) struct JsonFormat {
    pub(crate) name: String,
    pub(crate) schema: Value,
}

impl JsonFormat {
    /// The prompt for a server without structured output.
    pub(crate) fn instruction(&self) -> String {
        format!(
            "Answer with one JSON value and nothing else. It must be valid against this JSON Schema:\n{}",
            self.schema
        )
    }
}

impl Model {
    /// Requests JSON of `schema` and deserializes it as `T`. `name` identifies the schema (letters, digits, `_`, `-`, at
    /// most 64).
    ///
    /// The schema is tightened as OpenAI's strict mode requires: no additional properties, and every property required.
    /// JSON wrapped in fences, prose or reasoning is found. A server that rejects the parameter gets the schema in the
    /// prompt.
    ///
    /// # Errors
    /// [`LlmError::InvalidResponse`] when the answer is not such JSON, else as for [`Model::stream`].
    pub async fn structured<T: DeserializeOwned>(
        &self,
        request: ChatRequest,
        schema: Value,
        name: &str,
    ) -> Result<(T, Usage), LlmError> {
        let format = JsonFormat { name: name.to_owned(), schema: strict(schema) };
        let mut deltas = self.stream_format(request, Some(format));
        let mut text = String::new();
        while let Some(delta) = deltas.next().await {
            match delta? {
                Delta::Text(piece) if text.len() + piece.len() > RESPONSE_LIMIT => {
                    return Err(LlmError::InvalidResponse("the answer is too long"));
                }
                Delta::Text(piece) => text.push_str(&piece),
                Delta::Finished { usage, .. } => return Ok((parse_first(&text)?, usage)),
                Delta::ToolCall(_) => {}
            }
        }
        Err(LlmError::Interrupted)
    }
}

/// Parses the first JSON value in `text` that is a `T`, ignoring the text around it.
fn parse_first<T: DeserializeOwned>(text: &str) -> Result<T, LlmError> {
    let text = text.trim();
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    // Bounded, because every bracket starts a new parse.
    for (at, _) in text.match_indices(['{', '[']).take(64) {
        if let Some(Ok(value)) = Deserializer::from_str(&text[at..]).into_iter::<T>().next() {
            return Ok(value);
        }
    }
    Err(LlmError::InvalidResponse("the answer is not the JSON that was asked for"))
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
