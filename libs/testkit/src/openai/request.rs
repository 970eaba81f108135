//! The request bodies OpenAI accepts, and the checks it makes on them.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Limits of one embeddings request.
const MAX_INPUTS: usize = 2048;
const MAX_INPUT_TOKENS: usize = 300_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chat {
    pub(super) model: String,
    messages: Vec<Message>,
    stream: bool,
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    tools: Vec<Tool>,
    tool_choice: Option<Value>,
    response_format: Option<ResponseFormat>,
    temperature: Option<f64>,
    #[serde(rename = "max_tokens")]
    _max_tokens: Option<u32>,
    #[serde(rename = "max_completion_tokens")]
    _max_completion_tokens: Option<u32>,
    #[serde(rename = "stop")]
    _stop: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "role", rename_all = "lowercase")]
enum Message {
    System {
        content: String,
    },
    User {
        content: String,
    },
    Assistant {
        content: Option<String>,
        #[serde(default)]
        tool_calls: Vec<Call>,
    },
    Tool {
        content: String,
        tool_call_id: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    id: String,
    #[serde(rename = "type")]
    _type: FunctionType,
    #[serde(rename = "function")]
    _function: CalledFunction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalledFunction {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "arguments")]
    _arguments: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum FunctionType {
    Function,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    #[serde(rename = "type")]
    _type: FunctionType,
    function: Function,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Function {
    name: String,
    #[serde(rename = "description")]
    _description: Option<String>,
    #[serde(rename = "parameters")]
    _parameters: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename_all = "snake_case")]
enum ResponseFormat {
    JsonSchema { json_schema: JsonSchema },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonSchema {
    name: String,
    schema: Value,
    strict: bool,
}

impl Chat {
    /// The request, or the message it is refused with.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let request: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), String> {
        let fault = |bad: bool, message: &str| if bad { Err(message.to_owned()) } else { Ok(()) };
        fault(!self.stream, "this fake streams only")?;
        fault(self.messages.is_empty(), "messages must not be empty")?;
        fault(self.temperature.is_some_and(|t| !(0.0..=2.0).contains(&t)), "temperature must be between 0 and 2")?;
        fault(self.tools.is_empty() && self.tool_choice.is_some(), "tool_choice is only allowed with tools")?;
        fault(!self.tools.iter().all(|tool| is_name(&tool.function.name)), "a tool has a bad name")?;
        fault(!self.answers_match_calls(), "a tool message answers no preceding tool call")?;
        let Some(ResponseFormat::JsonSchema { json_schema }) = &self.response_format else { return Ok(()) };
        fault(!is_name(&json_schema.name), "json_schema.name must match ^[A-Za-z0-9_-]{1,64}$")?;
        fault(json_schema.strict && !is_strict(&json_schema.schema), "Invalid schema for response_format")
    }

    fn answers_match_calls(&self) -> bool {
        let mut asked = Vec::new();
        self.messages.iter().all(|message| match message {
            Message::Assistant { tool_calls, .. } => {
                asked.extend(tool_calls.iter().map(|call| &call.id));
                true
            }
            Message::Tool { tool_call_id, .. } => asked.contains(&tool_call_id),
            _ => true,
        })
    }

    /// All messages as one text.
    pub(super) fn prompt(&self) -> String {
        let text = |message: &Message| match message {
            Message::System { content } | Message::User { content } | Message::Tool { content, .. } => content.clone(),
            Message::Assistant { content, .. } => content.clone().unwrap_or_default(),
        };
        self.messages.iter().map(text).collect::<Vec<_>>().join("\n\n")
    }

    pub(super) fn schema(&self) -> Option<&Value> {
        let ResponseFormat::JsonSchema { json_schema } = self.response_format.as_ref()?;
        Some(&json_schema.schema)
    }

    pub(super) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// Strict mode wants every object closed and all of its properties required.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Array(items) => items.iter().all(is_strict),
        Value::Object(fields) => {
            let closed = fields.get("properties").and_then(Value::as_object).is_none_or(|properties| {
                let required = fields.get("required").and_then(Value::as_array);
                let is_required =
                    |name: &String| required.is_some_and(|names| names.iter().any(|other| other == name.as_str()));
                fields.get("additionalProperties") == Some(&Value::Bool(false)) && properties.keys().all(is_required)
            });
            closed && fields.values().all(is_strict)
        }
        _ => true,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Embeddings {
    pub(super) model: String,
    input: Input,
    encoding_format: Option<Encoding>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    Float,
    Base64,
}

impl Embeddings {
    /// The request, or the message it is refused with.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let request: Self = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let texts = request.texts();
        let tokens: usize = texts.iter().map(|text| text.len().div_ceil(4)).sum();
        if texts.is_empty() || texts.len() > MAX_INPUTS || tokens > MAX_INPUT_TOKENS {
            return Err("the input has a bad size".to_owned());
        }
        if texts.iter().any(|text| text.is_empty() || text.len().div_ceil(4) > 8192) {
            return Err("an input is empty or longer than 8192 tokens".to_owned());
        }
        Ok(request)
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        match &self.input {
            Input::One(text) => vec![text],
            Input::Many(texts) => texts.iter().map(String::as_str).collect(),
        }
    }

    /// The vector as it was asked for.
    pub(super) fn encode(&self, vector: &[f32]) -> Value {
        if self.encoding_format == Some(Encoding::Base64) {
            let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
            return BASE64_STANDARD.encode(bytes).into();
        }
        json!(vector)
    }
}
